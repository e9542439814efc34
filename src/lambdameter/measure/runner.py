"""The only measuring loop: each trial of a plan becomes one sample on disk.

A trial has these steps: force a new environment, if the trial is the first of its environment;
create a table with the generator's initial items; invoke the function (only this is timed); check
the answer; if the function answered, verify answer and table; delete the table; append the sample.

A sample is a measurement of its trial, or it has an error:

* A cold call without Init Duration in its REPORT is "NotCold": INIT failed or timed out and was
  repeated inside the call, or another environment answered.
* A warm call is "NotWarm" if it has an Init Duration, or if the previous call ended the environment
  (out of memory, timeout, exit, a broken connection): then its Duration includes a suppressed init.
  The call is still made and verified, to learn whether the variant answers after such a failure.
  The call after it is warm again.
* An exception in a handler leaves its environment warm, as on AWS.

The loop knows target, verifier and disk only by the protocols below; experiment.py joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from lambdameter.errors import TargetError
from lambdameter.model.artifact import Deployment, Site
from lambdameter.model.sample import (
    Invocation,
    Meter,
    Report,
    Sample,
    SampleError,
    TargetInfo,
    Trial,
    TrialEquality,
)
from lambdameter.model.workload import Case, ResponseShape, Table, Workload

_OK = 200
_BROKEN = 0  # the status of a broken connection
# Error types of the runtime and the sandbox, after which the environment is lost; other types are a
# handler's own exceptions. Runtime.MarshalError is an answer that is not JSON.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_FATAL = ("Runtime.", "Sandbox.")
_NOT_FATAL = "Runtime.MarshalError"
# Lambda's own lines: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
_LAMBDAS_OWN = ("INIT_START ", "INIT_REPORT ", "START Req", "END Req", "REPORT Req")
_BEGINNING = 60
# Deepest nesting of lists and objects: the comparison of two answers is recursive.
_LEVELS = 200
_TOO_DEEP = SampleError(
    kind="answer",
    type="TooDeep",
    message=f"the response has more than {_LEVELS} levels of lists and objects; deeper "
    "levels are not compared",
)


class Target(Protocol):
    """The part of a target that the loop uses; see targets/base.py."""

    def info(self) -> TargetInfo:
        """The target's description of itself."""
        ...

    def force_cold(self, deployment: Deployment, memory_mb: int, marker: str) -> None:
        """Make the next call start an environment of this memory size."""
        ...

    def invoke(self, deployment: Deployment, payload: bytes) -> Invocation:
        """Invoke once."""
        ...

    def rest(self) -> None:
        """Wait before a warm call."""
        ...

    def create_table(self, name: str, table: Table) -> None:
        """Make an empty table."""
        ...

    def put_items(self, name: str, items: Iterable[Any]) -> None:
        """Write items into it."""
        ...

    def delete_table(self, name: str) -> None:
        """Delete it."""
        ...


class Verify(Protocol):
    """Compares a trial's answer and table with the expected result."""

    def __call__(self, trial: Trial, response: Any, table: str | None) -> TrialEquality:
        """Verify; `table` is the name of the trial's table, None if the workload has none."""
        ...


class Progress(Protocol):
    """Gets every trial and sample of the loop; must not raise."""

    def started(self, trial: Trial) -> None:
        """The trial is about to be made."""
        ...

    def finished(self, sample: Sample) -> None:
        """Its sample is on disk."""
        ...


class TrialContext(msgspec.Struct, frozen=True, kw_only=True):
    """The tools of the loop.

    Attributes:
        read: the REPORT and meter of an answer (targets/answer.py).
        initial: the items in a trial's table before its call.
        canonical: the part of a response that must be the same in all variants.
        append: writes a sample and returns when it is on disk.
        now: the current time with its zone.
    """

    target: Target
    read: Callable[[Invocation], tuple[Report | None, Meter | None]]
    initial: Callable[[Trial], Iterable[Any]]
    verify: Verify
    canonical: Callable[[Any], str]
    append: Callable[[Sample], None]
    now: Callable[[], datetime]
    progress: Progress


