from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.execution.invocation import InvocationRequest
from lambdameter.emulator.execution.placement import Placement, new_identity
from lambdameter.emulator.execution.scheduler import Scheduler
from lambdameter.errors import HostError, LambdameterError, TargetError

REQUEST = InvocationRequest(request_id="r", payload=b"1")


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


async def echo(runtime: Any) -> None:
    while await runtime.peer.next_event() is not None:
        runtime.peer.respond("r", b"1")


async def test_a_warm_invocation_is_served_by_the_same_environment(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    host.script = echo
    placement = Placement(host.services(), tmp_path)
    cold = await placement.invoke("v1", blueprint, REQUEST)
    warm = await placement.invoke("v1", blueprint, REQUEST)
    assert cold.meter.environment == warm.meter.environment
    await placement.close()


async def test_concurrent_invocations_have_environments_and_credentials_of_their_own(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    host.script = echo
    placement = Placement(host.services(), tmp_path)
    outcomes = await asyncio.gather(*(placement.invoke("v1", blueprint, REQUEST) for _ in range(3)))
    assert len({outcome.meter.environment for outcome in outcomes}) == 3
    keys = {box.spec.environment["AWS_ACCESS_KEY_ID"] for box in host.sandboxes}
    assert len(keys) == 3
    assert all(len(key) == 20 and key.startswith("ASIA") for key in keys)
    await placement.close()


async def test_a_retired_revisions_environments_are_destroyed_with_their_tmp(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    host.script = echo
    placement = Placement(host.services(), tmp_path)
    await placement.invoke("v1", blueprint, REQUEST)
    await placement.retire("v1")
    assert host.sandboxes[0].calls[-1] == "destroy"
    assert is_empty(tmp_path)


async def test_idle_environments_are_reclaimed_after_their_lifetime(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    host.script = echo
    placement = Placement(host.services(), tmp_path, scheduler=Scheduler(idle_lifetime_ms=100.0))
    await placement.invoke("v1", blueprint, REQUEST)
    host.clock.advance(100.0)
    await placement.reap()
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_beyond_the_limit_the_caller_is_throttled(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    placement = Placement(host.services(), tmp_path, scheduler=Scheduler(account_concurrency=0))
    with pytest.raises(ApiError) as error:
        await placement.invoke("v1", blueprint, REQUEST)
    assert (error.value.status, error.value.code) == (429, "TooManyRequestsException")
    assert error.value.extra == {"Reason": "ConcurrentInvocationLimitExceeded"}


async def test_invocations_in_flight_and_later_ones_fail_when_the_data_plane_dies(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    delivered = asyncio.Event()

    async def hang(runtime: Any) -> None:
        if await runtime.peer.next_event() is not None:
            delivered.set()

    host.script = hang
    died: asyncio.Future[LambdameterError] = asyncio.get_running_loop().create_future()
    placement = Placement(host.services(), tmp_path, died=died)
    in_flight = asyncio.ensure_future(placement.invoke("v1", blueprint, REQUEST))
    await delivered.wait()
    died.set_result(TargetError("The data plane has died", next_step="Start again."))
    for invocation in (in_flight, placement.invoke("v1", blueprint, REQUEST)):
        with pytest.raises(ApiError) as error:
            await invocation
        assert (error.value.status, error.value.code) == (500, "ServiceException")
        assert "The data plane has died" in error.value.message
    assert is_empty(tmp_path)
    assert all(box.calls[-1] == "destroy" for box in host.sandboxes)


async def test_an_invocation_that_asks_a_data_plane_while_it_dies_fails_once(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    died: asyncio.Future[LambdameterError] = asyncio.get_running_loop().create_future()
    error = TargetError("The data plane has died", next_step="Start again.")

    async def usage(_access_key_id: str) -> None:
        if host.sandboxes[0].calls.count("thaw") > 0:
            if not died.done():
                died.set_result(error)
            raise error

    host.script, host.usage = echo, usage
    placement = Placement(host.services(), tmp_path, died=died)
    with pytest.raises(ApiError, match="data plane has died"):
        await placement.invoke("v1", blueprint, REQUEST)
    gc.collect()  # would tell of an exception that nobody looked at


async def test_invocations_in_flight_end_when_the_emulator_shuts_down(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    delivered = asyncio.Event()

    async def hang(runtime: Any) -> None:
        if await runtime.peer.next_event() is not None:
            delivered.set()

    host.script = hang
    placement = Placement(host.services(), tmp_path)
    in_flight = asyncio.ensure_future(placement.invoke("v1", blueprint, REQUEST))
    await delivered.wait()
    await placement.close()
    for invocation in (in_flight, placement.invoke("v1", blueprint, REQUEST)):
        with pytest.raises(ApiError, match="shutting down"):
            await invocation
    assert is_empty(tmp_path)
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_a_caller_that_is_cancelled_takes_its_environment_along(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    delivered = asyncio.Event()

    async def hang(runtime: Any) -> None:
        if await runtime.peer.next_event() is not None:
            delivered.set()

    host.script = hang
    placement = Placement(host.services(), tmp_path)
    in_flight = asyncio.ensure_future(placement.invoke("v1", blueprint, REQUEST))
    await delivered.wait()
    in_flight.cancel()
    await asyncio.wait((in_flight,))
    assert in_flight.cancelled()
    assert is_empty(tmp_path)


async def test_one_environment_that_does_not_die_keeps_no_other_alive(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    async def stuck() -> None:
        raise HostError("It does not die", next_step="Look.")

    host.script = echo
    placement = Placement(host.services(), tmp_path)
    await asyncio.gather(*(placement.invoke("v1", blueprint, REQUEST) for _ in range(3)))
    host.sandboxes[0].destroy = stuck
    with pytest.raises(HostError, match="does not die"):
        await placement.retire("v1")
    assert [box.calls[-1] for box in host.sandboxes[1:]] == ["destroy"] * 2
    assert is_empty(tmp_path)


async def test_a_destruction_goes_on_without_whoever_asked_for_it(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    host.script = echo
    placement = Placement(host.services(), tmp_path)
    await placement.invoke("v1", blueprint, REQUEST)
    kill = host.sandboxes[0].destroy

    async def slow() -> None:
        begun.set()
        await go_on.wait()
        await kill()

    host.sandboxes[0].destroy = slow
    retiring = asyncio.ensure_future(placement.retire("v1"))
    await begun.wait()
    retiring.cancel()
    go_on.set()
    await placement.close()
    assert host.sandboxes[0].process.returncode == -9
    assert is_empty(tmp_path)


async def test_the_data_plane_may_forget_an_environment_that_is_gone(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    host.script = echo
    placement = Placement(host.services(), tmp_path)
    await placement.invoke("v1", blueprint, REQUEST)
    await placement.retire("v1")
    assert host.forgotten == [host.sandboxes[0].spec.environment["AWS_ACCESS_KEY_ID"]]


@pytest.mark.parametrize(
    "reason", [TargetError("no cgroup", next_step="Look."), OSError(24, "no cgroup")]
)
async def test_a_sandbox_that_fails_is_a_service_exception(
    host: Any, blueprint: Any, tmp_path: Path, reason: Exception
) -> None:
    def enclose(_name: str, _blueprint: object) -> None:
        raise reason

    host.enclose = enclose
    placement = Placement(host.services(), tmp_path)
    with pytest.raises(ApiError, match="no cgroup"):
        await placement.invoke("v1", blueprint, REQUEST)


async def test_an_environment_that_has_no_folder_is_a_service_exception(
    host: Any, blueprint: Any, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    placement = Placement(host.services(), file)
    with pytest.raises(ApiError, match="Not a directory"):
        await placement.invoke("v1", blueprint, REQUEST)


def test_an_identitys_log_stream_is_dated_as_awss() -> None:
    identity = new_identity(1_700_000_000_000.0)
    assert identity.log_stream == f"2023/11/14/[$LATEST]{identity.name}"
