from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.errors import TargetError
from lambdameter.measure import plan, runner
from lambdameter.model.artifact import Artifact, Dataset, Expected
from lambdameter.model.sample import Invocation, Report, Sample, Trial, TrialEquality
from lambdameter.model.workload import (
    AnswerMayDiffer,
    Calls,
    Case,
    EqualityRule,
    Phase,
    ResponseShape,
    Table,
    TableKey,
    Variant,
    Workload,
)
from lambdameter.targets import answer
from lambdameter.targets.fake import FakeTarget, Request, Script, answered, failed
from lambdameter.targets.provision import Requirements, provision
from lambdameter.verify import table as tables
from lambdameter.verify import trial as verified
from lambdameter.verify.response import differences

ITEMS = [{"id": {"S": f"r{i}"}, "amount": {"N": f"{i}.5"}} for i in range(4)]
ANSWER = {"records": 4, "total_ms": 3.5, "phases": {"parse_ms": 1}}
WORKLOAD = Workload(
    name="sums",
    title="Sums",
    root="/nowhere",
    timeout_s=3,
    parameters={},
    calls=Calls(),
    generator="generate.py",
    cases=(
        Case(
            name="csv",
            title="CSV",
            object="sums.csv",
            event={"from": ["{bucket}", "s3://{bucket}/{object}"], "to": "{table}", "n": 1},
        ),
    ),
    variants=tuple(
        Variant(
            name=name,
            title=name,
            language=name,
            runtime="python3.12",
            handler="handler.handler",
            source=name,
            build="copy",
        )
        for name in ("python", "rust")
    ),
    response=ResponseShape(
        count="records",
        unit="sum",
        total="total_ms",
        phases=(Phase(name="parse", title="parse", field="phases.parse_ms"),),
    ),
    table=Table(partition_key=TableKey(name="id", type="S")),
    equality=EqualityRule(
        response=tuple(
            AnswerMayDiffer(field=field, reason="a time") for field in ("total_ms", "phases")
        )
    ),
)


def report(request: Request, **given: Any) -> Report:
    known: dict[str, Any] = {"init_ms": 9.5 if request.cold else None, **given}
    return Report(
        request_id=f"q{request.number}",
        duration_ms=10,
        billed_ms=20 if request.cold else 10,
        memory_mb=request.memory_mb,
        max_memory_mb=40,
        **known,
    )


def write(target: FakeTarget, request: Request, items: list[Any] | None = None) -> None:
    for item in ITEMS if items is None else items:
        target.put_item(request.event["to"], item)


def well(target: FakeTarget, request: Request) -> Invocation:
    write(target, request)
    return answered(ANSWER, report(request))


def out_of_memory(target: FakeTarget, request: Request) -> Invocation:
    write(target, request, ITEMS[:2])
    killed = report(request, status="error", error_type="Runtime.OutOfMemory")
    return failed("Runtime.ExitError", "signal: killed", killed)


def scripted(*scripts: Script) -> Script:
    """Call n is answered by script n, and all later ones by the last."""
    return lambda target, request: scripts[min(request.number, len(scripts) - 1)](target, request)


class Watcher:
    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def started(self, trial: Trial) -> None:
        self.told.append(("started", trial.index))

    def finished(self, sample: Sample) -> None:
        self.told.append(("finished", sample.trial.index))


class Resting(FakeTarget):
    """A scripted target that tells when it rests."""

    def __init__(self, script: Script, resting: Callable[[], None]) -> None:
        super().__init__(script)
        self._resting = resting

    def rest(self) -> None:
        self._resting()


