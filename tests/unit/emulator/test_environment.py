from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from lambdameter.emulator.environment import Environment
from lambdameter.emulator.invocation import InvocationRequest, Outcome
from lambdameter.emulator.lifecycle import InvalidTransitionError, State
from lambdameter.emulator.placement import new_identity
from lambdameter.emulator.runtime_api.answers import InvalidRequestIdError
from lambdameter.errors import HostError
from lambdameter.model import Modelled, ServiceTime

EVENT = b'{"n":1}'


@pytest.fixture
def environment(host: Any, blueprint: Any) -> Environment:
    return Environment(new_identity(0.0), blueprint, host.surroundings(), "/host/tmp")


async def echo(runtime: Any) -> None:
    """INIT of 80 ms with 40 of CPU; every event takes 5 ms with 4 of CPU, and 1 ms after it."""
    runtime.process.write("loading\n")
    runtime.work(80.0, cpu_ms=40.0)
    while (delivery := await runtime.peer.next_event()) is not None:
        request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
        runtime.process.write(f"handling {request_id}\n")
        runtime.work(5.0, cpu_ms=4.0)
        runtime.peer.respond(request_id, delivery.payload)
        runtime.work(1.0)


async def invoke(environment: Environment, request_id: str = "r1") -> Outcome:
    return await environment.invoke(InvocationRequest(request_id=request_id, payload=EVENT))


async def test_a_cold_invocation_pays_its_init_apart(host: Any, environment: Environment):
    host.script = echo
    outcome = await invoke(environment)
    assert (outcome.payload, outcome.error) == (EVENT, None)
    assert outcome.report.init_ms == 80.0
    assert outcome.report.duration_ms == 6.0
    assert outcome.report.billed_ms == 86
    assert outcome.meter.cpu_ms == 4.0
    assert outcome.meter.init_cpu_ms == 40.0


async def test_what_aws_adds_to_init_is_waited_for_and_labelled(host: Any, blueprint: Any):
    host.script = echo
    modelled = Modelled(init_ms=25.0, memory_mb=12, hidden_start_ms=6.0)
    blueprint = msgspec.structs.replace(blueprint, modelled=modelled)
    environment = Environment(new_identity(0.0), blueprint, host.surroundings(), "/host/tmp")
    asked = asyncio.ensure_future(invoke(environment))
    for _ in range(20):
        await asyncio.sleep(0)
    assert host.clock.timers[-1].due_ms - host.clock.ms == 25.0
    assert not asked.done()
    host.clock.advance(25.0)
    outcome = await asked
    assert outcome.report.init_ms == 105.0
    assert outcome.report.duration_ms == 6.0
    assert outcome.report.max_memory_mb == 22
    assert (outcome.meter.modelled, outcome.meter.peak_memory_mb) == (modelled, 10.0)


async def test_duration_runs_from_the_delivery_until_the_runtime_asks_again(
    host: Any, environment: Environment
):
    host.script = echo
    await invoke(environment)
    host.clock.advance(60_000.0)
    assert (await invoke(environment, "r2")).report.duration_ms == 6.0


async def test_a_warm_invocation_has_neither_init_nor_its_cpu(host: Any, environment: Environment):
    host.script = echo
    await invoke(environment)
    warm = await invoke(environment, "r2")
    assert warm.report.init_ms is None
    assert warm.meter.init_cpu_ms is None


async def test_the_log_is_this_invocations_alone_and_init_output_is_the_cold_ones(
    host: Any, environment: Environment
):
    host.script = echo
    cold, warm = await invoke(environment), await invoke(environment, "r2")
    lines = cold.log.text().decode().splitlines()
    assert lines[:4] == [
        "loading",
        "START RequestId: r1 Version: $LATEST",
        "handling r1",
        "END RequestId: r1",
    ]
    assert "Init Duration: 80.00 ms" in lines[4]
    assert warm.log.text().decode().splitlines()[:3] == [
        "START RequestId: r2 Version: $LATEST",
        "handling r2",
        "END RequestId: r2",
    ]


