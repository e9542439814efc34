from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

RUN = {"do": "run", "connection": "me", "format": "csv", "memory_mb": 1_024, "cold": False}
WARM_UP = {"do": "warmup", "connection": "me", "memory_mb": 512}
LINE = "REPORT RequestId: x\tDuration: 1.00 ms\tInit Duration: 200.00 ms\t"
LOG = base64.b64encode(f"START RequestId: x\n{LINE}\n".encode()).decode()
RACERS = ["lambdameter-race-racer-python", "lambdameter-race-racer-rust"]


def items(count: int) -> list[dict[str, Any]]:
    return [{"registration_id": {"S": f"{number}"}, "city": {"S": "x"}} for number in range(count)]


class OneAfterTheOther(contextlib.nullcontext[Any]):
    """Threads, of which each ends before the next begins."""

    def __enter__(self) -> Any:
        return self

    @staticmethod
    def map(do: Callable[[str], None], lanes: list[str]) -> Any:
        return map(do, lanes)


@pytest.fixture
def runner(
    imported: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    tables: Callable[..., Any],
) -> Any:
    module = imported("runner")
    monkeypatch.setattr(module, "dynamodb", tables(items(90), items(60)))
    return module


def kinds(gateway: Any, to: str = "me") -> list[str]:
    return [message["type"] for message in gateway.messages(to)]


def of_type(gateway: Any, kind: str) -> list[dict[str, Any]]:
    return [message for message in gateway.messages("me") if message["type"] == kind]


def test_both_racers_are_asked_to_race_for_their_own_table(runner: Any, functions: Any) -> None:
    runner.handler(RUN, None)
    asked = dict(functions.invoked)
    assert sorted(asked) == RACERS
    for lane in ("python", "rust"):
        event = asked[f"lambdameter-race-racer-{lane}"]
        assert event["lane"] == lane
        assert event["task"] == {
            "bucket": "b",
            "key": "data/registrations.csv",
            "table": f"lambdameter-race-{lane}",
            "format": "csv",
        }
    assert len({event["race"] for event in asked.values()}) == 1


def test_the_order_is_that_which_chance_says(
    runner: Any, functions: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner.random, "sample", lambda lanes, _: list(reversed(lanes)))
    monkeypatch.setattr(runner, "ThreadPoolExecutor", OneAfterTheOther)
    runner.handler(RUN, None)
    assert [function for function, _ in functions.invoked] == RACERS[::-1]
    (started,) = of_type(gateway, "started")
    assert started["order"] == ["rust", "python"]


def test_the_tables_are_emptied_before_the_start(runner: Any, gateway: Any) -> None:
    runner.handler(RUN, None)
    assert set(map(len, runner.dynamodb.tables.values())) == {0}
    assert kinds(gateway) == ["clearing", "started", "report", "report"]


def test_every_page_is_told_and_named_to_the_racers(
    runner: Any, functions: Any, gateway: Any, s3: Any
) -> None:
    s3.objects |= {"connections/me": b"", "connections/another": b""}
    runner.handler(RUN, None)
    assert kinds(gateway, "another") == kinds(gateway, "me")
    assert functions.invoked[0][1]["connections"] == ["me", "another"]


def test_twenty_pages_are_told_and_whoever_records_and_the_one_that_asked(
    runner: Any, functions: Any, s3: Any
) -> None:
    s3.objects |= {f"connections/{number:03}": b"" for number in range(1_000)}
    s3.objects["connections/!recorder"] = b""
    runner.handler(RUN, None)
    sent = functions.invoked[0][1]["connections"]
    assert (len(sent), sent[:3]) == (21, ["me", "recorder", "000"])


def test_a_page_that_is_gone_is_not_told_again_and_forgotten(
    runner: Any, gateway: Any, s3: Any, refuse: Callable[[str], Exception]
) -> None:
    s3.objects |= dict.fromkeys(("connections/gone", "connections/!dead", "connections/there"), b"")
    gateway.fails = dict.fromkeys(("gone", "dead"), refuse("GoneException"))
    runner.handler(RUN, None)
    assert kinds(gateway, "gone") == kinds(gateway, "dead") == ["clearing"]
    assert runner.functions.invoked[0][1]["connections"] == ["me", "there"]
    assert [one for one in s3.objects if one.startswith("connections/")] == ["connections/there"]


def test_a_page_that_asked_and_went_is_named_to_no_racer(
    runner: Any, gateway: Any, refuse: Callable[[str], Exception]
) -> None:
    gateway.fails["me"] = refuse("GoneException")
    runner.handler(RUN, None)
    assert [event["connections"] for _, event in runner.functions.invoked] == [[], []]


