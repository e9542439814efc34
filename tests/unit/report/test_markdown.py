from __future__ import annotations

import re
from types import ModuleType

import msgspec
import pytest

from lambdameter.analysis.decision import decide
from lambdameter.report import markdown


def tables(text: str) -> list[list[str]]:
    """Every table, as its rows."""
    blocks = [block.splitlines() for block in text.split("\n\n")]
    return [block for block in blocks if block[0].startswith("|")]


def columns(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def test_the_sentence_that_decides_stands_first(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    first = markdown.run(run).partition("\n")[0]
    assert first == f"**{markdown.escape(decide(run)[0].verdict)}**"


def test_there_is_a_table_for_each_tier_with_a_row_for_each_cell(sample_run: ModuleType) -> None:
    text = markdown.run(sample_run.report_input(sample_run.manifest((128, 1024))))
    assert [len(table) for table in tables(text)] == [2 + 4, 2 + 4]
    for table in tables(text):
        assert len({columns(row) for row in table}) == 1
    assert "| JSON | Python | 0 of 1 | died: Runtime.OutOfMemory |" in text


def test_the_fastest_of_a_case_is_set_off(sample_run: ModuleType) -> None:
    (table,) = tables(markdown.run(sample_run.report_input()))
    assert ["**" in row for row in table[2:]] == [False, True, False, True]


def test_a_case_that_is_not_equal_has_no_figure(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    samples[3] = sample_run.planted_difference(samples[3])
    text = markdown.run(sample_run.report_input(manifest, samples))
    (table,) = tables(text)
    assert [row for row in table if "not equal" in row] == [
        "| CSV | Python | 1 | not equal |  |  |  |",
        "| CSV | Rust | 1 | not equal |  |  |  |",
    ]
    assert "reg-000017" in text


def test_details_are_folded_and_every_fold_is_closed(sample_run: ModuleType) -> None:
    text = markdown.run(sample_run.report_input())
    opened = re.findall(r"<details><summary>(.+)</summary>\n\n```text\n", text)
    assert opened == ["Equality", "What ran"]
    assert text.count("\n```\n\n</details>") == len(opened)


def test_words_of_others_are_neither_markup_nor_a_mention() -> None:
    told = markdown.escape("a|b <b>*x*</b> `y\n# @you [z](u) \\")
    assert told == r"a\|b \<b\>\*x\*\</b\> \`y \# @<!-- -->you \[z\](u) \\"


def test_a_fence_is_longer_than_any_in_what_it_holds(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    workload = msgspec.structs.replace(manifest.workload, title="```\n</details>")
    text = markdown.run(
        sample_run.report_input(msgspec.structs.replace(manifest, workload=workload))
    )
    assert "````text\nworkload" in text


@pytest.mark.parametrize("size", [50_000, 70_000])
def test_what_github_would_refuse_is_left_out_and_that_is_said(
    sample_run: ModuleType, size: int
) -> None:
    manifest = sample_run.manifest()
    runtimes = {"x": "y " * (size // 2)}
    target = msgspec.structs.replace(manifest.target, runtimes=runtimes)
    run = sample_run.report_input(msgspec.structs.replace(manifest, target=target))
    text = markdown.run(run)
    assert len(text) <= markdown.LONGEST
    assert ("Omitted, because a GitHub comment has a maximum length: What ran." in text) == (
        size > 65_536
    )
    assert "<summary>Equality</summary>" in text