class Bed:
    """The measuring side as cli/ joins it, on a scripted target."""

    def __init__(self, folder: Path, script: Script, workload: Workload = WORKLOAD) -> None:
        self.samples: list[Sample] = []
        self.rests: list[int] = []
        self.target = Resting(script, lambda: self.rests.append(len(self.samples)))
        self.initial: list[Any] = []
        self.progress = Watcher()
        self.workload = workload
        (folder / "sums.csv").write_text("1")
        rule = verified.rule(WORKLOAD)
        assert rule is not None
        known = tables.digest(ITEMS, rule)
        self.dataset = Dataset(
            folder=str(folder),
            parameters={},
            object_bytes={},
            expected={
                "csv": Expected(count=known.count, digest=known.digest, response={"records": 4})
            },
        )

    def verify(self, trial: Trial, response: Any, table: str | None) -> TrialEquality:
        del trial
        name = table or ""
        sources = verified.ItemSources(
            scan=lambda: self.target.scan(name),
            get=lambda key: self.target.get_item(name, key),
            expected=lambda: ITEMS,
            initial=lambda: self.initial,
        )
        return verified.check(self.workload, self.dataset.expected["csv"], response, sources)

    def run(self, trials: tuple[Trial, ...], step_s: float = 1) -> list[Sample]:
        bench = runner.TrialContext(
            target=self.target,
            read=answer.read,
            initial=lambda _: self.initial,
            verify=self.verify,
            canonical=lambda response: verified.canonical_response(self.workload, response),
            append=self.samples.append,
            now=clock(step_s).__next__,
            progress=self.progress,
        )
        needs = Requirements(
            prefix="lm-r1",
            workload=self.workload,
            artifacts=[artifact(variant.name) for variant in self.workload.variants],
            datasets={"cold": self.dataset, "warm": self.dataset},
            memory_mb=128,
        )
        with provision(self.target, needs) as site:
            runner.execute(trials, self.workload, site, bench)
        return self.samples

    @property
    def left(self) -> list[Any]:
        return [*self.target.tables, *self.target.buckets, *self.target.functions]


def artifact(variant: str) -> Artifact:
    return Artifact(
        variant=variant,
        path="/p.zip",
        sha256="s",
        zip_bytes=1,
        unzipped_bytes=1,
        runtime="python3.12",
        handler="handler.handler",
        architecture="x86_64",
    )


def clock(step_s: float) -> Iterator[datetime]:
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    while True:
        yield now
        now += timedelta(seconds=step_s)


def trials(warm: int = 1, variants: tuple[str, ...] = ("python",)) -> tuple[Trial, ...]:
    cells = plan.Cells(variants=variants, cases=("csv",), memory_mb=(128,))
    shuffle = random.Random(1).shuffle  # noqa: S311  repeatable order, no secret
    return plan.make(WORKLOAD, cells, plan.Repetition(warm_calls=warm), shuffle)


def kinds(samples: list[Sample]) -> list[str | None]:
    errors = [sample.error for sample in samples]
    return [f"{error.kind}:{error.type}" if error else None for error in errors]


def test_a_run_gives_one_verified_sample_for_each_trial(tmp_path: Path) -> None:
    bed = Bed(tmp_path, well)
    samples = bed.run(trials(warm=2, variants=("python", "rust")))
    assert [sample.trial for sample in samples] == list(trials(2, ("python", "rust")))
    assert kinds(samples) == [None] * 6
    assert all(sample.equality is not None and sample.equality.equal for sample in samples)
    assert {sample.canonical_response for sample in samples} == {'{"records":4}'}
    assert [sample.report is not None and sample.report.init_ms for sample in samples[:3]] == [
        9.5,
        None,
        None,
    ]
    assert samples[0].response == ANSWER
    assert samples[1].started_at == "2026-11-21T10:00:01.000+00:00"
    assert bed.left == []


def test_an_environment_rests_before_each_warm_call_and_before_no_cold_one(tmp_path: Path) -> None:
    bed = Bed(tmp_path, well)
    bed.run(trials(warm=2, variants=("python", "rust")))
    assert bed.rests == [1, 2, 4, 5]


