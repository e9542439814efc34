from __future__ import annotations

import io
from decimal import Decimal

import pytest

from lambdameter.model.audit import Audit, Figure, Finding, PublishedTable, Severity
from lambdameter.report import audit as report
from lambdameter.report import terminal

FIGURE = Figure(
    line=2,
    id="",
    metric="total",
    dimension="time",
    value=Decimal(3),
    low=Decimal(2),
    high=Decimal(4),
    printed="3 ms",
)


def finding(
    severity: Severity, lines: tuple[int, ...] = (2,), rests: tuple[int, ...] = ()
) -> Finding:
    return Finding(
        rule="a-rule",
        severity=severity,
        lines=lines,
        rests_on_it=rests,
        stated="3 ms",
        right="4 ms",
        why="For a reason. " * 12,
    )


def audit(*findings: Finding, not_checked: tuple[str, ...] = ()) -> Audit:
    table = PublishedTable(place="mine.csv", source="A text", figures=(FIGURE,))
    return Audit(table=table, prices_as_of="2026-10-01", findings=findings, not_checked=not_checked)


def told(found: Audit) -> str:
    out = io.StringIO()
    terminal.console(out).print(report.report(found))
    return out.getvalue()


@pytest.mark.parametrize(
    ("severities", "sentence"),
    [
        ((), "No errors were found in 1 figure."),
        (("left out",), "1 finding: 1 leaves something out."),
        (
            ("cannot be so", "cannot be so", "too few samples"),
            "3 findings: 2 cannot be so and 1 has too few samples.",
        ),
    ],
)
def test_the_sum_of_it_stands_first(severities: tuple[Severity, ...], sentence: str) -> None:
    found = audit(*(finding(severity) for severity in severities))
    assert told(found).splitlines()[0] == sentence


def test_a_finding_has_its_lines_what_is_stated_what_is_right_and_why() -> None:
    text = told(audit(finding("inconsistent", (2, 3, 4, 9), (12,))))
    assert "a-rule  lines 2-4, 9\n  stated 3 ms\n  right  4 ms\n  why    For a reason." in text
    assert "  also   line 12 follows from it\n" in text


def test_each_severity_has_a_section_in_the_order_of_weight() -> None:
    text = told(audit(finding("cannot be so"), finding("too few samples")))
    assert text.index("Cannot be so ──") < text.index("Too few samples ──")
    assert "Inconsistent" not in text


def test_what_was_not_checked_is_told() -> None:
    assert "Not checked ──" in told(audit(not_checked=("line 3: a cost without billed_ms",)))
    assert "Not checked" not in told(audit())


def test_lines_are_at_most_100_columns_wide() -> None:
    text = told(audit(finding("left out", tuple(range(2, 200, 2)))))
    assert max(map(len, text.splitlines())) <= 100


def test_the_table_and_its_prices_stand_last() -> None:
    assert told(audit()).endswith("table    mine.csv: 1 figure, prices as of 2026-10-01\n")