def test_a_page_that_comes_while_tables_are_cleared_sees_the_whole_race(
    runner: Any, gateway: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_clear", lambda _: s3.objects.update({"connections/another": b""}))
    runner.handler(RUN, None)
    assert kinds(gateway, "another") == ["started", "report", "report"]
    assert runner.functions.invoked[0][1]["connections"] == ["me", "another"]


def test_a_page_that_comes_in_mid_race_is_told_what_both_lanes_came_to(
    runner: Any, functions: Any, gateway: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raced(event: dict[str, Any]) -> None:
        s3.objects["connections/another"] = b""
        if event["lane"] == "rust":
            functions.finish(event)

    monkeypatch.setattr(runner, "ThreadPoolExecutor", OneAfterTheOther)
    monkeypatch.setattr(runner.random, "sample", lambda lanes, _: list(lanes))
    functions.race = raced
    runner.handler(RUN, None)
    sent = [(one["type"], one["lane"]) for one in gateway.messages("another")]
    kept = [("failed", "python"), ("report", "python"), ("finished", "rust"), ("report", "rust")]
    assert sent == kept
    # Whom the racer told itself is not told again.
    assert "finished" not in kinds(gateway)


def test_a_page_that_cannot_be_reached_just_now_stops_no_race(
    runner: Any, functions: Any, gateway: Any, refuse: Callable[[str], Exception]
) -> None:
    gateway.fails["me"] = refuse("LimitExceededException")
    runner.handler(RUN, None)
    assert len(functions.invoked) == 2


def test_a_second_race_is_refused_while_one_is_on(
    runner: Any, functions: Any, gateway: Any
) -> None:
    functions.race = lambda _: runner.handler(RUN | {"connection": "another"}, None)
    runner.handler(RUN, None)
    assert {one["reason"] for one in gateway.messages("another")} == {"a race is running"}
    assert len(functions.invoked) == 2


@pytest.mark.parametrize(
    "turns",
    [(RUN, WARM_UP, "a race is running"), (WARM_UP, RUN, "the racers are being warmed up")],
)
def test_no_warm_up_while_a_race_is_on_and_the_other_way_round(
    runner: Any, functions: Any, gateway: Any, turns: tuple[Any, Any, str]
) -> None:
    first, second, reason = turns
    invoke = functions.invoke

    def interrupted(**asked: Any) -> Any:
        runner.handler(second | {"connection": "another"}, None)
        return invoke(**asked)

    functions.invoke = interrupted
    runner.handler(first, None)
    sent = [(one["type"], one["reason"]) for one in gateway.messages("another")]
    assert set(sent) == {("refused", reason)}
    assert len(functions.invoked) == 2


def test_of_two_that_begin_at_once_one_is_refused(
    runner: Any, functions: Any, gateway: Any, s3: Any
) -> None:
    def first() -> None:
        s3.before_put = lambda: None
        runner.handler(RUN | {"connection": "first"}, None)

    s3.before_put = first
    runner.handler(RUN, None)
    assert kinds(gateway, "first")[:2] == ["clearing", "started"]
    assert kinds(gateway) == ["refused"]
    assert len(functions.invoked) == 2


@pytest.mark.parametrize("races", [1, 2])
def test_a_turn_whose_writes_answer_was_lost_is_still_ones_own(
    runner: Any, functions: Any, gateway: Any, s3: Any, races: int
) -> None:
    for _ in range(races):
        s3.lost = {"races/current.json"}
        runner.handler(RUN, None)
    assert "refused" not in kinds(gateway)
    assert len(functions.invoked) == 2 * races


def test_when_both_lanes_have_ended_there_may_be_another(runner: Any, functions: Any) -> None:
    for races in (1, 2):
        runner.handler(RUN, None)
        assert len({event["race"] for _, event in functions.invoked}) == races


def test_after_a_warm_up_there_may_be_a_race(runner: Any, functions: Any, s3: Any) -> None:
    runner.handler(WARM_UP, None)
    runner.handler(RUN, None)
    race = functions.invoked[-1][1]["race"]
    runner.handler(WARM_UP, None)
    current = json.loads(s3.objects["races/current.json"])
    assert (current["last"], current["warming"]) == (race, True)


def test_a_race_that_nobody_ended_is_over_after_half_an_hour(
    runner: Any, functions: Any, s3: Any
) -> None:
    for ago_s, invoked in ((1_790, 0), (1_801, 2)):
        turn = {"race": "dead", "warming": False, "last": "dead", "began_s": time.time() - ago_s}
        s3.objects["races/current.json"] = json.dumps(turn).encode()
        runner.handler(RUN, None)
        assert len(functions.invoked) == invoked


@pytest.mark.parametrize("memory_mb", [512, 10_240])
def test_both_racers_get_the_memory_that_is_asked_for(
    runner: Any, functions: Any, memory_mb: int
) -> None:
    runner.handler(RUN | {"memory_mb": memory_mb}, None)
    assert functions.memory_mb == dict.fromkeys(RACERS, memory_mb)
    assert sorted(functions.waited) == [("function_updated_v2", racer) for racer in RACERS]


def test_a_racer_keeps_its_other_variables(runner: Any, functions: Any) -> None:
    runner.handler(RUN | {"cold": True}, None)
    variables = [update["Environment"]["Variables"] for update in functions.updated]
    assert [one["BUCKET"] for one in variables] == ["b", "b"]
    assert len({one["LAMBDAMETER_ENVIRONMENT"] for one in variables}) == 2


def test_environments_are_kept_where_nothing_asks_for_new_ones(runner: Any, functions: Any) -> None:
    runner.handler(RUN, None)
    assert functions.updated == []


def test_clearing_and_started_say_what_race_it_is(runner: Any, gateway: Any) -> None:
    runner.handler(RUN | {"cold": True}, None)
    for message in gateway.messages("me")[:2]:
        sent = (message["format"], message["memory_mb"], message["cold"])
        assert sent == ("csv", 1_024, True)


def test_what_lambda_says_is_told_after_each_lane(
    runner: Any, functions: Any, gateway: Any
) -> None:
    functions.answer = {"LogResult": LOG}
    runner.handler(RUN, None)
    reports = of_type(gateway, "report")
    assert sorted(one["lane"] for one in reports) == ["python", "rust"]
    assert [one["report"] for one in reports] == [LINE, LINE]
    assert reports[0]["headers"] == {"x-lambdameter-cpu-ms": "1.000"}
    assert kinds(gateway).count("failed") == 0


def test_every_message_says_when(runner: Any, gateway: Any) -> None:
    began_ms = time.time() * 1_000
    runner.handler(RUN, None)
    times = [message["at_ms"] for message in gateway.messages("me")]
    assert min(times) >= began_ms - 1
    assert max(times) <= time.time() * 1_000 + 1


def test_a_racer_that_cannot_be_started_has_failed_and_has_no_report(
    runner: Any, functions: Any, gateway: Any
) -> None:
    functions.refuses = set(RACERS)
    runner.handler(RUN, None)
    failed = of_type(gateway, "failed")
    assert sorted(message["lane"] for message in failed) == ["python", "rust"]
    assert {message["error"]["errorType"] for message in failed} == {"TooManyRequestsException"}
    assert of_type(gateway, "report") == []
    functions.refuses = set()
    runner.handler(RUN, None)
    assert len(functions.invoked) == 2


def test_a_race_that_cannot_be_prepared_has_failed_in_both_lanes(
    runner: Any, functions: Any, gateway: Any, refuse: Callable[[str], Exception]
) -> None:
    def refused(**_: Any) -> None:
        raise refuse("ResourceConflictException")

    functions.update_function_configuration = refused
    runner.handler(RUN | {"memory_mb": 128}, None)
    assert kinds(gateway) == ["clearing", "failed", "failed"]
    assert functions.invoked == []
    runner.handler(RUN, None)
    assert len(functions.invoked) == 2


@pytest.mark.parametrize("turn", [RUN, WARM_UP])
@pytest.mark.parametrize("where", ["races/current.json", "connections/"])
def test_what_cannot_begin_is_refused_and_keeps_no_turn(
    runner: Any, functions: Any, gateway: Any, turn: Any, where: str
) -> None:
    runner.s3.fails = {where: RuntimeError("S3 is ill")}
    runner.handler(turn, None)
    refused = {"type": "refused", "action": turn["do"], "reason": "S3 is ill"}
    assert gateway.messages("me") == [refused]
    runner.s3.fails = {}
    runner.handler(turn, None)
    assert len(functions.invoked) == 2


def test_a_race_that_cannot_be_prepared_has_failed_whatever_the_reason(
    runner: Any, functions: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_clear", lambda _: int("none"))
    runner.handler(RUN, None)
    assert kinds(gateway) == ["clearing", "failed", "failed"]
    assert functions.invoked == []


def test_a_racer_whose_outcome_cannot_be_read_has_failed_and_is_over(
    runner: Any, functions: Any, gateway: Any, s3: Any, refuse: Callable[[str], Exception]
) -> None:
    def ill(event: dict[str, Any]) -> None:
        functions.finish(event)
        if event["lane"] == "rust":
            s3.fails = {"rust.json": refuse("SlowDown")}

    functions.race = ill
    runner.handler(RUN, None)
    (failed,) = of_type(gateway, "failed")
    assert (failed["lane"], failed["error"]["errorType"]) == ("rust", "SlowDown")
    assert len(of_type(gateway, "report")) == 2


@pytest.mark.parametrize(("turn", "kind"), [(RUN, "failed"), (WARM_UP, "warmed")])
def test_what_a_lane_came_to_is_told_though_it_cannot_be_kept(
    runner: Any, gateway: Any, refuse: Callable[[str], Exception], turn: Any, kind: str
) -> None:
    runner.functions.refuses = set(RACERS)
    runner.s3.fails = {f"{lane}.json": refuse("SlowDown") for lane in ("python", "rust")}
    runner.handler(turn, None)
    assert len(of_type(gateway, kind)) == 2


def test_a_racer_that_gave_no_answer_has_failed_but_may_still_write(
    runner: Any, functions: Any, gateway: Any
) -> None:
    functions.breaks = set(RACERS[:1])
    runner.handler(RUN, None)
    (failed,) = of_type(gateway, "failed")
    assert (failed["lane"], failed["error"]["errorType"]) == ("python", "ConnectionClosedError")
    runner.handler(RUN | {"connection": "another"}, None)
    assert [one["reason"] for one in gateway.messages("another")] == ["a race is running"]


def test_a_warm_up_without_an_answer_is_over_since_it_writes_nothing(
    runner: Any, functions: Any, gateway: Any
) -> None:
    functions.breaks = set(RACERS[:1])
    runner.handler(WARM_UP, None)
    assert {one["error"] for one in of_type(gateway, "warmed")} == {None, "ConnectionClosedError"}
    runner.handler(RUN | {"connection": "another"}, None)
    assert kinds(gateway, "another")[0] == "clearing"


def test_a_racer_that_died_is_told_by_the_invocations_answer(
    runner: Any, functions: Any, gateway: Any, s3: Any
) -> None:
    functions.race = lambda event: functions.finish(event) if event["lane"] == "rust" else None
    functions.answer = {"FunctionError": "Unhandled", "LogResult": LOG}
    functions.payload = b'{"errorType": "Runtime.OutOfMemory", "errorMessage": "x", "other": 1}'
    runner.handler(RUN, None)
    (failed,) = of_type(gateway, "failed")
    assert failed["lane"] == "python"
    assert failed["error"] == {"errorType": "Runtime.OutOfMemory", "errorMessage": "x"}
    assert json.loads(s3.objects[f"races/{failed['race']}/python.json"]) == failed
    assert [one["report"] for one in of_type(gateway, "report")] == [LINE, LINE]


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b"null"])
def test_a_death_without_a_word_is_told_as_lambda_calls_it(
    runner: Any, functions: Any, gateway: Any, payload: bytes
) -> None:
    functions.race = lambda _: None
    functions.answer = {"FunctionError": "Unhandled"}
    functions.payload = payload
    runner.handler(RUN, None)
    assert of_type(gateway, "failed")[0]["error"] == {"errorType": "Unhandled"}


def test_warming_up_tells_both_report_lines(runner: Any, functions: Any, gateway: Any) -> None:
    functions.answer = {"LogResult": LOG}
    runner.handler(WARM_UP, None)
    assert sorted(functions.invoked) == [(racer, {}) for racer in RACERS]
    sent = gateway.messages("me")
    assert sorted(message["lane"] for message in sent) == ["python", "rust"]
    assert {(one["report"], one["memory_mb"], one["error"]) for one in sent} == {(LINE, 512, None)}
    assert functions.memory_mb == dict.fromkeys(RACERS, 512)


def test_a_racer_that_cannot_be_warmed_up_says_why(
    runner: Any, functions: Any, gateway: Any
) -> None:
    functions.refuses = set(RACERS[:1])
    functions.answer = {"FunctionError": "Unhandled"}
    functions.payload = b'{"errorType": "Runtime.ExitError"}'
    runner.handler(WARM_UP, None)
    errors = {one["lane"]: one["error"] for one in gateway.messages("me")}
    assert errors == {"python": "TooManyRequestsException", "rust": "Runtime.ExitError"}
