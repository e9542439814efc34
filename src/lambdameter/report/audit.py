"""The result of an audit for the terminal: the verdict first, then each finding with its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from lambdameter import units
from lambdameter.model.audit import SEVERITIES, Audit, Finding, Severity
from lambdameter.report.grid import Grid
from lambdameter.report.style import BAD, HEAD, NOT_MEASURED, QUIET, labelled, prose
from lambdameter.words import listed

_LABEL = 9
_COUNTED: dict[Severity, tuple[str, str]] = {
    "cannot be so": ("{} cannot be so", "{} cannot be so"),
    "inconsistent": ("{} is inconsistent", "{} are inconsistent"),
    "left out": ("{} leaves something out", "{} leave something out"),
    "too few samples": ("{} has too few samples", "{} have too few samples"),
}


def report(audit: Audit) -> RenderableType:
    """The whole report, in reading order."""
    parts: list[RenderableType] = [Text(prose(verdict(audit)), style=HEAD)]
    if audit.table.source:
        parts.append(Text(prose(f"“{audit.table.source}”"), style=NOT_MEASURED))
    parts.append(Text())
    if audit.findings:
        parts += [_overview(audit.findings), Text()]
    for severity in SEVERITIES:
        findings = [finding for finding in audit.findings if finding.severity == severity]
        if findings:
            parts.append(_head(severity.capitalize()))
            for finding in findings:
                parts += [*_finding(finding), Text()]
    if audit.not_checked:
        parts += [
            _head("Not checked"),
            *(Text(prose(reason)) for reason in audit.not_checked),
            Text(),
        ]
    summary = f"{audit.table.place}: {_figures(audit)}, prices as of {audit.prices_as_of}"
    parts.append(_labelled("table", summary))
    return Group(*parts)


def verdict(audit: Audit) -> str:
    """The number of findings of each severity, in one sentence."""
    counts = []
    for severity, (singular, plural) in _COUNTED.items():
        number = sum(finding.severity == severity for finding in audit.findings)
        if number:
            counts.append((singular if number == 1 else plural).format(number))
    if not counts:
        return f"No errors were found in {_figures(audit)}."
    findings = "1 finding" if len(audit.findings) == 1 else f"{len(audit.findings)} findings"
    return f"{findings}: {listed(counts)}."


def _figures(audit: Audit) -> str:
    number = len(audit.table.figures)
    return "1 figure" if number == 1 else f"{number:,} figures"


def _overview(findings: Sequence[Finding]) -> Text:
    """The number of findings and rows of each rule."""
    grid = Grid([("rule", ""), ("findings", ""), ("rows", ""), ("depend on it", "rows")])
    for rule in dict.fromkeys(finding.rule for finding in findings):
        matching = [finding for finding in findings if finding.rule == rule]
        counts = (
            len(matching),
            len({line for finding in matching for line in finding.lines}),
            len({line for finding in matching for line in finding.rests_on_it}),
        )
        cells = (Text(f"{count or '-'} ") for count in counts)
        grid.row([Text(rule), *cells])
    return grid.text()


def _finding(finding: Finding) -> Iterator[Text]:
    yield Text.assemble((finding.rule, BAD), (f"  {units.lines(finding.lines)}", QUIET))
    yield _labelled("  stated", finding.stated)
    yield _labelled("  right", finding.right)
    yield _labelled("  why", finding.why)
    if finding.rests_on_it:
        follow = "follows" if len(finding.rests_on_it) == 1 else "follow"
        yield _labelled("  also", f"{units.lines(finding.rests_on_it)} {follow} from it")


def _head(title: str) -> Rule:
    return Rule(Text(title, style=HEAD), align="left", style=QUIET)


def _labelled(label: str, sentence: str) -> Text:
    return labelled(label, sentence, _LABEL)
