"""All rules together: sane tables have no finding, and one wrong figure in them has one."""

from __future__ import annotations

import csv
import inspect
import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.audit import (
    arithmetic,
    bill,
    consistency,
    noise,
    physics,
    pricing,
    rules,
    table,
)
from lambdameter.audit.printed import METRICS
from lambdameter.claims import library
from lambdameter.cost import price_list
from lambdameter.errors import BadInputError
from lambdameter.model.audit import SEVERITIES, Audit, Finding
from lambdameter.report import audit as report
from lambdameter.report import audit_document, terminal

Audited = Callable[[str], Audit]
PRICES = price_list.latest()
SERVICES = {"dynamodb.WriteRequestUnit", "s3.GetObject"}
MODULES = (arithmetic, bill, consistency, noise, physics, pricing)
SANE = sorted((Path(__file__).parent / "sane").glob("*.csv"))


def audit(text: str, place: str = "mine.csv") -> Audit:
    return rules.audit(table.read(text.encode(), place, SERVICES), PRICES)


def shipped(name: str, rule: str) -> list[Finding]:
    found = rules.audit(table.read(library.tables()[name], name, SERVICES), PRICES).findings
    return [finding for finding in found if finding.rule == rule]


def rows_of(name: str, *ids: str) -> tuple[int, ...]:
    """The lines of a shipped table's rows."""
    figures = table.read(library.tables()[name], name, SERVICES).figures
    return tuple(figure.line for figure in figures if figure.id in ids)


@pytest.mark.parametrize("file", SANE, ids=lambda file: file.stem)
def test_a_sane_table_has_no_finding(file: Path) -> None:
    found = audit(file.read_text(), file.name)
    assert found.findings == ()
    assert found.not_checked == ()
    assert found.table.figures


DOCS = Path(__file__).parents[3] / "docs"


def test_the_example_of_the_docs_gives_what_they_show() -> None:
    example, shown = re.findall(
        r"```(?:csv|text)\n(.*?)```", (DOCS / "audit.md").read_text(), re.DOTALL
    )
    out = io.StringIO()
    terminal.console(out).print(report.report(audit(example, "post.csv")))
    assert out.getvalue() == shown


def test_every_rule_is_documented() -> None:
    found = re.findall(r'rule="([a-z-]+)"', "".join(map(inspect.getsource, MODULES)))
    page = (DOCS / "audit.md").read_text()
    assert found
    assert [rule for rule in found if f"`{rule}`" not in page] == []


def perturbed(text: str, line: int, factor: float) -> str:
    """A table with one of its figures multiplied."""
    lines = text.splitlines()
    head = next(csv.reader([lines[0]]))
    cells = next(csv.reader([lines[line - 1]]))
    column = head.index("value")
    cells[column] = f"{float(cells[column].replace(',', '')) * factor:.6g}"
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return "\n".join([*lines[: line - 1], out.getvalue(), *lines[line:]])


@given(st.data())
def test_a_wrong_figure_in_a_sane_table_is_found(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SANE)).read_text()
    figures = [one for one in audit(text).table.figures if one.value and not one.derived]
    figure = data.draw(st.sampled_from(figures))
    up = data.draw(st.floats(1.25, 50))
    # A least may be any less, and a most any more.
    factors = {"min": [up], "max": [1 / up]}.get(figure.statistic, [up, 1 / up])
    factor = data.draw(st.sampled_from(factors))
    assert audit(perturbed(text, figure.line, factor)).findings != ()


def printed(value: float, digits: int) -> str:
    """Rounded for print, to so many significant digits at least."""
    places = max(0, digits - 1 - math.floor(math.log10(value)))
    return f"{value:.{places}f}"


