from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdameter import binaries
from lambdameter.errors import HostError

Deploy = Callable[..., Any]
Package = Callable[..., bytes]


ECHO = """
print("loading")
def handler(event, context):
    print("handling", context.aws_request_id)
    return event
"""
MISBEHAVE = """
import os, sys, time
def handler(event, context):
    match event:
        case "raise": raise ValueError("no")
        case "exit": os._exit(3)
        case "quiet": os._exit(0)
        case "sleep": time.sleep(30)
        case "allocate": return len(bytearray(400 << 20))
        case "large": return "x" * 6_300_000
        case "where": return os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
    return os.getpid()
"""
# Each environment has a log stream of its own.
WHERE = """
import os, time
def handler(event, context):
    time.sleep(event)
    return os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
"""
# Bash speaks TCP by itself, and lies where the function's unprivileged user may run it.
BOOTSTRAP = r"""#!/bin/bash
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API#*:}
api=2018-06-01/runtime/invocation
while true; do
  exec 3<>/dev/tcp/$host/$port
  printf 'GET /%s/next HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' $api $host >&3
  while IFS=$'\r' read -r line <&3 && [ -n "$line" ]; do
    case ${line,,} in
      lambda-runtime-aws-request-id:*) id=${line#*: } ;;
      content-length:*) length=${line#*: } ;;
    esac
  done
  IFS= read -r -N "$length" event <&3
  answer="{\"event\":$event,\"name\":\"$AWS_LAMBDA_FUNCTION_NAME\",\"tz\":\"$TZ\","
  answer+="\"managed\":\"$AWS_EXECUTION_ENV\",\"root\":\"$LAMBDA_TASK_ROOT\"}"
  exec 3<>/dev/tcp/$host/$port
  printf 'POST /%s/%s/response HTTP/1.1\r\nHost: %s\r\n' $api $id $host >&3
  printf 'Connection: close\r\nContent-Length: %d\r\n\r\n%s' ${#answer} "$answer" >&3
  cat <&3 >/dev/null
done
"""

METERED = pytest.mark.local("it reads the emulator's meter")


@pytest.mark.parametrize("runtime", ["python3.11", "python3.12", "python3.13"])
def test_a_managed_runtime_answers_through_the_official_client(
    deploy: Deploy, runtime: str
) -> None:
    function = deploy(ECHO, Runtime=runtime)
    assert function.invoke({"n": 1}).payload == {"n": 1}


def test_the_log_tail_is_awss_to_the_letter(deploy: Deploy) -> None:
    answered = deploy(ECHO).invoke({})
    request_id = answered.report.request_id
    number = r"\d+\.\d\d"
    assert re.fullmatch(
        "loading\n"
        rf"START RequestId: {request_id} Version: \$LATEST\n"
        f"handling {request_id}\n"
        f"END RequestId: {request_id}\n"
        rf"REPORT RequestId: {request_id}\tDuration: {number} ms\tBilled Duration: \d+ ms\t"
        rf"Memory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: {number} ms\t\n",
        answered.log,
    )


def test_only_a_cold_start_has_an_init_duration_and_an_update_makes_the_next_call_cold(
    deploy: Deploy,
) -> None:
    function = deploy(WHERE)
    cold, warm = function.invoke(0), function.invoke(0)
    function.configure(Environment={"Variables": {"ROUND": "2"}})
    again = function.invoke(0)
    assert cold.report.init_ms is not None
    assert warm.report.init_ms is None
    assert again.report.init_ms is not None
    assert cold.payload == warm.payload != again.payload


def test_new_code_serves_after_the_waiter(deploy: Deploy, package: Package) -> None:
    function = deploy(ECHO)
    function.invoke({})
    code = "def handler(event, context): return 'new'"
    function.client.update_function_code(
        FunctionName=function.name, ZipFile=package(handler_py=code)
    )
    function.client.get_waiter("function_updated_v2").wait(FunctionName=function.name)
    assert function.invoke({}).payload == "new"