def execute(plan: Sequence[Trial], workload: Workload, site: Site, context: TrialContext) -> None:
    """Make every trial of the plan, in order; the samples go to `context.append`.

    Raises:
        TargetError: the target failed; the samples so far are on disk. Tables that could not be
            deleted are in a note.
    """
    environment: int | None = None
    warm = False
    for trial in plan:
        context.progress.started(trial)
        if trial.environment != environment:
            environment, warm = trial.environment, False
            context.target.force_cold(
                site.deployments[trial.variant], trial.memory_mb, f"{site.prefix}-{environment}"
            )
        else:
            context.target.rest()
        sample = _measure(trial, workload, site, context, warm=warm)
        warm = _environment_lives(sample)
        context.append(sample)
        context.progress.finished(sample)


def _measure(
    trial: Trial, workload: Workload, site: Site, context: TrialContext, *, warm: bool
) -> Sample:
    name = f"{site.prefix}-{trial.index}"
    with _table(context.target, name, workload.table, context.initial(trial)):
        payload = _event(trial, workload, site, name)
        started_at = context.now().isoformat(timespec="milliseconds")
        invocation = context.target.invoke(site.deployments[trial.variant], payload)
        if invocation.status == _BROKEN:
            context.target.info()  # raises if the target died, which is not the variant's fault
        report, meter = context.read(invocation)
        response, error = _judge(trial, workload.response, invocation, report, warm=warm)
        if error is not None:
            error = msgspec.structs.replace(error, log=_logged(invocation.log_tail))
        answered = invocation.status == _OK and invocation.function_error is None
        return Sample(
            trial=trial,
            started_at=started_at,
            client_ms=invocation.client_ms,
            error=error,
            report=report,
            meter=meter,
            response=response,
            equality=context.verify(trial, response, name if workload.table else None)
            if answered
            else None,
            canonical_response=context.canonical(response) if answered else None,
        )


@contextmanager
def _table(
    target: Target, name: str, table: Table | None, initial: Iterable[Any]
) -> Iterator[None]:
    """The trial's own table with its initial items, while the context lasts."""
    if table is None:
        yield
        return
    target.create_table(name, table)
    try:
        target.put_items(name, initial)
        yield
    except BaseException as failure:
        try:
            target.delete_table(name)
        except TargetError as leftover:
            failure.add_note(f"Left behind: table {name}: {leftover}")
        raise
    target.delete_table(name)


def _event(trial: Trial, workload: Workload, site: Site, table: str) -> bytes:
    case: Case = next(case for case in workload.cases if case.name == trial.case)
    filled = {
        "{bucket}": site.bucket,
        "{object}": site.objects[trial.call].get(case.name, ""),
        "{table}": table,
    }
    return msgspec.json.encode(_fill(case.event, filled))


def _fill(template: Any, filled: Mapping[str, str]) -> Any:
    match template:
        case dict():
            return {name: _fill(value, filled) for name, value in template.items()}
        case list():
            return [_fill(value, filled) for value in template]
        case str():
            for placeholder, value in filled.items():
                template = template.replace(placeholder, value)
    return template


def _judge(
    trial: Trial,
    shape: ResponseShape,
    invocation: Invocation,
    report: Report | None,
    *,
    warm: bool,
) -> tuple[Any, SampleError | None]:
    """The answer's JSON, and why the sample is not a measurement; None if it is one."""
    response, error = answer_of(invocation, report, shape)
    if error is None:
        error = _wrong_shape(response, shape)
    if error is None:
        error = _wrong_call(trial, report, warm=warm)
    return response, error


def answer_of(
    invocation: Invocation, report: Report | None, shape: ResponseShape
) -> tuple[Any, SampleError | None]:
    """The function's answer with the JSON in its strings parsed, and its error if it failed."""
    response, error = _decoded(invocation.payload)
    if invocation.status != _OK or invocation.function_error is not None:
        return response, _failure(invocation, response, report)
    return (
        (response, error) if error is not None else parse_json_strings(response, shape.json_strings)
    )


