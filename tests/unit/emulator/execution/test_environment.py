from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.emulator.execution.environment import INIT_LIMIT_MS, Environment
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome
from lambdameter.emulator.execution.lifecycle import InvalidTransitionError, State
from lambdameter.emulator.execution.overheads import (
    Init,
    Memory,
    Overheads,
    PerInvocation,
    PerPackage,
)
from lambdameter.emulator.execution.placement import new_identity
from lambdameter.emulator.execution.runtime_api.answers import InvalidRequestIdError
from lambdameter.errors import HostError
from lambdameter.model.sample import Modelled, ServiceTime

EVENT = b'{"n":1}'
OVERHEADS = Overheads(
    name="m",
    init=Init(ms_per_mb=10.0),
    invocation=PerInvocation(ms=0.0),
    memory=Memory(base_mb=7.0, mb_per_init_mb=0.5),
    hidden_start=PerPackage(ms_per_mb=2.0),
)


@pytest.fixture
def environment(host: Any, blueprint: Any) -> Environment:
    return Environment(new_identity(0.0), blueprint, host.services(), "/host/tmp")


def on_aws(
    host: Any,
    blueprint: Any,
    package_bytes: int = 0,
    invocation_ms: float = 0.0,
    invocation_cpu_ms: float = 0.0,
) -> Environment:
    """With what AWS adds to it."""
    overheads = msgspec.structs.replace(
        OVERHEADS, invocation=PerInvocation(ms=invocation_ms, cpu_ms=invocation_cpu_ms)
    )
    blueprint = msgspec.structs.replace(blueprint, package_bytes=package_bytes, overheads=overheads)
    return Environment(new_identity(0.0), blueprint, host.services(), "/host/tmp")


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


def modelled(outcome: Outcome) -> Modelled:
    assert outcome.meter.modelled is not None
    return outcome.meter.modelled


async def test_a_cold_invocation_pays_its_init_apart(host: Any, environment: Environment) -> None:
    host.script = echo
    outcome = await invoke(environment)
    assert (outcome.payload, outcome.error) == (EVENT, None)
    assert outcome.report.init_ms == 80.0
    assert outcome.report.duration_ms == 6.0
    assert outcome.report.billed_ms == 86
    assert outcome.meter.cpu_ms == 4.0
    assert outcome.meter.init_cpu_ms == 40.0


async def test_init_begins_with_the_runtimes_process_and_not_with_our_own_work(
    host: Any, environment: Environment
) -> None:
    host.script, host.launch_ms = echo, 30.0
    outcome = await invoke(environment)
    assert (outcome.report.init_ms, outcome.report.duration_ms) == (80.0, 6.0)
    assert outcome.report.billed_ms == 86


async def test_a_suppressed_init_begins_with_the_runtimes_process_too(
    host: Any, environment: Environment
) -> None:
    async def dies_once(runtime: Any) -> None:
        if len(host.sandboxes) == 1:
            await runtime.peer.next_event()
            runtime.process.exit(1)
        else:
            await echo(runtime)

    host.script, host.launch_ms = dies_once, 30.0
    await invoke(environment)
    assert (await invoke(environment, "r2")).report.duration_ms == 86.0
    # And a warm one at its event, long after that.
    assert (await invoke(environment, "r3")).report.duration_ms == 6.0


async def test_one_whose_start_was_never_noted_has_begun_when_it_was_asked_for(
    host: Any, environment: Environment
) -> None:
    async def cannot_be_launched(runtime: Any) -> None:
        runtime.work(20.0)
        runtime.process.exit(126)

    host.script = cannot_be_launched
    outcome = await invoke(environment)
    assert (outcome.report.init_ms, outcome.report.duration_ms) == (None, 20.0)
    assert outcome.log.text().count(b"Init Duration: 20.00 ms") == 2


async def test_an_init_that_ran_into_its_limit_took_all_of_it(
    host: Any, environment: Environment
) -> None:
    async def hangs_once(runtime: Any) -> None:
        if len(host.sandboxes) == 1:
            runtime.work(INIT_LIMIT_MS)
        else:
            await echo(runtime)

    host.script, host.launch_ms = hangs_once, 30.0
    outcome = await invoke(environment)
    assert b"Init Duration: 10030.00 ms\tPhase: init\tStatus: timeout" in outcome.log.text()


def descriptors() -> set[str]:
    return {one.name for one in Path("/proc/self/fd").iterdir()}


async def test_no_descriptor_of_a_start_note_is_left(host: Any, environment: Environment) -> None:
    before = descriptors()
    host.script = echo
    await invoke(environment)
    await environment.destroy()
    assert descriptors() <= before


