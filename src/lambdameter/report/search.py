"""The result of a search: the event, each variant's answer, and how to call the event again."""

from __future__ import annotations

import shlex

import msgspec
from rich.text import Text

from lambdameter.model.sample import FieldDifference
from lambdameter.model.search import SearchResult
from lambdameter.model.workload import Workload
from lambdameter.report import json_text
from lambdameter.report.style import ALARM, HEAD, QUIET
from lambdameter.words import listed

_LONGEST = 600
# The version of the document that `--json` prints.
SCHEMA = 1


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A search as JSON; docs/json.md describes the document."""

    schema: int = SCHEMA
    equal: bool
    result: SearchResult


def encode(result: SearchResult) -> str:
    """The document as JSON text."""
    return json_text.encode(Document(equal=not result.disagreements, result=result))


def report(result: SearchResult, workload: Workload, again: str) -> Text:
    """Lines for a terminal; `again` is the command that repeats an event, up to the file's name."""
    if result.disagreements:
        return _difference(result, workload, again)
    titles = listed([_title(workload, name) for name in result.variants])
    if result.seed is None:
        equal = f"  {titles} give the same answer to {result.event_file}"
        return Text("\n").join([Text.assemble(("equal", HEAD), equal), *_answers(result, workload)])
    count = f"{result.inputs:,} inputs"
    among = f"all {count} that the schema allows" if result.exhausted else count
    text = Text.assemble(("no difference", HEAD), f"  {titles} give the same answers to {among}")
    if not result.exhausted:
        text.append(
            f", in {result.seconds:.0f} s with seed {result.seed}. This is not a "
            "proof: search longer (--for), or with another --seed",
            QUIET,
        )
    return text


def _difference(result: SearchResult, workload: Workload, again: str) -> Text:
    lines = [Text.assemble((" NOT EQUAL ", ALARM), _after(result))]
    lines.append(Text(f"  {_short(msgspec.json.encode(result.event).decode())}\n"))
    lines += _answers(result, workload)
    first = _title(workload, result.variants[0])
    for disagreement in result.disagreements:
        other = _title(workload, disagreement.variant)
        lines += [_field(field, first, other) for field in disagreement.fields if field.field]
    if result.again is False:
        lines.append(
            Text(
                "  The variants did not differ when this event was repeated: an "
                "answer depends on more than the event (time, chance, earlier "
                "calls)."
            )
        )
    lines.append(Text("\nTo check after a correction:", QUIET))
    lines.append(Text(f"  {again} {shlex.quote(result.event_file or '')}"))
    return Text("\n").join(lines)


def _answers(result: SearchResult, workload: Workload) -> list[Text]:
    widest = max(len(_title(workload, name)) for name in result.answers)
    return [
        Text.assemble((f"  {_title(workload, name):<{widest}}  ", HEAD), _short(answer))
        for name, answer in result.answers.items()
    ]


def _after(result: SearchResult) -> str:
    if result.seed is None:
        return f"  on {result.event_file}"
    start = f"  after {result.inputs:,} inputs (seed {result.seed}); "
    if result.smallest:
        return f"{start}the smallest such event found in {result.smaller:,} more:"
    return f"{start}made smaller in {result.smaller:,} more, but perhaps not the smallest:"


def _field(field: FieldDifference, first: str, other: str) -> Text:
    return Text(
        f"    {field.field}: {first} {_short(field.expected)}, {other} {_short(field.actual)}"
    )


def _title(workload: Workload, name: str) -> str:
    return next(variant.title for variant in workload.variants if variant.name == name)


def _short(value: str | None) -> str:
    """Text on one line; letters that cannot be printed alone are escaped."""
    if value is None:
        return "nothing"
    plain = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in value
    )
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