async def test_the_environment_is_frozen_but_for_init_and_invocations(
    host: Any, environment: Environment
):
    host.script = echo
    await invoke(environment)
    await invoke(environment, "r2")
    assert host.sandboxes[0].calls == [
        "spawn",
        *("freeze", "throttle"),
        *("thaw", "freeze"),
        *("thaw", "freeze"),
    ]


async def test_the_event_carries_its_deadline_and_the_functions_arn(
    host: Any, environment: Environment
):
    seen: list[dict[str, str]] = []

    async def script(runtime: Any) -> None:
        delivery = await runtime.peer.next_event()
        seen.append(delivery.headers)
        runtime.peer.respond("r1", b"")
        await runtime.peer.next_event()

    host.script = script
    await invoke(environment)
    assert seen[0]["Lambda-Runtime-Deadline-Ms"] == "1700000004000"
    assert seen[0]["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:f")
    await environment.destroy()


async def test_an_error_of_the_handler_leaves_the_environment_warm(
    host: Any, environment: Environment
):
    async def script(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
            runtime.peer.report_error(request_id, b'{"errorType":"ValueError"}')

    host.script = script
    outcome = await invoke(environment)
    assert (outcome.payload, outcome.error) == (b'{"errorType":"ValueError"}', "Unhandled")
    assert outcome.report.status is None
    assert environment.state is State.IDLE
    assert len(host.sandboxes) == 1


async def test_an_exit_resets_and_the_next_invocation_pays_a_suppressed_init(
    host: Any, environment: Environment
):
    async def dies_once(runtime: Any) -> None:
        if len(host.sandboxes) == 1:
            await runtime.peer.next_event()
            runtime.work(2.0)
            runtime.process.exit(3)
        else:
            await echo(runtime)

    host.script = dies_once
    died = await invoke(environment)
    assert json.loads(died.payload)["errorMessage"].endswith("exit status 3")
    assert (died.report.status, died.report.error_type) == ("error", "Runtime.ExitError")
    assert environment.state is State.RESET
    after = await invoke(environment, "r2")
    assert after.payload == EVENT
    assert after.report.init_ms is None
    assert after.report.duration_ms == 86.0
    assert after.meter.cpu_ms == 44.0
    assert host.sandboxes[1].calls == ["spawn", "throttle", "freeze"]


async def test_an_oom_kill_is_told_as_one(host: Any, environment: Environment):
    async def script(runtime: Any) -> None:
        await runtime.peer.next_event()
        runtime.out_of_memory()

    host.script = script
    outcome = await invoke(environment)
    assert outcome.report.error_type == "Runtime.OutOfMemory"
    assert json.loads(outcome.payload)["errorMessage"].endswith("signal: killed")
    assert outcome.report.max_memory_mb == 128


async def test_a_timeout_kills_and_is_billed_as_the_timeout(host: Any, environment: Environment):
    async def script(runtime: Any) -> None:
        await runtime.peer.next_event()
        runtime.work(3_500.0)

    host.script = script
    outcome = await invoke(environment)
    assert json.loads(outcome.payload)["errorType"] == "Sandbox.Timedout"
    assert outcome.report.duration_ms == 3_000.0
    assert outcome.report.status == "timeout"
    assert host.sandboxes[0].calls[-1] == "destroy"
    assert host.addresses[0].closed


async def test_an_init_over_ten_seconds_is_run_again_inside_the_invocation(
    host: Any, environment: Environment
):
    async def slow_once(runtime: Any) -> None:
        if len(host.sandboxes) == 1:
            runtime.work(10_000.0)
        else:
            await echo(runtime)

    host.script = slow_once
    outcome = await invoke(environment)
    assert outcome.payload == EVENT
    assert outcome.report.init_ms is None
    assert outcome.report.duration_ms == 86.0
    first = outcome.log.text().decode().splitlines()[0]
    assert first == "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout"


async def test_a_runtime_that_cannot_start_is_tried_twice_and_has_the_last_word(
    host: Any, environment: Environment
):
    async def script(runtime: Any) -> None:
        runtime.work(7.0)
        runtime.process.write("cannot import\n")
        runtime.peer.report_init_error("Runtime.ImportModuleError", b'{"errorType":"mine"}')
        runtime.process.exit(1)

    host.script = script
    outcome = await invoke(environment)
    assert (outcome.payload, outcome.error) == (b'{"errorType":"mine"}', "Unhandled")
    assert outcome.report.error_type == "Runtime.ImportModuleError"
    assert outcome.report.duration_ms == 7.0
    assert len(host.sandboxes) == 2
    lines = outcome.log.text().decode().splitlines()
    failed = "Init Duration: 7.00 ms\tPhase: {}\tStatus: error\tError Type: "
    failed += "Runtime.ImportModuleError"
    assert lines[:5] == [
        "cannot import",
        "INIT_REPORT " + failed.format("init"),
        "cannot import",
        "INIT_REPORT " + failed.format("invoke"),
        "START RequestId: r1 Version: $LATEST",
    ]


async def test_a_missing_entrypoint_starts_nothing(host: Any, blueprint: Any):
    blueprint = msgspec.structs.replace(blueprint, entrypoint_error="Couldn't find it")
    environment = Environment(new_identity(0.0), blueprint, host.surroundings(), "/host/tmp")
    outcome = await invoke(environment)
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": "RequestId: r1 Error: Couldn't find it",
    }
    assert host.sandboxes == []