def test_the_event_names_bucket_object_and_the_trials_own_table(tmp_path: Path) -> None:
    events: list[Any] = []

    def script(target: FakeTarget, request: Request) -> Invocation:
        assert target.tables[request.event["to"]] == []
        assert len(target.tables) == 1
        events.append(request.event)
        return well(target, request)

    Bed(tmp_path, script).run(trials())
    bucket = "lm-r1"
    assert [event["from"] for event in events] == [
        [bucket, f"s3://{bucket}/lm-r1/cold/sums.csv"],
        [bucket, f"s3://{bucket}/lm-r1/warm/sums.csv"],
    ]
    assert len({event["to"] for event in events}) == 2
    assert events[0]["n"] == 1


def test_progress_is_told_around_each_trial(tmp_path: Path) -> None:
    bed = Bed(tmp_path, well)
    bed.run(trials())
    assert bed.progress.told == [
        ("started", 0),
        ("finished", 0),
        ("started", 1),
        ("finished", 1),
    ]


def test_a_handlers_exception_is_a_sample_and_leaves_the_environment_warm(tmp_path: Path) -> None:
    def raises(_: FakeTarget, request: Request) -> Invocation:
        return failed("ValueError", "no such column", report(request))

    bed = Bed(tmp_path, scripted(raises, well))
    samples = bed.run(trials())
    assert kinds(samples) == ["function:ValueError", None]
    assert samples[0].error is not None
    assert samples[0].error.message == "no such column"
    assert samples[0].equality is None
    assert bed.left == []


def test_after_out_of_memory_the_next_call_is_not_warm_and_the_one_after_it_is(
    tmp_path: Path,
) -> None:
    bed = Bed(tmp_path, scripted(out_of_memory, well, well))
    samples = bed.run(trials(warm=2))
    assert kinds(samples) == ["function:Runtime.OutOfMemory", "invoke:NotWarm", None]
    assert samples[0].equality is None
    assert [sample.equality is not None and sample.equality.equal for sample in samples[1:]] == [
        True,
        True,
    ]
    assert bed.left == []


@pytest.mark.parametrize(
    ("error_type", "status", "then"),
    [
        ("Sandbox.Timedout", "timeout", "invoke:NotWarm"),
        ("Runtime.ExitError", "error", "invoke:NotWarm"),
        ("Runtime.MarshalError", None, None),
        ("Function.ResponseSizeTooLarge", None, None),
    ],
)
def test_only_a_lost_environment_spoils_the_next_call(
    tmp_path: Path, error_type: str, status: str | None, then: str | None
) -> None:
    def dies(_: FakeTarget, request: Request) -> Invocation:
        return failed(error_type, "died", report(request, status=status))

    samples = Bed(tmp_path, scripted(dies, well)).run(trials())
    assert kinds(samples) == [f"function:{error_type}", then]


def test_a_death_does_not_spoil_the_next_environment(tmp_path: Path) -> None:
    bed = Bed(tmp_path, scripted(well, out_of_memory, well))
    samples = bed.run(trials(variants=("python", "rust")))
    assert kinds(samples) == [None, "function:Runtime.OutOfMemory", None, None]


@pytest.mark.parametrize(
    ("response", "error"),
    [
        ("lol", "answer:WrongShape"),
        ({}, "answer:WrongShape"),
        ({**ANSWER, "total_ms": "3.5"}, "answer:WrongShape"),
        ({**ANSWER, "records": True}, "answer:WrongShape"),
        ({**ANSWER, "phases": {}}, "answer:WrongShape"),
    ],
)
def test_a_nonsense_answer_is_no_measurement(tmp_path: Path, response: Any, error: str) -> None:
    def nonsense(target: FakeTarget, request: Request) -> Invocation:
        write(target, request)
        return answered(response, report(request))

    samples = Bed(tmp_path, nonsense).run(trials(warm=0))
    assert kinds(samples) == [error]
    assert samples[0].response == response
    assert samples[0].equality is not None


