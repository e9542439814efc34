"""Why calls failed: the message, the last log lines, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from lambdameter.analysis.run import Run
from lambdameter.model.sample import Sample, SampleError
from lambdameter.report.style import BAD, HEAD, WIDTH, labelled
from lambdameter.words import listed

# Lambda puts it before the message of an error that is not the function's own.
_REQUEST_ID = re.compile(r"RequestId: \S+ Error: ")
# What Lambda or its Python client logs for every failure, so it is not the variant's own output.
_NOISE = re.compile(
    r"\bLAMBDA_WARNING: |^RequestId: \S+ Error: |^Runtime\.\w+$"
    r"|^Traceback \(most recent call last\):$"
)
_LABEL = 8
_LINES = 6
_CORRECT = "Correct the code in this folder."
_NOT_STARTED = "exit status 126"  # the launcher's, and a shell's
_NOT_STARTED_STEP = "Build `bootstrap` in this folder for this machine, or correct its #! line."
# Error types: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html and
# the official clients' own, such as awslambdaric/bootstrap.py.
_NEXT_STEPS = {
    "Function.ResponseSizeTooLarge": "Answer with at most 6 MB: put larger results into S3.",
    "NotCold": "Check for an INIT that fails or takes longer than Lambda's 10 seconds.",
    "NotJson": "Answer with JSON in UTF-8.",
    "NotWarm": "Check why the previous call ended the environment, or how long INIT takes.",
    "NoReport": "Log less in one call: Lambda returns only the last 4 KB.",
    "Runtime.ExitError": "Check what the function logged; if it logged nothing, log the reason "
    "before it exits.",
    "Runtime.HandlerNotFound": "Give the name of an existing function as `handler` in "
    "workload.toml.",
    "Runtime.ImportModuleError": "Put the modules that the function imports into this folder: only "
    "boto3 is preinstalled.",
    "Runtime.InvalidEntrypoint": "Make `bootstrap` in this folder executable: chmod +x bootstrap.",
    "Runtime.MarshalError": "Answer only with JSON types: numbers, strings, lists, objects.",
    "Runtime.OutOfMemory": "Choose a larger memory size with --memory, or let the function use "
    "less memory.",
    "Sandbox.Timedout": "Raise timeout_s in workload.toml, or choose a larger memory size with "
    "--memory: the CPU share grows with it.",
    "TooDeep": "Answer with fewer levels of lists and objects.",
    "WrongShape": "Answer in the form that [response] in workload.toml describes, or correct "
    "[response].",
}


def failures(run: Run) -> Iterator[Text]:
    """A block for each variant and error type; none where every call was measured."""
    by_kind: dict[tuple[str, str], list[Sample]] = {}
    for sample in run.samples:
        if sample.error is not None:
            by_kind.setdefault((sample.trial.variant, sample.error.type), []).append(sample)
    for variant in run.manifest.workload.variants:
        for (name, kind), samples in by_kind.items():
            if name == variant.name:
                place = Path(run.manifest.workload.root, variant.source)
                yield Text("\n").join(_block(run, kind, samples, place))


def next_step(error: SampleError) -> str:
    """What to do next, by the error type."""
    if error.message.endswith(_NOT_STARTED):
        return _NOT_STARTED_STEP
    return _NEXT_STEPS.get(error.type, _CORRECT)


def message(error: SampleError) -> str:
    """The error message without the request id that Lambda puts before it."""
    return _REQUEST_ID.sub("", error.message)


def _block(run: Run, kind: str, samples: Sequence[Sample], place: Path) -> Iterator[Text]:
    trials = [sample.trial for sample in samples]
    errors = [sample.error for sample in samples if sample.error is not None]
    cases = [run.case_title(name) for name in run.cases]
    where = listed([title for title in cases if title in {run.case_title(t.case) for t in trials}])
    measured = {trial.memory_mb for trial in trials}
    sizes = listed([f"{size:,}" for size in run.memory_sizes if size in measured])
    calls = "1 call" if len(trials) == 1 else f"{len(trials)} calls"
    details = f": {kind}, {calls} on {where} at {sizes} MB"
    yield Text.assemble((run.variant_title(trials[0].variant), HEAD), (details, BAD))
    yield _line("said", _printable(message(errors[0])))
    for index, line in enumerate(_own_words(errors)):
        yield _line("" if index else "logged", line)
    yield _line("where", str(place))
    yield _line("next", next_step(errors[0]))


def _own_words(errors: Sequence[SampleError]) -> list[str]:
    """The last lines that the variant logged, each once."""
    logged = next((error.log for error in errors if error.log), "")
    text = message(errors[0])
    lines = (
        line for line in logged.splitlines() if not (_NOISE.search(line) or line.endswith(text))
    )
    return [_printable(line)[: WIDTH - _LABEL - 2] for line in dict.fromkeys(lines)][-_LINES:]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _line(label: str, value: str) -> Text:
    return labelled(f"  {label}", value, _LABEL + 2)
