"""The proof that the variants do the same, or the first records that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from lambdameter.analysis import find
from lambdameter.model.report import ReportInput
from lambdameter.model.sample import FieldDifference, Sample, TrialEquality
from lambdameter.model.summary import CaseEquality
from lambdameter.model.workload import AnswerMayDiffer, MayDiffer
from lambdameter.report.look import ALARM, BAD, HEAD, QUIET, WIDTH, prose
from lambdameter.words import listed

_DIGEST = 12
_RECORDS = 3
_VALUE = 30
_RECORD = "    record "
_ANSWER = "    answer: "


def equality(run: ReportInput) -> Text:
    """One line a case; under a case that differs, its first differing records, field by field."""
    return Text("\n").join([*_cases(run), *_allowed(run)])


def _cases(run: ReportInput) -> Iterator[Text]:
    widest = max((len(find.case_title(run, case)) for case in find.cases(run)), default=0)
    for case in find.cases(run):
        verdict = find.equality(run, case)
        head = Text.assemble((f"{find.case_title(run, case):<{widest}}  ", HEAD))
        if verdict is None:
            yield head.append("not verified", BAD)
        elif find.is_equal(run, case):
            yield head.append_text(_equal(run, verdict))
            for name, error in verdict.died.items():
                text = (
                    f"died: {_who(run, [name])} ({error}); the records it did not "
                    "write are not verified"
                )
                yield Text(f"{'':<{widest}}  {text}", style=BAD)
        else:
            yield head.append_text(_unequal(run, verdict))
            yield from _differences(run, case)


def _equal(run: ReportInput, verdict: CaseEquality) -> Text:
    line = Text()
    if verdict.proven:
        line.append("equal", HEAD)
        line.append(f"  {_compared(run, verdict)} of {_who(run, verdict.proven)}")
    else:
        line.append("nothing to compare")
    if verdict.digest:
        line.append(f", sha256 {verdict.digest[:_DIGEST]}")
    return line


def _compared(run: ReportInput, verdict: CaseEquality) -> str:
    if run.manifest.workload.table is not None:
        return f"{verdict.records_compared:,} records"
    mine = [sample for sample in run.samples if sample.trial.case == verdict.case]
    return f"{sum(sample.equality is not None for sample in mine):,} answers"


def _unequal(run: ReportInput, verdict: CaseEquality) -> Text:
    line = Text.assemble((" NOT EQUAL ", ALARM))
    if verdict.unequal:
        line.append(f"  unexpected result from {_who(run, verdict.unequal)}:")
    else:
        line.append("  each result is allowed, but the answers differ:")
    return line


def _differences(run: ReportInput, case: str) -> Iterator[Text]:
    """Each variant's first differing call: its first differing records, and its answer."""
    reported: set[str] = set()
    for sample in run.samples:
        trial, proof = sample.trial, sample.equality
        if trial.case != case or trial.variant in reported or proof is None:
            continue
        nonsense = sample.error is not None and sample.error.kind == "answer"
        if proof.equal and not nonsense:
            continue
        reported.add(trial.variant)
        yield _call(run, sample, proof)
        if sample.error is not None:
            yield Text(prose(sample.error.message, label=_ANSWER, indent=len(_ANSWER)))
        for record in proof.differences[:_RECORDS]:
            # The key in full where the line has room for it: it is what the reader looks up.
            yield Text(f"{_RECORD}{_short(record.key, WIDTH - len(_RECORD))}")
            yield from _fields(record.fields)
        if proof.differing > _RECORDS:
            yield Text(f"    and {proof.differing - _RECORDS:,} more", QUIET)
        if proof.response_differences:
            yield Text("    answer")
            yield from _fields(proof.response_differences)


def _call(run: ReportInput, sample: Sample, proof: TrialEquality) -> Text:
    difference = "its answer differs"
    if run.manifest.workload.table is not None:
        difference = (
            f"{proof.differing:,} of {proof.expected_count:,} records differ, "
            f"{proof.actual_count:,} were written"
        )
    return Text(
        f"  {_who(run, [sample.trial.variant])}, {sample.trial.call} call at "
        f"{sample.trial.memory_mb:,} MB: {difference}"
    )


def _fields(fields: Iterable[FieldDifference]) -> Iterator[Text]:
    for field in fields:
        yield Text(
            f"      {_short(field.field)}: expected {_value(field.expected)}, "
            f"found {_value(field.actual)}"
        )


def _value(value: str | None) -> str:
    return "nothing" if value is None else _short(value)


def _short(value: str, width: int = _VALUE) -> str:
    plain = "".join(letter if letter.isprintable() else "·" for letter in value)
    return plain if len(plain) <= width else f"{plain[: width - 1]}…"


def _allowed(run: ReportInput) -> Iterator[Text]:
    rule = run.manifest.workload.equality
    for place, fields in (("table", rule.table), ("answer", rule.response)):
        if fields:
            exceptions = listed([f"{field.field}{_by(field)} ({field.reason})" for field in fields])
            yield Text(prose(f"May differ in the {place}: {exceptions}"), style=QUIET)


def _by(field: MayDiffer) -> str:
    """Of a number with a tolerance: by how much it may differ."""
    limits = []
    if isinstance(field, AnswerMayDiffer):
        limits += [f"{field.absolute:g}"] if field.absolute is not None else []
        limits += [f"{field.relative:g} of the value"] if field.relative is not None else []
    return f" by {' or '.join(limits)}" if limits else ""


def _who(run: ReportInput, names: Iterable[str]) -> str:
    wanted = set(names)
    ordered = [variant.name for variant in run.manifest.workload.variants if variant.name in wanted]
    return listed([find.variant_title(run, name) for name in ordered])