def test_what_a_failed_function_logged_is_kept_without_lambdas_own_lines(tmp_path: Path) -> None:
    def loud(target: FakeTarget, request: Request) -> Invocation:
        made = failed("KeyError", "'id'", report(request))
        own = "[ERROR] KeyError: 'id'\r  File\n"
        tail = f"START RequestId: 1 Version: $LATEST\n{own}END RequestId: 1\n"
        del target
        return msgspec.structs.replace(made, log_tail=tail + made.log_tail)

    (sample,) = Bed(tmp_path, loud).run(trials(warm=0))
    assert sample.error is not None
    assert sample.error.log == "[ERROR] KeyError: 'id'\n  File"


def test_a_wall_clock_that_is_stepped_back_changes_nothing_but_the_time_of_day(
    tmp_path: Path,
) -> None:
    planned = trials(warm=2)
    forward = Bed(tmp_path, well).run(planned)
    back = Bed(tmp_path, well).run(planned, step_s=-3_600)
    starts = [sample.started_at for sample in back]
    assert starts == sorted(starts, reverse=True)
    assert [msgspec.structs.replace(sample, started_at="") for sample in back] == [
        msgspec.structs.replace(sample, started_at="") for sample in forward
    ]


@pytest.mark.parametrize("payload", [b"<html>", b"", b'{"n": NaN}', b'"\xff"', b'"\\ud800"'])
def test_an_answer_that_is_no_json_is_no_measurement(tmp_path: Path, payload: bytes) -> None:
    def broken(target: FakeTarget, request: Request) -> Invocation:
        return msgspec.structs.replace(well(target, request), payload=payload)

    samples = Bed(tmp_path, broken).run(trials(warm=0))
    assert kinds(samples) == ["answer:NotJson"]
    assert samples[0].error is not None
    begins = payload[:20].decode(errors="backslashreplace")
    assert f"it begins with {begins}" in samples[0].error.message
    assert samples[0].equality is not None
    assert not samples[0].equality.equal


def cut_off(target: FakeTarget, request: Request) -> Invocation:
    return msgspec.structs.replace(well(target, request), status=0, payload=b"{}")


def test_a_connection_that_broke_is_a_failed_sample_while_the_target_lives(tmp_path: Path) -> None:
    samples = Bed(tmp_path, cut_off).run(trials(warm=0))
    assert kinds(samples) == ["invoke:status 0"]


def test_a_connection_that_broke_because_the_target_died_is_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(target: FakeTarget, request: Request) -> Invocation:
        target.dead = True
        return cut_off(target, request)

    bed = Bed(tmp_path, dies)
    # Its data plane lives a moment longer.
    monkeypatch.setattr(bed.target, "delete_table", lambda _: None)
    with pytest.raises(TargetError, match="ended the target"):
        bed.run(trials(warm=0))
    assert bed.samples == []


def test_an_unequal_table_is_shown_and_is_no_error(tmp_path: Path) -> None:
    def wrong_type(target: FakeTarget, request: Request) -> Invocation:
        write(target, request, [*ITEMS[:3], {**ITEMS[3], "amount": {"S": "3.5"}}])
        return answered(ANSWER, report(request))

    (sample,) = Bed(tmp_path, wrong_type).run(trials(warm=0))
    assert sample.error is None
    assert sample.equality is not None
    assert not sample.equality.equal
    assert sample.equality.differing == 1
    assert sample.equality.differences[0].fields[0].field == "amount"


def test_a_cold_call_without_init_is_not_cold(tmp_path: Path) -> None:
    def lukewarm(target: FakeTarget, request: Request) -> Invocation:
        write(target, request)
        return answered(ANSWER, report(request, init_ms=None))

    samples = Bed(tmp_path, lukewarm).run(trials())
    assert kinds(samples) == ["invoke:NotCold", None]