@given(
    python=st.floats(1, 100_000),
    rust=st.floats(1, 100_000),
    records=st.integers(1, 1_000_000),
    memory_mb=st.sampled_from([128, 512, 1769, 10_240]),
    digits=st.integers(2, 6),
)
def test_true_figures_are_no_fault_however_they_were_rounded(
    python: float, rust: float, records: int, memory_mb: int, digits: int
) -> None:
    billed = math.ceil(python)
    cost = (billed * memory_mb / 1_024_000 * 0.0000133334 + 0.0000002) * 1_000_000
    head = (
        "id,metric,variant,value,unit,from,n,spread,memory_mb,architecture,records,billed_ms,runs"
    )
    text = f"""{head}
,,,,,,9,0,{memory_mb},arm64,{records},,
p,duration,Python,{printed(python, digits)},ms,,,,,,,,
r,duration,Rust,{printed(rust, digits)},ms,,,,,,,,
,per_1000,Python,{printed(python / records * 1000, digits)},ms,,,,,,,,
,ratio,,{printed(python / rust, digits)},x,p / r,,,,,,,
,ratio,,{printed(python / (python + rust) * 100, digits)},%,p / (p + r),,,,,,,
,cost,Python,{printed(cost, max(digits, 3))},USD,,,,,,,{billed},1000000
"""
    findings = [one for one in audit(text).findings if one.rule != "within-noise"]
    assert findings == []


CELLS: dict[str, st.SearchStrategy[str]] = {
    "metric": st.sampled_from(sorted(METRICS)),
    "part": st.just("parse"),
    "value": st.sampled_from(["0", "0.3", "12", "1e9", "~5", "1..3", ""]),
    "from": st.sampled_from(["", "", "", "base - 12", "base / 7", "-3 * base"]),
    "variant": st.sampled_from(["", "Rust", "Python"]),
    "statistic": st.sampled_from(["", "mean", "min", "max", "p90"]),
    "call": st.sampled_from(["", "cold", "warm"]),
    "work": st.sampled_from(["", "write"]),
    "n": st.sampled_from(["", "1", "9"]),
    "spread": st.sampled_from(["", "0", "2"]),
    "memory_mb": st.sampled_from(["", "1", "128", "1024"]),
    "architecture": st.sampled_from(["", "arm64"]),
    "records": st.sampled_from(["", "1"]),
    "bytes": st.sampled_from(["", "800000"]),
    "billed_ms": st.sampled_from(["", "0", "7"]),
    "runs": st.sampled_from(["", "0", "1", "1000000"]),
    "period": st.sampled_from(["", "month"]),
    "uses": st.sampled_from(["", "s3.GetObject=0", "dynamodb.WriteRequestUnit=5"]),
}


