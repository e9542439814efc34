from __future__ import annotations

import io

import pytest

from lambdameter.model.gate import (
    CellRatios,
    ComparedRun,
    ConditionDifference,
    Gate,
    GateInterval,
    GateReport,
    GateVerdict,
    NotEnough,
    Outcome,
    Ratio,
)
from lambdameter.report import gate, gate_words, json_document, markdown, terminal
from lambdameter.report.formats import FORMATS

SLOWER = Gate(kind="slower", limit=0.05)
TOO_FEW = NotEnough(base=3, head=4, needed=10)


def between(ratio: float, low: float, high: float) -> GateInterval:
    return GateInterval(ratio=ratio, low=low, high=high, level=0.95, base=20, head=20)


def cell(ratio: float, interval: GateInterval | NotEnough, case: str = "csv") -> CellRatios:
    duration = Ratio(base=100, head=100 * ratio, ratio=ratio, interval=interval)
    return CellRatios(variant="python", case=case, memory_mb=1024, duration_ms=duration)


def verdict(
    outcome: Outcome, ratio: float, interval: GateInterval | NotEnough, case: str = "csv"
) -> GateVerdict:
    return GateVerdict(
        gate=SLOWER,
        outcome=outcome,
        variant="python",
        case=case,
        memory_mb=1024,
        ratio=ratio,
        interval=interval,
    )


def told(
    outcome: Outcome,
    cells: tuple[CellRatios, ...],
    verdicts: tuple[GateVerdict, ...] = (),
    differences: tuple[ConditionDifference, ...] = (),
) -> GateReport:
    one = ComparedRun(
        id="r", folder="runs/r", created_at="2026", lambdameter="0.1.0", rounds=20, complete=True
    )
    return GateReport(
        workload="etl",
        base=one,
        head=one,
        differences=differences,
        cells=cells,
        packages=(),
        verdicts=verdicts,
        outcome=outcome,
        variant_titles={"python": "Python"},
        case_titles={"csv": "CSV", "json": "JSON"},
    )


FAILED = told(
    "failed",
    (cell(1.01, between(1.01, 1, 1.02)), cell(1.2, between(1.2, 1.1, 1.3), "json")),
    (
        verdict("passed", 1.01, between(1.01, 1, 1.02)),
        verdict("failed", 1.2, between(1.2, 1.1, 1.3), "json"),
    ),
    (ConditionDifference(topic="lambdameter", base="0.1.0", head="0.2.0", weight="told"),),
)


def test_what_failed_is_the_sentence_that_decides() -> None:
    assert gate_words.decision(FAILED) == (
        "HEAD fails: Python on JSON at 1,024 MB: takes 1.20 times as long (1.10 to 1.30), "
        "1.05 allowed."
    )


def test_the_evidence_has_every_verdict_the_failed_ones_first() -> None:
    assert [one.partition(":")[0] for one in gate_words.evidence(FAILED)] == ["failed", "passed"]


def test_what_many_cells_lack_alike_is_said_once() -> None:
    both = tuple(verdict("cannot-tell", 1, TOO_FEW, case) for case in ("csv", "json"))
    run = told("cannot-tell", (cell(1, TOO_FEW), cell(1, TOO_FEW, "json")), both)
    assert gate_words.evidence(run) == [
        (
            "cannot tell: Python on CSV at 1,024 MB and Python on JSON at 1,024 MB: an "
            "interval needs 10 environments on each side, and BASE has 3 and HEAD 4: measure "
            "with --cold 10 or more"
        )
    ]


def test_a_head_that_passes_says_what_it_keeps_to() -> None:
    run = told("passed", FAILED.cells[:1], FAILED.verdicts[:1])
    assert gate_words.decision(run) == "HEAD passes: no variant is more than 5 % slower."


def test_that_runs_were_made_one_after_the_other_stands_beside_every_comparison() -> None:
    assert any("made one after the other" in one for one in gate_words.caveats(FAILED))
    assert any("2 cells with an interval each" in one for one in gate_words.caveats(FAILED))


def test_the_terminal_lists_what_was_not_alike_and_every_cell() -> None:
    file = io.StringIO()
    terminal.console(file).print(gate.gate(FAILED, {}))
    lines = file.getvalue().splitlines()
    assert "lambdameter: 0.1.0 in BASE, 0.2.0 in HEAD" in lines
    assert any(
        line.split()[:6] == ["JSON", "Python", "100", "120", "1.20", "1.10"] for line in lines
    )
    assert max(map(len, lines)) <= 100


def test_a_cell_with_nothing_to_compare_says_why() -> None:
    dead = CellRatios(variant="python", case="csv", memory_mb=1024, lack="head-died")
    file = io.StringIO()
    terminal.console(file).print(gate.gate(told("failed", (dead,)), {}))
    assert file.getvalue().startswith(
        "HEAD fails: Python on CSV: HEAD dies on a case that BASE answers."
    )
    assert (
        markdown.gate(told("failed", (dead,))).count("HEAD dies on a case that BASE answers") == 2
    )


def test_markdown_has_the_same_decision_table_and_differences() -> None:
    text = markdown.gate(FAILED)
    assert text.startswith(f"**{markdown.escape(gate_words.decision(FAILED))}**")
    assert "| JSON | Python | 100 | 120 | **1.20** | 1.10 to 1.30 |" in text
    assert "* lambdameter: 0.1.0 in BASE, 0.2.0 in HEAD" in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_a_comparison(name: str) -> None:
    file = io.StringIO()
    FORMATS[name].gate(FAILED, {}, file)  # type: ignore[index]
    assert "HEAD fails" in file.getvalue()
    assert file.getvalue().endswith("\n")


def test_the_json_says_what_kind_of_interval_it_is() -> None:
    text = json_document.encode_gate(told("passed", (cell(1, TOO_FEW),)))
    assert '"type": "not-enough"' in text