def test_a_warm_call_with_init_is_not_warm(tmp_path: Path) -> None:
    def always_cold(target: FakeTarget, request: Request) -> Invocation:
        write(target, request)
        return answered(ANSWER, report(request, init_ms=9))

    samples = Bed(tmp_path, always_cold).run(trials(warm=2))
    assert kinds(samples) == [None, "invoke:NotWarm", "invoke:NotWarm"]


def test_an_answer_without_report_is_no_measurement(tmp_path: Path) -> None:
    def silent(target: FakeTarget, request: Request) -> Invocation:
        return msgspec.structs.replace(well(target, request), log_tail="...")

    assert kinds(Bed(tmp_path, silent).run(trials(warm=0))) == ["invoke:NoReport"]


def test_a_refused_call_is_a_sample(tmp_path: Path) -> None:
    def refuses(_: FakeTarget, request: Request) -> Invocation:
        throttled = failed("TooManyRequestsException", "Rate Exceeded.", report(request))
        return msgspec.structs.replace(throttled, status=429, function_error=None, log_tail="")

    samples = Bed(tmp_path, scripted(refuses, well)).run(trials())
    assert kinds(samples) == ["invoke:TooManyRequestsException", "invoke:NotWarm"]
    assert samples[0].equality is None


def test_a_target_that_dies_midway_ends_the_run_and_leaves_the_samples(tmp_path: Path) -> None:
    def dies(target: FakeTarget, request: Request) -> Invocation:
        if request.number < 2:
            return well(target, request)
        raise TargetError("the data plane is gone", next_step="See its log.")

    bed = Bed(tmp_path, dies)
    with pytest.raises(TargetError, match="data plane"):
        bed.run(trials(warm=3))
    assert kinds(bed.samples) == [None, None]
    assert bed.left == []


def test_a_target_that_is_gone_for_good_does_not_hide_its_death(tmp_path: Path) -> None:
    def dies(target: FakeTarget, request: Request) -> Invocation:
        target.dead = True
        raise TargetError("the data plane is gone", next_step=f"See call {request.number}.")

    bed = Bed(tmp_path, dies)
    with pytest.raises(TargetError, match="data plane") as ended:
        bed.run(trials())
    assert any("table lm-r1-0" in note for note in ended.value.__notes__)


def test_an_interrupt_leaves_the_samples_and_nothing_else(tmp_path: Path) -> None:
    def interrupted(target: FakeTarget, request: Request) -> Invocation:
        if request.cold:
            return well(target, request)
        raise KeyboardInterrupt

    bed = Bed(tmp_path, interrupted)
    with pytest.raises(KeyboardInterrupt):
        bed.run(trials())
    assert len(bed.samples) == 1
    assert bed.left == []


def test_a_workload_without_table_is_given_none(tmp_path: Path) -> None:
    def pure(target: FakeTarget, request: Request) -> Invocation:
        assert target.tables == {}
        return answered(ANSWER, report(request))

    case = msgspec.structs.replace(WORKLOAD.cases[0], event={"key": "{object}"})
    without = msgspec.structs.replace(WORKLOAD, table=None, cases=(case,))
    (sample,) = Bed(tmp_path, pure, without).run(trials(warm=0))
    assert sample.error is None
    assert sample.equality is not None
    assert sample.equality.equal


def test_the_initial_items_are_in_the_table_before_the_call(tmp_path: Path) -> None:
    before = {"id": {"S": "before"}}

    def looks(target: FakeTarget, request: Request) -> Invocation:
        (items,) = target.tables.values()
        assert items == [before]
        return well(target, request)

    bed = Bed(tmp_path, looks)
    bed.initial = [before]
    assert kinds(bed.run(trials(warm=1))) == [None, None]


def http(shape: dict[str, Any]) -> Workload:
    response = msgspec.structs.replace(WORKLOAD.response, json_strings=("body",), **shape)
    return msgspec.structs.replace(WORKLOAD, response=response)


