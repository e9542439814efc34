from __future__ import annotations

from types import ModuleType

import msgspec
import pytest

from lambdameter.model.sample import SampleError
from lambdameter.report import failures
from lambdameter.report.style import WIDTH


def told(sample_run: ModuleType, error: SampleError) -> list[str]:
    """The section of a run whose second call, of Python, failed like this."""
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    samples[1] = msgspec.structs.replace(samples[1], error=error)
    blocks = failures.failures(sample_run.report_input(manifest, samples))
    return [line for block in blocks for line in block.plain.splitlines()]


def error(**changes: str) -> SampleError:
    known = {"kind": "function", "type": "Runtime.ExitError", "message": "m", "log": ""}
    return msgspec.convert(known | changes, SampleError)


def test_nothing_is_told_of_a_run_without_failures(sample_run: ModuleType) -> None:
    assert list(failures.failures(sample_run.report_input())) == []


def test_a_failure_has_its_variant_its_place_and_its_next_step(sample_run: ModuleType) -> None:
    (head, said, logged, where, following) = told(
        sample_run,
        error(message="RequestId: 1 Error: Runtime exited with error: exit status 3", log="no db"),
    )
    assert head == "Python: Runtime.ExitError, 1 call on CSV at 1,024 MB"
    assert said == "  said    Runtime exited with error: exit status 3"
    assert logged == "  logged  no db"
    assert where.startswith("  where   ")
    assert where.endswith("python")
    assert following.startswith("  next    Check what the function logged")


def test_what_lambda_logs_of_any_failure_is_not_the_variants_own(sample_run: ModuleType) -> None:
    log = "[WARNING] LAMBDA_WARNING: Unhandled\n[ERROR] E: m\nTraceback (most recent call last):\nx"
    lines = told(sample_run, error(type="E", log=log))
    assert [line for line in lines if "logged" in line] == ["  logged  x"]


def test_a_program_that_cannot_be_started_has_a_next_step_of_its_own() -> None:
    not_started = error(message="Runtime exited with error: exit status 126")
    assert "#! line" in failures.next_step(not_started)


def test_an_exception_of_the_handlers_own_is_the_codes_to_correct() -> None:
    assert failures.next_step(error(type="KeyError")) == "Correct the code in this folder."


@pytest.mark.parametrize("log", ["y" * 500, "a\x1b[31mb"])
def test_what_was_logged_stays_on_its_line(sample_run: ModuleType, log: str) -> None:
    lines = told(sample_run, error(log=log))
    assert max(len(line) for line in lines) <= WIDTH
    assert "\x1b" not in "".join(lines)