async def test_what_services_held_in_init_is_told_as_modelled_and_not_waited_for_twice(
    host: Any, blueprint: Any
) -> None:
    async def connects(runtime: Any) -> None:
        host.served = ServiceTime(requests={"dynamodb.ListTables": 1}, modelled_ms=38.0)
        await echo(runtime)

    host.script = connects
    outcome = await invoke(on_aws(host, blueprint, package_bytes=2_500_000))
    assert host.clock.waits == [25.0]
    assert outcome.report.init_ms == 105.0
    assert modelled(outcome).init_ms == 63.0
    assert outcome.meter.service is not None
    assert outcome.meter.service.modelled_ms == 0.0


async def test_what_aws_adds_to_init_is_waited_for_and_labelled(host: Any, blueprint: Any) -> None:
    host.script = echo
    outcome = await invoke(on_aws(host, blueprint, package_bytes=2_500_000))
    assert host.clock.waits == [25.0]
    assert outcome.report.init_ms == 105.0
    assert outcome.report.duration_ms == 6.0
    assert outcome.report.billed_ms == 111
    assert outcome.meter.modelled == Modelled(
        init_ms=25.0, invocation_ms=0.0, memory_mb=12.0, hidden_start_ms=5.0
    )


async def test_what_an_invocation_costs_on_aws_is_in_its_duration(
    host: Any, blueprint: Any
) -> None:
    host.script = echo
    environment = on_aws(host, blueprint, invocation_ms=0.5)
    assert (await invoke(environment)).report.duration_ms == 6.5
    assert (await invoke(environment, "r2")).report.duration_ms == 6.5
    assert host.clock.waits == [0.5, 0.5]


async def test_one_that_ends_before_its_event_is_handed_over_gets_none(
    host: Any, blueprint: Any
) -> None:
    async def leaves(runtime: Any) -> None:
        await runtime.peer.next_event()
        pytest.fail("it got an event")

    async def waits_while_it_dies(_ms: float) -> None:
        host.sandboxes[-1].process.exit(7)
        for _ in range(20):
            await asyncio.sleep(0)

    host.script = leaves
    host.clock.wait = waits_while_it_dies
    outcome = await invoke(on_aws(host, blueprint, invocation_ms=0.5))
    assert outcome.report.error_type == "Runtime.ExitError"


async def test_without_overheads_nothing_is_added(host: Any, environment: Environment) -> None:
    host.script = echo
    outcome = await invoke(environment)
    assert outcome.meter.modelled is None
    assert (outcome.report.init_ms, outcome.report.max_memory_mb) == (80.0, 10)


async def grows(runtime: Any) -> None:
    """20 MiB after Init, 60 once it has had an event."""
    runtime.take(20.0)
    while (delivery := await runtime.peer.next_event()) is not None:
        runtime.take(60.0)
        runtime.peer.respond(delivery.headers["Lambda-Runtime-Aws-Request-Id"], b"")


async def test_memory_is_added_in_proportion_to_what_init_left(host: Any, blueprint: Any) -> None:
    host.script = grows
    environment = on_aws(host, blueprint)
    cold, warm = await invoke(environment), await invoke(environment, "r2")
    for outcome in (cold, warm):
        assert (outcome.meter.peak_memory_mb, modelled(outcome).memory_mb) == (60.0, 17.0)
        assert outcome.report.max_memory_mb == 77


async def test_after_a_failed_init_what_is_added_is_the_second_ones_and_not_waited_for(
    host: Any, blueprint: Any
) -> None:
    async def starts_at_the_second_try(runtime: Any) -> None:
        if len(host.sandboxes) == 1:
            runtime.take(90.0)
            runtime.process.exit(1)
        else:
            runtime.take(30.0)
            await echo(runtime)

    host.script = starts_at_the_second_try
    outcome = await invoke(on_aws(host, blueprint, package_bytes=2_500_000))
    assert (outcome.report.init_ms, outcome.report.duration_ms) == (None, 86.0)
    assert modelled(outcome).memory_mb == 22.0
    assert outcome.report.max_memory_mb == 52


async def test_a_crash_is_told_with_the_memory_that_was_added_until_then(
    host: Any, blueprint: Any
) -> None:
    async def dies_large(runtime: Any) -> None:
        runtime.take(20.0)
        await runtime.peer.next_event()
        runtime.take(60.0)
        runtime.process.exit(1)

    host.script = dies_large
    outcome = await invoke(on_aws(host, blueprint))
    assert outcome.report.max_memory_mb == 77
    assert modelled(outcome).memory_mb == 17.0