def test_an_exception_of_the_handler_leaves_the_environment_warm(deploy: Deploy) -> None:
    function = deploy(MISBEHAVE)
    pid = function.invoke("pid").payload
    raised = function.invoke("raise")
    assert raised.error == "Unhandled"
    assert (raised.payload["errorType"], raised.payload["errorMessage"]) == ("ValueError", "no")
    assert raised.report.status is None
    assert function.invoke("pid").payload == pid


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("exit", "Runtime exited with error: exit status 3"),
        ("quiet", "Runtime exited without providing a reason"),
    ],
)
def test_an_exit_resets_the_environment(deploy: Deploy, event: str, told: str) -> None:
    function = deploy(MISBEHAVE)
    before = function.invoke("where")
    exited = function.invoke(event)
    assert exited.error == "Unhandled"
    assert exited.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {exited.report.request_id} Error: {told}",
    }
    assert (exited.report.status, exited.report.error_type) == ("error", "Runtime.ExitError")
    after = function.invoke("where")
    assert after.report.init_ms is None
    assert after.report.duration_ms > 10
    assert after.payload == before.payload


def test_a_timeout_is_told_and_billed_as_one(deploy: Deploy) -> None:
    function = deploy(MISBEHAVE, Timeout=1)
    timed_out = function.invoke("sleep")
    assert timed_out.payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {timed_out.report.request_id} "
        "Error: Task timed out after 1.00 seconds",
    }
    assert timed_out.report.status == "timeout"
    # A loop that wakes often, as the duty cycle's, ends its whole milliseconds up to one early.
    assert timed_out.report.duration_ms == 1000
    assert function.invoke("pid").error is None


def test_memory_over_the_tier_is_an_out_of_memory(deploy: Deploy, sandbox: str) -> None:
    if sandbox == "none":
        assert deploy(MISBEHAVE).invoke("allocate").payload == 400 << 20
        return
    killed = deploy(MISBEHAVE).invoke("allocate")
    assert killed.payload["errorType"] == "Runtime.ExitError"
    assert killed.payload["errorMessage"].endswith("signal: killed")
    assert killed.report.error_type == "Runtime.OutOfMemory"
    assert killed.report.max_memory_mb == 128


def test_a_response_over_six_megabytes_is_the_functions_error(deploy: Deploy) -> None:
    function = deploy(MISBEHAVE, MemorySize=1769)
    assert function.invoke("large").payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert function.invoke("pid").error is None


def test_a_payload_over_six_megabytes_is_refused(deploy: Deploy) -> None:
    function = deploy(ECHO)
    with pytest.raises(function.client.exceptions.RequestTooLargeException):
        function.client.invoke(FunctionName=function.name, Payload=b'"' + b"x" * 6_291_456 + b'"')


def test_a_module_that_cannot_be_imported_is_tried_twice_and_named(deploy: Deploy) -> None:
    failed = deploy("import nothing_of_that_name").invoke({})
    assert failed.payload["errorType"] == "Runtime.ImportModuleError"
    assert failed.report.error_type == "Runtime.ImportModuleError"
    assert failed.report.init_ms is None
    assert failed.log.count("INIT_REPORT") == 2


def test_a_background_thread_runs_only_while_the_function_is_invoked(deploy: Deploy) -> None:
    function = deploy(
        """
import threading, time
count = 0
def work():
    global count
    while True:
        count += 1
        time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()
def handler(event, context):
    before = count
    time.sleep(event)
    return [before, count]
"""
    )
    _, first = function.invoke(0.2).payload
    time.sleep(0.5)
    second, third = function.invoke(0.2).payload
    # It sleeps a millisecond a turn: half a second of freedom would outgrow the 0.2 s invoked.
    assert second - first < third - second


@pytest.mark.isolated  # without isolation /tmp is the host's
def test_what_stands_in_tmp_outlives_an_invocation_and_a_reset(deploy: Deploy) -> None:
    function = deploy(
        """
import os, pathlib
seen = pathlib.Path("/tmp/seen")
def handler(event, context):
    before = seen.read_text() if seen.exists() else None
    seen.write_text(event)
    if event == "die": os._exit(1)
    return before
"""
    )
    assert function.invoke("one").payload is None
    assert function.invoke("die").error == "Unhandled"
    assert function.invoke("two").payload == "die"


def test_a_package_with_its_own_bootstrap_needs_no_managed_runtime(
    deploy: Deploy, package: Package, sandbox: str
) -> None:
    function = deploy(
        Runtime="provided.al2023", Handler="any", Code={"ZipFile": package(bootstrap=BOOTSTRAP)}
    )
    found = function.invoke({"n": 2}).payload
    assert found["event"] == {"n": 2}
    assert (found["name"], found["tz"], found["managed"]) == (function.name, ":UTC", "")
    assert (found["root"] == "/var/task") is (sandbox not in {"duty-cycle", "none"})
    assert function.invoke({"n": 3}).payload["event"] == {"n": 3}