def answering(response: Any) -> Script:
    def script(target: FakeTarget, request: Request) -> Invocation:
        write(target, request)
        return answered(response, report(request))

    return script


def test_a_string_that_holds_json_is_read_as_that_json(tmp_path: Path) -> None:
    workload = http({"count": "body.records", "total": "body.total_ms", "phases": ()})
    body = '{"records": 4, "total_ms": 1.5}'
    bed = Bed(tmp_path, answering({"statusCode": 200, "body": body}), workload)
    (sample,) = bed.run(trials(warm=0))
    assert sample.error is None
    assert sample.response == {"statusCode": 200, "body": {"records": 4, "total_ms": 1.5}}


@pytest.mark.parametrize("body", ["no json", "", None, {"records": 4}, 7])
def test_a_string_that_should_hold_json_and_does_not_is_no_measurement(
    tmp_path: Path, body: Any
) -> None:
    workload = http({"count": None, "total": None, "phases": ()})
    (sample,) = Bed(tmp_path, answering({"body": body}), workload).run(trials(warm=0))
    assert sample.error is not None
    assert (sample.error.kind, sample.error.type) == ("answer", "NotJson")
    assert "body" in sample.error.message


def nested(levels: int) -> bytes:
    """Objects in lists in objects: an even number of levels, and a number in the midst."""
    return b'[{"a":' * (levels // 2) + b"7" + b"}]" * (levels // 2)


def said(payload: bytes, failed_with: str | None = None) -> Invocation:
    return Invocation(
        status=200,
        payload=payload,
        function_error=failed_with,
        log_tail="",
        headers={},
        client_ms=1,
    )


@pytest.mark.parametrize("levels", [202, 2_000, 200_000])
@pytest.mark.parametrize("error", [None, "Unhandled"])
def test_an_answer_too_deep_to_be_compared_is_no_measurement(
    levels: int, error: str | None
) -> None:
    response, why = runner.answer_of(said(nested(levels), error), None, WORKLOAD.response)
    assert response is None
    assert why is not None
    assert (why.kind, why.type) == (("function", "status 200") if error else ("answer", "TooDeep"))


def test_brackets_without_an_end_are_as_much_too_deep(tmp_path: Path) -> None:
    def broken(target: FakeTarget, request: Request) -> Invocation:
        return msgspec.structs.replace(well(target, request), payload=b"[" * 100_000)

    samples = Bed(tmp_path, broken).run(trials(warm=0))
    assert kinds(samples) == ["answer:TooDeep"]
    assert samples[0].equality is not None
    assert not samples[0].equality.equal


@pytest.mark.parametrize("levels", [202, 2_000])
def test_neither_is_one_whose_string_holds_such_json(levels: int) -> None:
    shape = http({"count": None, "total": None, "phases": ()}).response
    payload = msgspec.json.encode({"body": nested(levels).decode()})
    _, why = runner.answer_of(said(payload), None, shape)
    assert why is not None
    assert why.type == "TooDeep"


def test_the_deepest_that_is_left_is_compared() -> None:
    shape = http({"count": None, "total": None, "phases": ()}).response

    def opened(number: int) -> Any:
        inner = nested(200).replace(b"7", str(number).encode()).decode()
        payload = msgspec.json.encode({"body": inner})
        response, why = runner.answer_of(said(payload), None, shape)
        assert why is None
        return response

    (found,) = differences(opened(7), opened(8))
    assert (found.expected, found.actual) == ("7", "8")


def test_a_shape_without_count_and_total_asks_for_neither(tmp_path: Path) -> None:
    response = msgspec.structs.replace(WORKLOAD.response, count=None, total=None, phases=())
    workload = msgspec.structs.replace(WORKLOAD, response=response)
    (sample,) = Bed(tmp_path, answering({"records": 4}), workload).run(trials(warm=0))
    assert sample.error is None
