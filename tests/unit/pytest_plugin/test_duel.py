from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, Unpack

import msgspec
import pytest

from lambdameter.errors import BadInputError
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.base import ParameterValue
from lambdameter.model.sample import Invocation, Report
from lambdameter.pytest_plugin.duel import CannotTell, Duel, fight
from lambdameter.targets.fake import FakeTarget, Request, Script, answered

Fought = Callable[..., Duel]


class Wanted(TypedDict, total=False):
    """What a test gives to `fight`."""

    cold: int
    settings: dict[str, ParameterValue]


@pytest.fixture
def fought(
    sums: Path, scripted: Callable[[Script], Any], working: Script, tmp_path: Path
) -> Fought:
    """A duel on a scripted target; `factor` makes Rust's warm Durations longer by so much."""

    def fight_it(script: Script = working, factor: float = 1.0, **wanted: Unpack[Wanted]) -> Duel:
        duel = fight(
            sums,
            tmp_path / "run",
            memory_mb=[128],
            warm=2,
            sandbox="none",
            opening=scripted(script).opening,
            **wanted,
        )
        run = duel.run
        samples = []
        for one in run.samples:
            assert one.report is not None
            ms = (100 + one.trial.index * 37 % 11) * (factor if one.trial.variant == "rust" else 1)
            report = msgspec.structs.replace(one.report, duration_ms=ms)
            samples.append(msgspec.structs.replace(one, report=report))
        return Duel(msgspec.structs.replace(run, samples=tuple(samples)))

    return fight_it


def wrong(target: FakeTarget, request: Request) -> Invocation:
    """It answers, and writes nothing."""
    event = request.event
    numbers = target.buckets[event["bucket"]][event["from"]].decode().split(",")
    report = Report(
        request_id="q",
        duration_ms=10,
        billed_ms=10,
        memory_mb=128,
        max_memory_mb=40,
        init_ms=9.5 if request.cold else None,
    )
    return answered({"records": len(numbers), "total_ms": 3.5}, report)


def test_ten_environments_of_each_cell_are_measured_by_default(fought: Fought) -> None:
    duel = fought()
    rounds = {(one.trial.variant, one.trial.environment) for one in duel.run.samples}
    assert len(rounds) == 20
    assert RunFolder.open(duel.folder).samples().samples != ()


def test_equal_variants_are_asserted_equal_with_their_verdicts_and_figures(fought: Fought) -> None:
    duel = fought(cold=1)
    duel.assert_equal()
    assert [one.case for one in duel.equality] == ["csv"]
    assert [one.variant for one in duel.summaries] == ["python", "rust"]
    (cell,) = duel.of("rust")
    assert cell.warm is not None
    assert cell.warm.n == 2


def test_what_was_written_wrongly_fails_with_the_records(fought: Fought) -> None:
    duel = fought(wrong, cold=1)
    with pytest.raises(AssertionError, match="the variants do not do the same") as refuted:
        duel.assert_equal()
    assert "expected" in str(refuted.value)
    with pytest.raises(AssertionError, match="the variants do not do the same"):
        duel.assert_not_slower("rust", than="python", by=9.0)


@pytest.mark.parametrize(("factor", "by"), [(1.0, "5%"), (1.0, 0.05), (0.5, 0.0), (1.5, "60%")])
def test_what_is_shown_to_be_no_slower_passes(
    fought: Fought, factor: float, by: float | str
) -> None:
    fought(factor=factor).assert_not_slower("rust", than="python", by=by)


def test_what_is_shown_to_be_slower_fails_with_its_interval(fought: Fought) -> None:
    duel = fought(factor=1.5)
    with pytest.raises(AssertionError, match=r"takes 1\.5\d times as long as python \(1") as slow:
        duel.assert_not_slower("rust", than="python", by="5%")
    assert not isinstance(slow.value, CannotTell)


def test_an_interval_that_covers_the_limit_cannot_tell(fought: Fought) -> None:
    with pytest.raises(CannotTell, match=r"rust on csv at 128 MB takes 1\.0"):
        fought(factor=1.05).assert_not_slower("rust", than="python", by="5%")


def test_too_few_environments_cannot_tell_and_say_how_many_are_needed(fought: Fought) -> None:
    with pytest.raises(CannotTell, match=r"needs 10 environments, and there are 9 \(cold=10\)"):
        fought(cold=9).assert_not_slower("rust", than="python", by="500%")


def test_a_variant_that_did_not_run_is_named_with_those_that_did(fought: Fought) -> None:
    with pytest.raises(BadInputError, match="No variant named 'go' was measured") as unknown:
        fought(cold=1).assert_not_slower("go", than="python", by="5%")
    assert unknown.value.next_step == "Choose from: python, rust."


def test_settings_are_given_as_values(fought: Fought) -> None:
    duel = fought(cold=1, settings={"records": 3})
    assert duel.run.manifest.parameters["warm"] == {"records": 3}