def test_a_package_without_bootstrap_is_an_invalid_entrypoint(deploy: Deploy) -> None:
    failed = deploy("", Runtime="provided.al2023", Handler="any").invoke({})
    assert failed.payload["errorType"] == "Runtime.InvalidEntrypoint"
    assert "Couldn't find valid bootstrap(s)" in failed.payload["errorMessage"]


def test_the_packages_own_modules_win_over_the_runtimes(deploy: Deploy, package: Package) -> None:
    code = "import boto3\ndef handler(event, context): return boto3.__file__"
    function = deploy(Code={"ZipFile": package(handler_py=code, boto3_py="")})
    assert function.invoke({}).payload.endswith("/boto3.py")


@METERED
def test_cpu_time_is_the_invocations_own(deploy: Deploy) -> None:
    function = deploy(
        """
import time
def handler(event, context):
    end = time.process_time() + 0.1
    while time.process_time() < end: pass
""",
        MemorySize=1769,
    )
    cold, warm = function.invoke(None), function.invoke(None)
    for answered in (cold, warm):
        assert answered.meter.cpu_ms is not None
        assert 90 <= answered.meter.cpu_ms <= 140
    assert cold.meter.init_cpu_ms is not None
    assert warm.meter.init_cpu_ms is None


@METERED
@pytest.mark.isolated
def test_the_tier_is_a_share_of_a_vcpu(deploy: Deploy) -> None:
    function = deploy(
        """
import time
def handler(event, context):
    end = time.process_time() + 0.1
    while time.process_time() < end: pass
""",
        Timeout=30,
    )
    function.invoke(None)
    warm = function.invoke(None)
    # One burst and one pause more or less, in some twenty; a busy host grants less, never more.
    assert warm.meter.cpu_ms / warm.report.duration_ms < 1.2 * 128 / 1769
    assert warm.meter.throttled_ms > warm.meter.cpu_ms


@METERED
@pytest.mark.isolated
def test_a_timeout_ends_one_that_is_held_for_its_quota(deploy: Deploy) -> None:
    function = deploy(
        """
def handler(event, context):
    while event: pass
    return "back"
""",
        Timeout=1,
    )
    function.invoke(None)
    busy = function.invoke("busy")
    assert busy.payload["errorType"] == "Sandbox.Timedout"
    assert busy.meter.throttled_ms > 0
    assert function.invoke(None).payload == "back"


@pytest.mark.local("what holds it between two events is the emulator's")
def test_one_on_tokio_is_held_while_it_waits_for_the_next_event_and_notices_nothing(
    deploy: Deploy, package: Package
) -> None:
    try:
        bootstrap = binaries.find("noop").read_bytes()
    except HostError as missing:
        pytest.skip(str(missing))
    function = deploy(
        Runtime="provided.al2023", Handler="any", Code={"ZipFile": package(bootstrap=bootstrap)}
    )
    answers = [function.invoke(number) for number in range(100)]
    assert [answered.payload for answered in answers] == list(range(100))
    assert {answered.error for answered in answers} == {None}


def test_invocations_at_once_have_environments_of_their_own(deploy: Deploy) -> None:
    function = deploy(WHERE, MemorySize=1769)
    with ThreadPoolExecutor() as pool:
        places = {answered.payload for answered in pool.map(function.invoke, [0.3] * 3)}
    assert len(places) == 3
    assert function.invoke(0).payload in places


def test_functions_are_listed_and_deleted(deploy: Deploy) -> None:
    function = deploy(ECHO)
    function.invoke({})
    pages = function.client.get_paginator("list_functions").paginate()
    names = [one["FunctionName"] for page in pages for one in page["Functions"]]
    assert function.name in names
    function.client.delete_function(FunctionName=function.name)
    with pytest.raises(function.client.exceptions.ResourceNotFoundException):
        function.client.get_function(FunctionName=function.name)


def test_a_name_that_is_taken_is_a_conflict(deploy: Deploy) -> None:
    function = deploy(ECHO)
    with pytest.raises(function.client.exceptions.ResourceConflictException) as error:
        deploy(ECHO, FunctionName=function.name)
    assert error.value.response["Error"]["Message"] == f"Function already exist: {function.name}"


def test_a_tier_out_of_bounds_is_a_validation_exception(deploy: Deploy) -> None:
    with pytest.raises(ClientError) as error:
        deploy(ECHO, MemorySize=10_241)
    told = error.value.response["Error"]
    assert told["Code"] == "ValidationException"
    assert told["Message"].startswith("1 validation error detected: Value '10241' at 'memorySize'")
