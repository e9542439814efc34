from __future__ import annotations

from types import ModuleType

import pytest

from lambdameter.claims import library
from lambdameter.claims.reproduction import NamedRun, judged, needed, select
from lambdameter.cli.audit import of_shipped
from lambdameter.errors import BadInputError
from lambdameter.model.reproduction import Reproduction


def ids(*names: str) -> list[str]:
    return [row.id for one in select(names) for row in one.rows]


def test_without_a_name_every_row_of_every_text_is_wanted() -> None:
    assert [one.source.id for one in select(())] == ["C1", "C2", "K", "W"]
    assert len(ids()) == len(ids("C1", "C2", "K", "W"))


def test_a_text_a_claim_and_a_row_can_be_named_in_any_case() -> None:
    assert ids("k5") == ["K5.python", "K5.rust", "K5.ratio"]
    assert ids("K5.ratio") == ["K5.ratio"]
    assert set(ids("K5")) < set(ids("K"))


def test_studies_and_headlines_come_with_their_claim_and_not_with_a_row() -> None:
    (whole,) = select(["C2"])
    (row,) = select(["C2.get.sdk"])
    assert len(whole.studies) == 1
    assert row.studies == ()
    (claim,) = select(["K7"])
    assert [one.claim for one in claim.headlines] == ["K7"]
    (other,) = select(["K5"])
    assert other.headlines == ()


def test_an_unknown_claim_is_one_clear_error() -> None:
    with pytest.raises(BadInputError) as told:
        select(["C1", "K99"])
    assert told.value.cause == "There is no claim named 'K99'"
    assert "C1, C2, K, W" in told.value.next_step


def test_only_what_a_row_needs_is_measured() -> None:
    (experiment,) = needed(select(["K6.csv"]), quick=False)
    assert (experiment.variants, experiment.cases) == (("python", "rust"), ("csv",))
    assert experiment.memory_mb == (1024,)


def test_both_sides_of_a_ratio_are_measured_together() -> None:
    (experiment,) = needed(select(["K11.128"]), quick=False)
    assert (experiment.name, experiment.memory_mb) == ("tiers", (128, 1024))


def test_what_is_recomputed_needs_no_run() -> None:
    assert needed(select(["K8"]), quick=False) == ()


def test_quick_leaves_out_what_takes_long() -> None:
    names = [one.name for one in needed(select(()), quick=True)]
    assert names == [one.name for one in library.experiments() if one.quick]
    assert [one.name for one in needed(select(()), quick=False)] == [
        one.name for one in library.experiments()
    ]


@pytest.fixture(scope="module")
def told(sample_run: ModuleType) -> Reproduction:
    runs = [NamedRun("registrations", sample_run.rounds_input(10))]
    return judged(select(["K"]), runs, of_shipped(["K"]), quick=False, folder="runs/r")


def test_every_row_has_one_verdict(told: Reproduction) -> None:
    assert [one.row.id for one in told.rows] == ids("K")


def test_totals_that_are_mostly_our_latency_are_not_judged_and_savings_are(
    told: Reproduction,
) -> None:
    verdicts = {one.row.id: one.verdict for one in told.rows}
    assert verdicts["K1.rust.csv.1024.warm.total_ms"] == "not judged"
    assert verdicts["K7.saving"] == "reproduced"
    assert verdicts["K7.rust"] == "cannot be so"
    assert verdicts["K5.python"] == "cannot be so"


def test_what_was_not_run_is_not_judged(told: Reproduction) -> None:
    (row,) = (one for one in told.rows if one.row.id == "K11.256")
    assert row.verdict == "not judged"
    assert "was not measured at" in row.why


def test_the_headline_is_held_against_the_bill(told: Reproduction) -> None:
    (bill,) = told.headlines
    assert bill.whole_saved < 0.01 < bill.compute_saved


def test_only_runs_on_aws_have_no_stated_error(sample_run: ModuleType, told: Reproduction) -> None:
    assert {one.log_error for one in told.rows if one.row.tolerance == "time"} != {0}
    assert sample_run.report_input().manifest.target.name == "local"