async def test_a_response_that_is_too_large_is_the_answer_whatever_the_runtime_does_then(
    host: Any, environment: Environment
):
    async def script(runtime: Any) -> None:
        await runtime.peer.next_event()
        runtime.peer.respond("r1", None)
        runtime.process.exit(1)

    host.script = script
    outcome = await invoke(environment)
    assert json.loads(outcome.payload)["errorType"] == "Function.ResponseSizeTooLarge"
    assert outcome.report.error_type == "Function.ResponseSizeTooLarge"


async def test_the_meter_gives_what_the_data_plane_did_for_this_invocation(
    host: Any, environment: Environment
):
    async def script(runtime: Any) -> None:
        host.served = ServiceTime(requests={"s3.GetObject": 1}, modelled_ms=1.0)
        while (delivery := await runtime.peer.next_event()) is not None:
            host.served = ServiceTime(
                requests={"s3.GetObject": 1, "dynamodb.PutItem": 25}, modelled_ms=7.0
            )
            runtime.peer.respond(delivery.headers["Lambda-Runtime-Aws-Request-Id"], b"")

    host.script = script
    outcome = await invoke(environment)
    assert outcome.meter.service == ServiceTime(requests={"dynamodb.PutItem": 25}, modelled_ms=6.0)


async def test_answers_for_another_invocation_are_refused(host: Any, environment: Environment):
    refused: list[type[Exception]] = []

    async def script(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            for call in (
                lambda: runtime.peer.respond("another", b""),
                lambda: runtime.peer.report_init_error("Runtime.Unknown", b""),
            ):
                try:
                    call()
                except (InvalidRequestIdError, InvalidTransitionError) as error:
                    refused.append(type(error))
            request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
            runtime.peer.respond(request_id, b"1")

    host.script = script
    assert (await invoke(environment)).payload == b"1"
    assert refused == [InvalidRequestIdError, InvalidTransitionError]


async def test_a_crash_while_it_is_idle_is_paid_by_the_next_invocation(
    host: Any, environment: Environment
):
    host.script = echo
    await invoke(environment)
    host.sandboxes[0].process.exit(-9)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    after = await invoke(environment, "r2")
    assert after.payload == EVENT
    assert after.report.init_ms is None
    assert after.report.duration_ms == 86.0


async def test_the_process_sees_its_own_tmp_and_runtime_api(host: Any, environment: Environment):
    host.script = echo
    await invoke(environment)
    spec = host.sandboxes[0].spec
    assert spec.mounts == {"/var/task": "/code", "/tmp": "/host/tmp"}  # noqa: S108 - inside
    assert spec.environment["AWS_LAMBDA_RUNTIME_API"] == host.addresses[0].address
    assert spec.environment["AWS_ACCESS_KEY_ID"] == environment.identity.access_key_id


async def test_a_runtime_that_dies_after_its_response_has_answered_and_is_reset(
    host: Any, environment: Environment
):
    async def script(runtime: Any) -> None:
        await runtime.peer.next_event()
        runtime.peer.respond("r1", b"1")
        runtime.work(2.0)
        runtime.process.exit(1)

    host.script = script
    outcome = await invoke(environment)
    assert (outcome.payload, outcome.error) == (b"1", None)
    assert (outcome.report.duration_ms, outcome.report.error_type) == (2.0, "Runtime.ExitError")
    assert environment.state is State.RESET


async def test_an_environment_that_does_not_freeze_fails_the_invocation(
    host: Any, environment: Environment
):
    host.script = echo
    await invoke(environment)

    def stuck() -> None:
        raise HostError("the environment did not freeze", next_step="Look.")

    host.sandboxes[0].freeze = stuck
    with pytest.raises(HostError, match="did not freeze"):
        await invoke(environment, "r2")
    await environment.destroy()


async def test_a_response_that_comes_after_the_timeout_is_refused(
    host: Any, environment: Environment
):
    refused: list[type[Exception]] = []

    async def script(runtime: Any) -> None:
        await runtime.peer.next_event()
        runtime.work(3_000.0)
        try:
            runtime.peer.respond("r1", b"late")
        except InvalidTransitionError as error:
            refused.append(type(error))

    host.script = script
    outcome = await invoke(environment)
    assert refused == [InvalidTransitionError]
    assert json.loads(outcome.payload)["errorType"] == "Sandbox.Timedout"


async def test_nothing_is_logged_after_report_while_the_process_is_killed(
    host: Any, environment: Environment
):
    async def script(runtime: Any) -> None:
        kill = runtime.sandbox.destroy

        async def destroy() -> None:
            runtime.process.write("last words\n")
            await kill()

        runtime.sandbox.destroy = destroy
        await runtime.peer.next_event()
        runtime.work(3_000.0)

    host.script = script
    log = (await invoke(environment)).log.text().decode()
    assert "last words" not in log
    assert log.splitlines()[-1].startswith("REPORT")


async def test_what_a_killed_process_did_to_the_end_is_its_invocations(
    host: Any, environment: Environment
):
    async def script(runtime: Any) -> None:
        kill = runtime.sandbox.destroy

        async def destroy() -> None:
            host.served = ServiceTime(requests={"s3.GetObject": 2}, modelled_ms=9.0)
            await kill()

        runtime.sandbox.destroy = destroy
        await runtime.peer.next_event()
        runtime.peer.respond("r1", b"1")
        runtime.process.exit(1)

    host.script = script
    outcome = await invoke(environment)
    assert outcome.meter.service == ServiceTime(requests={"s3.GetObject": 2}, modelled_ms=9.0)


async def test_an_invocation_that_is_cancelled_while_it_kills_leaves_all_to_destroy(
    host: Any, environment: Environment
):
    killing = asyncio.Event()

    async def script(runtime: Any) -> None:
        kill = runtime.sandbox.destroy

        async def destroy() -> None:
            if not killing.is_set():
                killing.set()
                await asyncio.Event().wait()
            await kill()

        runtime.sandbox.destroy = destroy
        await runtime.peer.next_event()
        runtime.work(3_000.0)

    host.script = script
    invocation = asyncio.ensure_future(invoke(environment))
    await killing.wait()
    invocation.cancel()
    await asyncio.wait((invocation,))
    assert host.sandboxes[0].process.returncode is None
    await environment.destroy()
    assert host.sandboxes[0].process.returncode == -9
    assert host.addresses[0].closed


async def test_destroying_ends_the_process_and_the_waiting_runtime(
    host: Any, environment: Environment
):
    host.script = echo
    await invoke(environment)
    await environment.destroy()
    await environment.destroy()
    await asyncio.gather(*host.tasks)
    assert host.sandboxes[0].calls.count("destroy") == 1
    assert environment.state is State.DEAD
