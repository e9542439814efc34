"""The verdict on equality: the number of compared records, or the first that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from lambdameter.analysis.run import Run
from lambdameter.model.sample import FieldDifference, Sample, TrialEquality
from lambdameter.model.summary import CaseEquality
from lambdameter.model.workload import AnswerMayDiffer, MayDiffer
from lambdameter.report.style import ALARM, BAD, HEAD, QUIET, WIDTH, prose
from lambdameter.words import listed

_DIGEST = 12
_RECORDS = 3
_VALUE = 30
_RECORD = "    record "
_ANSWER = "    answer: "


def equality(run: Run) -> Text:
    """A line for each case; under an unequal case the first records that differ, by field."""
    return Text("\n").join([*_cases(run), *_allowed(run)])


def _cases(run: Run) -> Iterator[Text]:
    widest = max((len(run.case_title(case)) for case in run.cases), default=0)
    for case in run.cases:
        verdict = run.equality(case)
        head = Text.assemble((f"{run.case_title(case):<{widest}}  ", HEAD))
        if verdict is None:
            yield head.append("not verified", BAD)
        elif run.is_equal(case):
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


def _equal(run: Run, verdict: CaseEquality) -> Text:
    line = Text()
    if verdict.proven:
        line.append("equal", HEAD)
        line.append(f"  {_compared(run, verdict)} of {_who(run, verdict.proven)}")
    else:
        line.append("nothing to compare")
    if verdict.digest:
        line.append(f", sha256 {verdict.digest[:_DIGEST]}")
    return line


def _compared(run: Run, verdict: CaseEquality) -> str:
    if run.manifest.workload.table is not None:
        return f"{verdict.records_compared:,} records"
    answers = sum(sample.equality is not None for sample in run.of_case(verdict.case))
    return f"{answers:,} answers"


def _unequal(run: Run, verdict: CaseEquality) -> Text:
    line = Text.assemble((" NOT EQUAL ", ALARM))
    if verdict.unequal:
        line.append(f"  unexpected result from {_who(run, verdict.unequal)}:")
    else:
        line.append("  each result is allowed, but the answers differ:")
    return line


def _differences(run: Run, case: str) -> Iterator[Text]:
    """The first call of each variant that differs: its first records, and its answer."""
    reported: set[str] = set()
    for sample in run.of_case(case):
        trial, proof = sample.trial, sample.equality
        if trial.variant in reported or proof is None:
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


def _call(run: Run, sample: Sample, proof: TrialEquality) -> Text:
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


def _allowed(run: Run) -> Iterator[Text]:
    rule = run.manifest.workload.equality
    for place, fields in (("table", rule.table), ("answer", rule.response)):
        if fields:
            exceptions = listed([f"{field.field}{_by(field)} ({field.reason})" for field in fields])
            yield Text(prose(f"May differ in the {place}: {exceptions}"), style=QUIET)


def _by(field: MayDiffer) -> str:
    """How much a number with a tolerance may differ."""
    limits = []
    if isinstance(field, AnswerMayDiffer):
        limits += [f"{field.absolute:g}"] if field.absolute is not None else []
        limits += [f"{field.relative:g} of the value"] if field.relative is not None else []
    return f" by {' or '.join(limits)}" if limits else ""


def _who(run: Run, names: Iterable[str]) -> str:
    wanted = set(names)
    ordered = [variant.name for variant in run.manifest.workload.variants if variant.name in wanted]
    return listed([run.variant_title(name) for name in ordered])