def _logged(log_tail: str) -> str:
    lines = (line.rstrip() for line in log_tail.replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith(_LAMBDAS_OWN))


def _failure(invocation: Invocation, response: Any, report: Report | None) -> SampleError:
    answer = response if isinstance(response, dict) else {}
    reported = report.error_type if report else None
    return SampleError(
        kind="invoke" if invocation.function_error is None else "function",
        type=reported or str(answer.get("errorType") or f"status {invocation.status}"),
        message=str(answer.get("errorMessage") or invocation.payload.decode(errors="replace")),
    )


def _decoded(payload: bytes) -> tuple[Any, SampleError | None]:
    """A payload's JSON, or why it is not JSON."""
    try:
        response = msgspec.json.decode(payload)
    except RecursionError:
        return None, _TOO_DEEP
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        begins = payload[:_BEGINNING].decode(errors="backslashreplace")
        return None, SampleError(
            kind="answer",
            type="NotJson",
            message=f"the response is not JSON ({failure}); it begins with {begins}",
        )
    return (None, _TOO_DEEP) if _is_deep(response) else (response, None)


def _is_deep(response: Any) -> bool:
    if not isinstance(response, dict | list):
        return False
    level = [response]
    for _ in range(_LEVELS):
        holders = (holder.values() if isinstance(holder, dict) else holder for holder in level)
        level = [below for held in holders for below in held if isinstance(below, dict | list)]
        if not level:
            return False
    return True


def parse_json_strings(response: Any, paths: Sequence[str]) -> tuple[Any, SampleError | None]:
    """The answer with these strings replaced by the JSON that they hold."""
    for path in paths:
        *parents, last = path.split(".")
        holder = response
        for name in parents:
            holder = holder.get(name) if isinstance(holder, dict) else None
        text = holder.get(last) if isinstance(holder, dict) else None
        inner, error = _decoded(text.encode() if isinstance(text, str) else b"")
        if error is _TOO_DEEP:
            return None, error
        if error is not None:
            return response, SampleError(
                kind="answer",
                type="NotJson",
                message=f"the response has no JSON string at {path}, as workload.toml requires",
            )
        holder[last] = inner
    return response, None


def _wrong_shape(response: Any, shape: ResponseShape) -> SampleError | None:
    wanted: dict[str, Any] = {} if shape.count is None else {shape.count: int}
    wanted |= {} if shape.total is None else {shape.total: int | float}
    wanted |= {phase.field: int | float for phase in shape.phases}
    for path, kind in wanted.items():
        value = response
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, bool) or not isinstance(value, kind):
            return SampleError(
                kind="answer",
                type="WrongShape",
                message=f"the response has no number at {path}, as workload.toml requires",
            )
    return None


def _wrong_call(trial: Trial, report: Report | None, *, warm: bool) -> SampleError | None:
    if report is None:
        return SampleError(
            kind="invoke", type="NoReport", message="the log tail has no REPORT line"
        )
    if trial.call == "cold" and report.init_ms is None:
        return SampleError(
            kind="invoke", type="NotCold", message="a forced cold call has no Init Duration"
        )
    if trial.call == "warm" and (report.init_ms is not None or not warm):
        return SampleError(
            kind="invoke",
            type="NotWarm",
            message="Lambda created a new execution environment for this call"
            if report.init_ms is not None
            else "the previous call ended the execution environment: this Duration "
            "includes an init",
        )
    return None


def _environment_lives(sample: Sample) -> bool:
    """Whether the environment still exists after this call."""
    error = sample.error
    if error is None or error.kind == "answer":
        return True
    if error.kind == "invoke":
        return sample.equality is not None
    timed_out = sample.report is not None and sample.report.status == "timeout"
    fatal = error.type.startswith(_FATAL) and error.type != _NOT_FATAL
    return not (timed_out or fatal)