@given(st.lists(st.fixed_dictionaries(CELLS), min_size=2, max_size=6))
def test_any_table_is_audited_or_refused_with_a_place(rows: list[dict[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["id", *CELLS])
    writer.writeheader()
    writer.writerow({"id": "base", "metric": "total", "value": "5"})
    writer.writerows({"id": f"r{index}", **row} for index, row in enumerate(rows, 1))
    refused = None
    try:
        found = audit(out.getvalue())
    except BadInputError as error:
        refused = str(error.place)
    if refused is not None:
        assert refused.startswith("mine.csv:")
        return
    assert json.loads(audit_document.encode(found))["figures"] == len(found.table.figures)
    terminal.console(io.StringIO()).print(report.report(found))


def test_the_worst_comes_first() -> None:
    found = rules.audit(table.read(library.tables()["K"], "K", SERVICES), PRICES).findings
    order = [SEVERITIES.index(finding.severity) for finding in found]
    assert order == sorted(order)


def test_what_follows_from_a_wrong_row_is_named() -> None:
    text = "id,metric,value,from,bytes\na,total,0.00001,,800000\nr,ratio,7000000,70 / a,\n"
    (finding,) = [one for one in audit(text).findings if one.rule == "bandwidth"]
    assert finding.rests_on_it == (3,)


def test_what_could_not_be_looked_at_is_told() -> None:
    text = (
        "metric,value,region,memory_mb,billed_ms,from\n"
        "cost,1,,,,\ncost,1,,128,,\nprice,0.1,mars-east-1,,,\nratio,12,,,,\n"
    )
    assert audit(text).not_checked == (
        "line 2: a cost without memory_mb and billed_ms",
        "line 3: a cost without billed_ms",
        "line 4: a cost in the region mars-east-1, which has no prices here",
        "line 5: a ratio that does not say which rows it follows from (column from)",
    )


def test_k5_python_at_128_mb_is_slower_than_its_cpu_share_allows() -> None:
    (finding,) = shipped("K", "cpu-share")
    assert finding.lines == rows_of("K", "K5.python")
    assert finding.rests_on_it == rows_of("K", "K5.ratio")
    assert finding.right == "At most 170 s = 8 x 21,194 ms"


def test_k7_prices_arm64_functions_as_x86_64() -> None:
    (finding,) = shipped("K", "architecture")
    assert set(rows_of("K", "K7.rust", "K7.python")) <= set(finding.lines)
    assert finding.severity == "cannot be so"


def test_k8_leaves_out_the_writes_which_are_90_times_the_compute() -> None:
    (finding,) = shipped("K", "left-out")
    assert set(rows_of("K", "K8.python.small", "K8.rust.large")) <= set(finding.lines)
    assert "DynamoDB writes" in finding.right
    assert finding.why.startswith("The whole bill is 90.3 to")


def test_the_third_that_k_saves_is_less_than_a_percent_of_the_bill() -> None:
    found = shipped("K", "left-out-ratio")
    assert {line for one in found for line in one.lines} == set(
        rows_of("K", "K7.saving", "K.title")
    )
    assert all(one.right.startswith("0.375 %") for one in found)


def test_k14_identical_writes_differ_by_20_percent() -> None:
    (finding,) = shipped("K", "repeats")
    assert finding.lines == rows_of("K", "K14.rust.csv", "K14.rust.json")
    assert "20% apart" in finding.stated


def test_c1_squares_are_written_faster_than_memory_is() -> None:
    (finding,) = shipped("C1", "bandwidth")
    assert finding.lines == rows_of("C1", "rust.squares")


def test_c1s_55x_is_1_9x_with_the_request_fee() -> None:
    (finding,) = shipped("C1", "left-out-ratio")
    assert (finding.stated, finding.lines) == ("55x", rows_of("C1", "cost"))
    assert finding.right.startswith("1.88x")
    (bill,) = shipped("C1", "left-out")
    assert "requests" in bill.right
    assert "INIT" in bill.right


def test_c2s_second_call_contradicts_its_table_of_warm_calls() -> None:
    (finding,) = shipped("C2", "contradiction")
    assert finding.lines == rows_of("C2", "rust.second", "rust.get")


def test_w_gives_the_cost_of_once_a_minute_for_a_thousand_times() -> None:
    (finding,) = shipped("W", "cost")
    assert finding.lines == rows_of("W", "month")
    assert finding.right.startswith("$324,009")
    assert "one in 1,000 of these runs" in finding.why
    (crowd,) = shipped("W", "concurrency")
    assert crowd.right.startswith("15,000 environments")


def test_w_rounds_a_run_to_0_007() -> None:
    (finding,) = shipped("W", "rounding")
    assert (finding.lines, finding.right) == (rows_of("W", "once"), "$0.00750")


@pytest.mark.parametrize("name", ["C1", "C2", "W"])
def test_what_the_other_texts_get_right_is_not_faulted(name: str) -> None:
    right = {"arithmetic", "per-unit", "parts", "order", "billed-duration", "price", "limit"}
    assert not [rule for rule in right if shipped(name, rule)]


def test_every_rule_says_what_it_holds() -> None:
    assert all(rule.__doc__ for rule in rules.RULES)
