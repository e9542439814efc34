from __future__ import annotations

import re
from pathlib import Path

import pytest

from lambdameter.audit import table
from lambdameter.claims import library
from lambdameter.model.claim import ClaimSource
from lambdameter.stats import bootstrap
from lambdameter.workload import loader


def figures(claim: str) -> dict[tuple[str, str, str], float]:
    return {
        (one.variant, one.case, one.metric): one.value
        for source in library.sources()
        for one in source.figures
        if one.claim == claim
    }


@pytest.mark.parametrize(
    ("claim", "variant", "case", "row"),
    [
        ("K1", "rust", "csv", (14_740, 238, 140, 295)),
        ("K2", "rust", "json", (12_416, 272, 167, 248)),
        ("K3", "python", "csv", (21_194, 207, 469, 424)),
        ("K4", "python", "json", (20_205, 288, 170, 404)),
    ],
)
def test_k1_to_k4_are_as_published(
    claim: str, variant: str, case: str, row: tuple[float, ...]
) -> None:
    metrics = ("total_ms", "s3", "parse", "per_1000_ms")
    assert figures(claim) == {
        (variant, case, metric): value for metric, value in zip(metrics, row, strict=True)
    }


def test_the_writes_of_k14_are_what_the_totals_leave() -> None:
    for (variant, case, _), write in figures("K14").items():
        claim = {"rust": {"csv": "K1", "json": "K2"}, "python": {"csv": "K3", "json": "K4"}}
        row = figures(claim[variant][case])
        rest = sum(row[variant, case, phase] for phase in ("s3", "parse"))
        assert write == row[variant, case, "total_ms"] - rest
    assert len(figures("K14")) == 4


def of(source: str, call: str, case: str) -> dict[str, dict[str, float]]:
    """Variant -> metric -> figure."""
    told: dict[str, dict[str, float]] = {}
    (found,) = (one for one in library.sources() if one.id == source)
    for one in found.figures:
        if (one.call, one.case) == (call, case):
            told.setdefault(one.variant, {})[one.metric] = one.value
    return told


def test_c1_is_as_published() -> None:
    cold, warm = of("C1", "cold", "url"), of("C1", "warm", "url")
    assert cold["python"].items() >= {"init_ms": 99.76, "duration_ms": 167.47}.items()
    assert cold["rust"].items() >= {"init_ms": 28.96, "duration_ms": 1.77, "billed_ms": 31}.items()
    assert warm["python"].items() >= {"mean_ms": 108.21, "squares": 70, "most_ms": 129.14}.items()
    assert warm["rust"].items() >= {"mean_ms": 1.22, "squares": 0.00003}.items()


@pytest.mark.parametrize(
    ("case", "rust", "python"),
    [
        ("get", (2.9, 6.7), (13.8, 34.5)),
        ("put", (3.6, 7.0), (13.3, 26.4)),
        ("query", (2.6, 9.7), (16.2, 35.9)),
        ("batch", (6.0, 13.0), (20.3, 40.1)),
    ],
)
def test_c2s_operations_are_as_published(
    case: str, rust: tuple[float, float], python: tuple[float, float]
) -> None:
    warm = of("C2", "warm", case)
    assert (warm["rust"]["sdk-call"], warm["rust"]["mean_ms"]) == rust
    assert (warm["python"]["sdk-call"], warm["python"]["mean_ms"]) == python


def test_c2s_first_calls_are_of_get_item_alone() -> None:
    assert of("C2", "cold", "get")["rust"]["duration_ms"] == 912
    assert of("C2", "cold", "get")["python"]["duration_ms"] == 291
    assert not any(of("C2", "cold", case) for case in ("put", "query", "batch"))


def test_every_published_figure_is_of_a_variant_and_case_that_is_there() -> None:
    for source in library.sources():
        for figure in source.figures:
            known = loader.load(figure.workload)
            assert figure.variant in [one.name for one in known.variants]
            assert figure.case in [one.name for one in known.cases]


def printed(name: str) -> set[tuple[str, float]]:
    """The variants and stated figures of a shipped table, in base units."""
    services = ("dynamodb.WriteRequestUnit", "s3.GetObject")
    read = table.read(library.tables()[name], name, services)
    return {(one.variant.lower(), float(one.value)) for one in read.figures}


@pytest.mark.parametrize("source", library.sources(), ids=lambda source: source.id)
def test_the_table_of_a_text_has_its_figures(source: ClaimSource) -> None:
    ranges = ("least_second_ms", "most_second_ms")  # one row of the table
    stated = {
        (one.variant, one.value * (1_048_576 if one.metric == "max_memory_mb" else 1))
        for one in source.figures
        if one.metric not in ranges and one.metric != "binary_bytes"
    }
    assert stated - printed(source.id) == set()


def test_every_text_has_a_table() -> None:
    assert list(library.tables()) == ["C1", "C2", "K", "W"]


FIDELITY = Path(__file__).parents[3] / "docs" / "fidelity.md"


def test_the_errors_are_those_that_the_documentation_states() -> None:
    told = FIDELITY.read_text()
    for error in library.tolerances().values():
        label = error.stated.removeprefix("docs/fidelity.md: ").partition(",")[0]
        (line,) = re.findall(rf"(?m)^{re.escape(label)}[:,].*$", told)
        stated = [float(one) for one in re.findall(r"\b0\.\d+", line)]
        assert error.log_error in stated, f"{error.source}: {line}"


def test_no_error_is_less_than_that_of_all_cells() -> None:
    (line,) = re.findall(r"(?m)^slow cores and what AWS adds.*$", FIDELITY.read_text())
    least = float(re.findall(r"median \|log error\| (0\.\d+)", line)[0])
    times = [one for one in library.tolerances().values() if one.tolerance == "time"]
    assert min(one.log_error for one in times) >= least


def test_experiments_are_of_workloads_that_have_what_they_name() -> None:
    for one in library.experiments():
        known = loader.load(one.workload)
        assert set(one.variants) <= {variant.name for variant in known.variants}
        assert set(one.cases) <= {case.name for case in known.cases}
        assert one.full.cold >= bootstrap.ENOUGH
        assert one.quick is None or one.quick.cold >= bootstrap.ENOUGH


def test_what_a_study_and_a_headline_ask_for_is_measured_together() -> None:
    for source in library.sources():
        for study in source.studies:
            cells = [(study.workload, one, study.case, study.memory_mb) for one in study.variants]
            assert any(all(map(one.has, cells)) for one in library.experiments()), study.title
        for headline in source.headlines:
            cells = [
                (headline.workload, one, case, headline.memory_mb)
                for one in (headline.of, headline.over)
                for case in headline.cases
            ]
            assert any(all(map(one.has, cells)) for one in library.experiments()), headline.title
