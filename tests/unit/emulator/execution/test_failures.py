from __future__ import annotations

import json

import pytest

from lambdameter.emulator.execution import failures


@pytest.mark.parametrize(
    ("returncode", "text"),
    [
        (0, "Runtime exited without providing a reason"),
        (127, "Runtime exited with error: exit status 127"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
        (-12, "Runtime exited with error: signal: signal 12"),
    ],
)
def test_an_exit_is_told_as_aws_tells_it(returncode: int, text: str) -> None:
    failure = failures.exited("some-id", returncode, out_of_memory=False)
    assert json.loads(failure.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: some-id Error: {text}",
    }
    assert failure.ending.error_type == "Runtime.ExitError"
    assert failure.log == f"RequestId: some-id Error: {text}\nRuntime.ExitError\n"


def test_an_oom_kill_is_an_exit_to_the_caller_and_out_of_memory_in_the_report() -> None:
    failure = failures.exited("some-id", -9, out_of_memory=True)
    assert json.loads(failure.payload)["errorType"] == "Runtime.ExitError"
    assert failure.ending.error_type == "Runtime.OutOfMemory"


def test_a_timeout_names_its_seconds_with_two_places() -> None:
    failure = failures.timed_out("some-id", 3, 1_700_000_000_123.0)
    assert json.loads(failure.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: some-id Error: Task timed out after 3.00 seconds",
    }
    assert failure.log == "2023-11-14T22:13:20.123Z some-id Task timed out after 3.00 seconds\n\n"
    assert failure.ending.status == "timeout"


def test_a_response_that_is_too_large_names_the_limit() -> None:
    failure = failures.response_too_large()
    assert json.loads(failure.payload) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        "(6291556 bytes).",
    }


def test_the_runtimes_own_words_reach_the_caller_when_it_cannot_start() -> None:
    failure = failures.init_failed(b'{"errorType":"X"}', "Runtime.ImportModuleError")
    assert failure.payload == b'{"errorType":"X"}'
    assert failure.ending.error_type == "Runtime.ImportModuleError"


def test_a_missing_entrypoint_has_its_own_type() -> None:
    failure = failures.no_entrypoint("some-id", "nothing there")
    assert failure.ending.error_type == "Runtime.InvalidEntrypoint"
