from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from lambdameter.analysis.gate import compare, of_limit
from lambdameter.analysis.run import Run
from lambdameter.model.artifact import Artifact
from lambdameter.model.bill import Bill, CellBill
from lambdameter.model.gate import Gate, GateInterval, NotEnough, Outcome
from lambdameter.model.sample import Manifest, Report, Sample, SampleError, Trial
from lambdameter.model.summary import CaseEquality
from lambdameter.stats.summary import summarise

GATE = Gate(kind="slower", limit=0.05)


def between(low: float, high: float) -> GateInterval:
    return GateInterval(ratio=(low + high) / 2, low=low, high=high, level=0.95, base=20, head=20)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (1.051, 1.2, "failed"),
        (1.049, 1.2, "cannot-tell"),
        (0.9, 1.051, "cannot-tell"),
        (0.9, 1.05, "passed"),
        (0.5, 0.6, "passed"),
        (1.05, 1.05, "passed"),
    ],
)
def test_an_interval_decides_where_it_lies_on_one_side(
    low: float, high: float, outcome: Outcome
) -> None:
    assert of_limit(GATE, between(low, high), None) == outcome


def test_without_an_interval_a_sampled_figure_decides_nothing() -> None:
    assert of_limit(GATE, NotEnough(base=1, head=1, needed=10), 9.0) == "cannot-tell"


@pytest.mark.parametrize(
    ("exact", "outcome"), [(1.05, "passed"), (1.06, "failed"), (None, "cannot-tell")]
)
def test_a_counted_figure_decides_by_itself(exact: float | None, outcome: Outcome) -> None:
    assert of_limit(GATE, None, exact) == outcome


def calls(environment: int, *durations_ms: float, billed_ms: int = 100) -> list[Sample]:
    """The warm calls of one environment of variant `a`."""
    return [
        Sample(
            trial=Trial(
                index=100 * environment + number,
                round=environment,
                environment=environment,
                workload="w",
                variant="a",
                case="csv",
                memory_mb=128,
                call="warm",
            ),
            started_at="2026-11-21T00:00:00Z",
            client_ms=1,
            report=Report(
                request_id="q",
                duration_ms=ms,
                billed_ms=billed_ms,
                memory_mb=128,
                max_memory_mb=40,
            ),
        )
        for number, ms in enumerate(durations_ms)
    ]


def run(
    manifest: Manifest, samples: list[Sample], *, compute_usd: str = "1", counted_usd: str = "3"
) -> Run:
    """A run whose bill is given; its case is equal."""
    agreed = CaseEquality(
        case="csv",
        proven=("a",),
        unequal=(),
        died={},
        agree=True,
        records_compared=1,
        digest="d",
    )
    planned = msgspec.structs.replace(manifest, plan=tuple(one.trial for one in samples))
    bill = CellBill(
        variant="a",
        case="csv",
        memory_mb=128,
        lines=(),
        run_usd=Decimal(compute_usd) + Decimal(counted_usd),
        touchable_usd=Decimal(compute_usd),
        init_usd=None,
        monthly=(),
    )
    return Run(
        manifest=planned,
        summary=summarise(planned, samples, (agreed,)),
        bill=Bill(
            region="us-east-1",
            architecture="arm64",
            prices_as_of="2026",
            days_per_month=30,
            cells=(bill,),
        ),
        samples=tuple(samples),
        claims=(),
        folder="run",
    )


def test_a_duration_is_the_median_of_the_environments_medians(plain_manifest: Manifest) -> None:
    base = run(plain_manifest, [*calls(0, 10, 20, 90), *calls(1, 30), *calls(2, 40)])
    head = run(plain_manifest, [*calls(0, 60)])
    (cell,) = compare(base, head).cells
    assert cell.duration_ms is not None
    assert (cell.duration_ms.base, cell.duration_ms.head) == (30, 60)
    assert cell.duration_ms.ratio == 2
    assert cell.duration_ms.interval == NotEnough(base=3, head=1, needed=10)


def test_calls_that_failed_are_in_no_figure_and_are_counted(plain_manifest: Manifest) -> None:
    failed = msgspec.structs.replace(
        calls(1, 900)[0], error=SampleError(kind="function", type="X", message="x")
    )
    base = run(plain_manifest, calls(0, 10))
    head = run(plain_manifest, [*calls(0, 10), failed])
    (cell,) = compare(base, head).cells
    assert cell.duration_ms is not None
    assert cell.duration_ms.head == 10
    assert (cell.base_errors, cell.head_errors) == (0, 1)


def test_the_bill_is_as_sure_as_its_compute_and_the_rest_is_counted(
    plain_manifest: Manifest,
) -> None:
    """Compute 1 -> 2 and counted 3 -> 3: the bill goes from 4 to 5."""
    before = [one for number in range(10) for one in calls(number, 10, billed_ms=100)]
    after = [one for number in range(10) for one in calls(number, 10, billed_ms=200)]
    gate = Gate(kind="dearer", limit=0.2)
    told = compare(
        run(plain_manifest, before),
        run(plain_manifest, after, compute_usd="2"),
        gates=[gate],
    )
    (cell,) = told.cells
    assert cell.bill is not None
    assert cell.bill.ratio == 1.25
    assert cell.bill.interval == GateInterval(
        ratio=1.25, low=1.25, high=1.25, level=0.95, base=10, head=10
    )
    assert told.outcome == "failed"


def test_a_package_that_is_not_known_cannot_be_told(plain_manifest: Manifest) -> None:
    one = run(plain_manifest, calls(0, 10))
    told = compare(one, one, gates=[Gate(kind="bigger", limit=0.05)])
    assert [verdict.outcome for verdict in told.verdicts] == ["cannot-tell"]
    assert told.outcome == "cannot-tell"


def test_a_gate_that_failed_decides_before_one_that_cannot_be_told(
    plain_manifest: Manifest,
) -> None:
    def with_package(size: int) -> Run:
        artifact = Artifact(
            variant="a",
            path="/a.zip",
            sha256=str(size),
            zip_bytes=size,
            unzipped_bytes=size,
            runtime="python3.12",
            handler="h.h",
            architecture="arm64",
        )
        manifest = msgspec.structs.replace(plain_manifest, artifacts=(artifact,))
        return run(manifest, calls(0, 10))

    gates = [Gate(kind="slower", limit=0.05), Gate(kind="bigger", limit=0.05)]
    told = compare(with_package(100), with_package(110), gates=gates)
    assert [verdict.outcome for verdict in told.verdicts] == ["cannot-tell", "failed"]
    assert told.outcome == "failed"
    assert told.packages[0].same is False
