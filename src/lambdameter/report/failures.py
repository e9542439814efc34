"""Why calls failed: each variant's own words, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from lambdameter.model import ReportInput, Sample, SampleError
from lambdameter.report import find
from lambdameter.report.look import BAD, HEAD, QUIET, WIDTH, listed, prose

# Lambda puts it before the message of an error that is not the function's own.
_REQUEST_ID = re.compile(r"RequestId: \S+ Error: ")
# What Lambda or its Python client logs of any failure: nothing of the variant's own.
_NOISE = re.compile(
    r"\bLAMBDA_WARNING: |^RequestId: \S+ Error: |^Runtime\.\w+$"
    r"|^Traceback \(most recent call last\):$"
)
_LABEL = 8
_LINES = 6
_CORRECT = "Correct the code there."
_NOT_STARTED = "exit status 126"  # the launcher's, and a shell's
_NOT_STARTED_STEP = "Build `bootstrap` there for this machine, or correct its #! line."
# Error types: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html and
# the official clients' own, such as awslambdaric/bootstrap.py.
_NEXT_STEPS = {
    "Function.ResponseSizeTooLarge": "Answer at most 6 MB: put what is larger into S3.",
    "NotCold": "Look for an INIT that fails or takes more than Lambda's 10 seconds.",
    "NotJson": "Answer with JSON in UTF-8.",
    "NotWarm": "See why the call before it ended the environment, or how long INIT takes.",
    "NoReport": "Let it log less in one call: Lambda returns the last 4 KB alone.",
    "Runtime.ExitError": "See what it logged; where that is nothing, let it say why it ends.",
    "Runtime.HandlerNotFound": "Name a function that is there as `handler` in workload.toml.",
    "Runtime.ImportModuleError": "Put what it imports into that folder: boto3 alone is there "
    "without.",
    "Runtime.InvalidEntrypoint": "Make `bootstrap` there an executable file: chmod +x bootstrap.",
    "Runtime.MarshalError": "Answer with what JSON knows: numbers, strings, lists, objects.",
    "Runtime.OutOfMemory": "Give it a larger tier with --memory, or let it keep less at once.",
    "Sandbox.Timedout": "Raise timeout_s in workload.toml, or give it a larger tier with --memory: "
    "CPU grows with it.",
    "TooDeep": "Answer with fewer lists and objects in each other.",
    "WrongShape": "Answer what [response] in workload.toml names, or correct [response].",
}


def failures(run: ReportInput) -> Iterator[Text]:
    """A block for each variant and kind of failure; none where every call was measured."""
    found: dict[tuple[str, str], list[Sample]] = {}
    for sample in run.samples:
        if sample.error is not None:
            found.setdefault((sample.trial.variant, sample.error.type), []).append(sample)
    for variant in run.manifest.workload.variants:
        for (name, kind), samples in found.items():
            if name == variant.name:
                place = Path(run.manifest.workload.root, variant.source)
                yield Text("\n").join(_block(run, kind, samples, place))


def next_step(error: SampleError) -> str:
    """What to do about it; a handler's own exceptions have any name."""
    if error.message.endswith(_NOT_STARTED):
        return _NOT_STARTED_STEP
    return _NEXT_STEPS.get(error.type, _CORRECT)


def message(error: SampleError) -> str:
    """What was said, without the request id that Lambda puts before it."""
    return _REQUEST_ID.sub("", error.message)


def _block(run: ReportInput, kind: str, samples: Sequence[Sample], place: Path) -> Iterator[Text]:
    trials = [sample.trial for sample in samples]
    errors = [sample.error for sample in samples if sample.error is not None]
    cases = [find.case_title(run, name) for name in find.cases(run)]
    where = listed([one for one in cases if one in {find.case_title(run, t.case) for t in trials}])
    tiers = listed([f"{mb:,}" for mb in find.tiers(run) if mb in {t.memory_mb for t in trials}])
    calls = "1 call" if len(trials) == 1 else f"{len(trials)} calls"
    told = f": {kind}, {calls} on {where} at {tiers} MB"
    yield Text.assemble((find.variant_title(run, trials[0].variant), HEAD), (told, BAD))
    yield _line("said", _printable(message(errors[0])))
    for index, line in enumerate(_own_words(errors)):
        yield _line("" if index else "logged", line)
    yield _line("where", str(place))
    yield _line("next", next_step(errors[0]))


def _own_words(errors: Sequence[SampleError]) -> list[str]:
    """The last lines that the variant logged itself, each once."""
    logged = next((error.log for error in errors if error.log), "")
    said = message(errors[0])
    lines = (
        line for line in logged.splitlines() if not (_NOISE.search(line) or line.endswith(said))
    )
    return [_printable(line)[: WIDTH - _LABEL - 2] for line in dict.fromkeys(lines)][-_LINES:]


def _printable(told: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in told)


def _line(label: str, told: str) -> Text:
    text = Text(prose(told, label=f"  {label}", indent=_LABEL + 2))
    text.stylize(QUIET, 0, _LABEL + 2)
    return text