async def test_after_a_crash_what_is_added_goes_by_the_new_processes(
    host: Any, blueprint: Any
) -> None:
    async def dies_once(runtime: Any) -> None:
        if len(host.sandboxes) == 1:
            await runtime.peer.next_event()
            runtime.take(100.0)
            runtime.process.exit(1)
        else:
            await echo(runtime)

    host.script = dies_once
    environment = on_aws(host, blueprint)
    await invoke(environment)
    after = await invoke(environment, "r2")
    assert modelled(after).memory_mb == 12.0
    assert after.report.max_memory_mb == 22


async def test_duration_runs_from_the_delivery_until_the_runtime_asks_again(
    host: Any, environment: Environment
) -> None:
    host.script = echo
    await invoke(environment)
    host.clock.advance(60_000.0)
    assert (await invoke(environment, "r2")).report.duration_ms == 6.0


async def test_a_warm_invocation_has_neither_init_nor_its_cpu(
    host: Any, environment: Environment
) -> None:
    host.script = echo
    await invoke(environment)
    warm = await invoke(environment, "r2")
    assert warm.report.init_ms is None
    assert warm.meter.init_cpu_ms is None


async def test_the_log_is_this_invocations_alone_and_init_output_is_the_cold_ones(
    host: Any, environment: Environment
) -> None:
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
) -> None:
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
) -> None:
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
) -> None:
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
) -> None:
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


async def test_an_oom_kill_is_told_as_one(host: Any, environment: Environment) -> None:
    async def script(runtime: Any) -> None:
        await runtime.peer.next_event()
        runtime.out_of_memory()

    host.script = script
    outcome = await invoke(environment)
    assert outcome.report.error_type == "Runtime.OutOfMemory"
    assert json.loads(outcome.payload)["errorMessage"].endswith("signal: killed")
    assert outcome.report.max_memory_mb == 128


async def test_a_timeout_kills_and_is_billed_as_the_timeout(
    host: Any, environment: Environment
) -> None:
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
) -> None:
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
) -> None:
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


async def test_a_missing_entrypoint_starts_nothing(host: Any, blueprint: Any) -> None:
    blueprint = msgspec.structs.replace(blueprint, entrypoint_error="Couldn't find it")
    environment = Environment(new_identity(0.0), blueprint, host.services(), "/host/tmp")
    outcome = await invoke(environment)
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": "RequestId: r1 Error: Couldn't find it",
    }
    assert host.sandboxes == []


async def test_a_response_that_is_too_large_is_the_answer_whatever_the_runtime_does_then(
    host: Any, environment: Environment
) -> None:
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
) -> None:
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


async def test_answers_for_another_invocation_are_refused(
    host: Any, environment: Environment
) -> None:
    refused: list[type[Exception]] = []

    async def script(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            calls: tuple[Callable[[], object], ...] = (
                lambda: runtime.peer.respond("another", b""),
                lambda: runtime.peer.report_init_error("Runtime.Unknown", b""),
            )
            for call in calls:
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
) -> None:
    host.script = echo
    await invoke(environment)
    host.sandboxes[0].process.exit(-9)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    after = await invoke(environment, "r2")
    assert after.payload == EVENT
    assert after.report.init_ms is None
    assert after.report.duration_ms == 86.0


async def test_the_process_sees_its_own_tmp_and_runtime_api(
    host: Any, environment: Environment
) -> None:
    host.script = echo
    await invoke(environment)
    spec = host.sandboxes[0].spec
    assert spec.mounts == {"/var/task": "/code", "/tmp": "/host/tmp"}  # noqa: S108 - inside
    assert spec.environment["AWS_LAMBDA_RUNTIME_API"] == host.addresses[0].address
    assert spec.environment["AWS_ACCESS_KEY_ID"] == environment.identity.access_key_id


async def test_a_runtime_that_dies_after_its_response_has_answered_and_is_reset(
    host: Any, environment: Environment
) -> None:
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
) -> None:
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
) -> None:
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
) -> None:
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
) -> None:
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
) -> None:
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
    process = host.sandboxes[0].process
    assert process.returncode is None
    await environment.destroy()
    assert host.sandboxes[0].process.returncode == -9
    assert host.addresses[0].closed


async def test_destroying_ends_the_process_and_the_waiting_runtime(
    host: Any, environment: Environment
) -> None:
    host.script = echo
    await invoke(environment)
    await environment.destroy()
    await environment.destroy()
    await asyncio.gather(*host.tasks)
    assert host.sandboxes[0].calls.count("destroy") == 1
    assert environment.state is State.DEAD
