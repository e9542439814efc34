"""Judged claims in all their formats: one reproduction, told four ways."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from types import ModuleType

import jsonschema
import msgspec
import pytest

from lambdameter.claims.reproduction import NamedRun, judged, select
from lambdameter.cli.audit import of_shipped
from lambdameter.model.reproduction import Reproduction
from lambdameter.report import (
    reproduction_document,
    reproduction_markdown,
    reproduction_page,
    reproduction_words,
)
from lambdameter.report.reproduction_formats import FORMATS, ReproductionFormat
from lambdameter.report.style import WIDTH

DOCS = Path(__file__).parents[3] / "docs" / "reproduce.md"


@pytest.fixture(scope="module")
def told(sample_run: ModuleType) -> Reproduction:
    runs = [NamedRun("registrations", sample_run.rounds_input(10))]
    return judged(select(["K", "C1"]), runs, of_shipped(["K", "C1"]), quick=False, folder="runs/r")


def written(told: Reproduction, form: ReproductionFormat) -> str:
    file = io.StringIO()
    FORMATS[form](told, file)
    return file.getvalue()


def test_the_sentence_that_decides_comes_first_and_counts_every_row(told: Reproduction) -> None:
    first = reproduction_words.summary(told)
    assert " ".join(written(told, "terminal").split()).startswith(first)
    assert sum(map(int, re.findall(r"[:,] (\d+) ", first))) == len(told.rows)


def test_no_line_of_the_terminals_is_too_wide(told: Reproduction) -> None:
    lines = written(told, "terminal").splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [line for line in lines if line.endswith("…")] == []


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_every_verdict_that_needs_a_reason_has_one(
    told: Reproduction, form: ReproductionFormat
) -> None:
    text = " ".join(written(told, form).split())
    for judged_row in told.rows:
        if judged_row.verdict in ("not reproduced", "cannot be so", "not judged"):
            assert judged_row.why, judged_row.row.id
            assert judged_row.why.split(". ")[0][:60] in text


def test_published_figures_stand_in_parentheses(told: Reproduction) -> None:
    for form in ("terminal", "markdown"):
        assert "(34.0 %)" in written(told, form)
    assert "(34.0 %)" in reproduction_page.page(told)


def test_the_bill_is_told_line_by_line(told: Reproduction) -> None:
    for text in (written(told, "terminal"), written(told, "markdown")):
        for item in ("compute", "requests", "DynamoDB writes", "S3 reads", "whole bill"):
            assert item in text


def test_the_document_is_of_its_schema_and_reads_back(told: Reproduction) -> None:
    text = written(told, "json")
    jsonschema.validate(json.loads(text), json.loads(reproduction_document.schema()))
    read = msgspec.json.decode(text, type=reproduction_document.Document)
    assert read == reproduction_document.document(told)
    assert sum(read.counts.values()) == len(told.rows)


def test_the_shipped_schema_is_the_records() -> None:
    shipped = resources.files("lambdameter.report") / "reproduction-schema-1.json"
    remake = "print(reproduction_document.schema(), end='') of lambdameter.report makes it anew"
    assert shipped.read_text() == reproduction_document.schema(), remake


def test_every_key_of_a_row_is_documented(told: Reproduction) -> None:
    document = json.loads(written(told, "json"))
    rows = document["reproduction"]["rows"]
    estimate = next(row["estimate"] for row in rows if row["estimate"])
    keys = {*document, *document["reproduction"], *rows[0], *estimate}
    page = DOCS.read_text()
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


class Page(HTMLParser):
    """Which tags a page has, and whether each is closed."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_small_and_loads_nothing(told: Reproduction) -> None:
    text = reproduction_page.page(told)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed"}
    assert not page.attributes & {"src", "href", "srcset", "background"}
    assert "url(" not in text
    assert "@import" not in text
    assert len(text) < 100_000


def test_the_page_is_light_and_dark(told: Reproduction) -> None:
    assert "prefers-color-scheme:dark" in reproduction_page.page(told)


def test_what_a_text_says_cannot_become_markup(told: Reproduction) -> None:
    planted = msgspec.structs.replace(told, titles={"K": "<script>alert(1)</script>"})
    page = reproduction_page.page(planted)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_bar_in_a_cell_does_not_end_it(told: Reproduction) -> None:
    row = msgspec.structs.replace(told.rows[0], why="a | b")
    text = reproduction_markdown.page(msgspec.structs.replace(told, rows=(row,)))
    assert "a \\| b" in text
