from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.emulator.sandbox import cpu_share, duty_cycle, processes
from lambdameter.emulator.sandbox.allowance import Allotment
from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.emulator.sandbox.duty_cycle import CHECK_MS, Account, DutyCycleSandbox

Program = Callable[..., ProcessSpec]
BUSY = "print('ready', flush=True)\nwhile True: pass"
AT_128_MB = Account(quota_us=1_447, left_us=1_447)


class Hand:
    """A clock and one timer, moved by hand."""

    def __init__(self) -> None:
        self.now_us = 0
        self.delay_us = 0
        self.call: Callable[[], None] | None = None

    def clock_ns(self) -> int:
        return self.now_us * 1_000

    def later(self, delay_ms: float, call: Callable[[], None]) -> Hand:
        self.delay_us, self.call = round(delay_ms * 1_000), call
        return self

    def cancel(self) -> None:
        self.call = None

    def ring(self) -> None:
        assert self.call is not None
        self.now_us += self.delay_us
        self.call()


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
async def sandbox(hand: Hand, allotment: Allotment) -> AsyncIterator[DutyCycleSandbox]:
    made = DutyCycleSandbox(allotment, clock_ns=hand.clock_ns, later=hand.later)
    yield made
    await made.destroy()


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def _busy(sandbox: DutyCycleSandbox, program: Program) -> int:
    process = await sandbox.spawn(program(BUSY))
    await _line(process)
    return process.pid


def _burn(pid: int, more_ms: float) -> None:
    start = processes.cpu_ms(pid)
    assert start is not None
    while (processes.cpu_ms(pid) or 0) < start + more_ms:
        pass


def _exhaust(sandbox: DutyCycleSandbox, hand: Hand, pid: int) -> None:
    """Use up the quota; on a busy host that was done before we looked."""
    while sandbox._held_at_us is None:
        _burn(pid, 4)
        hand.ring()


def _ring_until_it_runs(hand: Hand, pid: int) -> None:
    """What it used before the signal reached it is paid too."""
    while not processes.is_running(pid):
        hand.ring()


def _wait_until_stopped(pid: int) -> None:
    while processes.is_running(pid):
        pass


def test_within_its_quota_it_runs() -> None:
    assert AT_128_MB.charge(1_400, 0).pause == 0


def test_a_burst_of_a_tick_is_paid_by_two_periods() -> None:
    assert AT_128_MB.charge(4_000, 0).pause == 2


def test_what_was_not_used_is_not_saved_up() -> None:
    assert AT_128_MB.charge(0, 1_000).left_us == AT_128_MB.quota_us


@given(
    quota=st.integers(1_000, 120_000),
    bursts=st.lists(st.floats(0, 200_000), min_size=1, max_size=60),
)
def test_however_it_bursts_it_gets_no_more_than_its_quota(quota: int, bursts: list[float]) -> None:
    account = Account(quota_us=quota, left_us=quota)
    for burst in bursts:
        account = account.charge(burst, account.period)
        account = account.charge(0, account.period + account.pause)
        assert account.left_us >= 0
    assert sum(bursts) <= (account.period + 1) * quota * (1 + 1e-9)


@given(memory=st.integers(128, 1_768))
def test_one_that_is_always_busy_gets_all_of_its_quota(memory: int) -> None:
    quota = cpu_share.bandwidth(memory).quota_us
    account, now_us, used_us = Account(quota_us=quota, left_us=quota), 0, 0
    while account.period < 500:
        now_us += CHECK_MS * 1_000
        used_us += CHECK_MS * 1_000
        account = account.charge(CHECK_MS * 1_000, now_us // 20_000)
        if account.pause:
            now_us = (account.period + account.pause) * 20_000
            account = account.charge(0, now_us // 20_000)
    assert used_us / now_us == pytest.approx(quota / 20_000, rel=0.01)


@pytest.mark.usefixtures("require_launcher")
async def test_over_its_quota_it_is_stopped_to_the_end_of_a_period(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    pid = await _busy(sandbox, program)
    sandbox.throttle()
    _exhaust(sandbox, hand, pid)
    _wait_until_stopped(pid)
    periods, rest = divmod(hand.now_us + hand.delay_us, 20_000)
    assert rest == 0
    assert periods >= 1
    _ring_until_it_runs(hand, pid)


@pytest.mark.usefixtures("require_launcher")
async def test_how_long_it_was_held_is_the_throttled_time(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    pid = await _busy(sandbox, program)
    sandbox.throttle()
    _exhaust(sandbox, hand, pid)
    held_ms = hand.delay_us / 1_000
    hand.now_us += hand.delay_us // 2
    assert sandbox.counters().throttled_ms == pytest.approx(held_ms / 2)
    sandbox.unthrottle()
    _burn(pid, 1)
    assert sandbox.counters().throttled_ms == pytest.approx(held_ms / 2)


@pytest.mark.usefixtures("require_launcher")
async def test_unthrottled_it_is_looked_after_and_never_stopped(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    pid = await _busy(sandbox, program)
    for _ in range(20):
        hand.ring()
        _burn(pid, 2)
        assert hand.delay_us == CHECK_MS * 1_000


@pytest.mark.usefixtures("require_launcher")
async def test_frozen_it_costs_nothing_and_its_debt_is_paid_meanwhile(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    pid = await _busy(sandbox, program)
    sandbox.throttle()
    _exhaust(sandbox, hand, pid)
    sandbox.freeze()
    assert hand.call is None
    hand.now_us += 1_000_000
    sandbox.thaw()
    _burn(pid, 1)


@pytest.mark.usefixtures("require_launcher")
async def test_a_debt_outlasts_a_short_freeze(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    pid = await _busy(sandbox, program)
    sandbox.throttle()
    _exhaust(sandbox, hand, pid)
    sandbox.freeze()
    sandbox.thaw()
    assert not processes.is_running(pid)
    assert hand.call is not None


@pytest.mark.usefixtures("require_launcher")
async def test_a_child_that_works_is_found_and_charged(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    code = "import os, time\nif os.fork(): time.sleep(1000)\nprint(os.getpid(), flush=True)\n"
    child = int(await _line(await sandbox.spawn(program(code + "while True: pass"))))
    sandbox.throttle()
    _burn(child, 40)  # in 100 ms it is granted some 7
    hand.now_us += 100_000
    hand.ring()
    _wait_until_stopped(child)


@pytest.mark.usefixtures("require_launcher")
async def test_the_largest_process_over_the_tier_is_killed(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    code = "b = bytearray(140 << 20)\nprint('ready', flush=True)\nwhile True: pass"
    process = await sandbox.spawn(program(code))
    await _line(process)
    hand.ring()
    hand.ring()
    assert await process.wait() == -9
    read = sandbox.counters()
    assert (read.oom_kills, read.peak_memory_mb) == (1, 128)


@pytest.mark.usefixtures("require_launcher")
async def test_when_all_have_ended_it_looks_no_more(
    sandbox: DutyCycleSandbox, program: Program, hand: Hand
) -> None:
    await (await sandbox.spawn(program(""))).wait()
    hand.now_us += 1_000_000
    hand.ring()
    assert hand.call is None


@pytest.mark.usefixtures("require_launcher")
def test_it_says_what_is_only_approximated_and_why(tmp_path: Path) -> None:
    told = duty_cycle.grant(tmp_path, "No cgroups here.").enforcement
    assert told.by == "duty cycle"
    assert "approximated" in told.cpu
    assert "checked every" in told.memory
    assert told.missing == "No cgroups here."


def test_a_process_that_is_gone_has_no_cpu_time() -> None:
    assert processes.cpu_ms(2**22 + 1) is None
    assert processes.cpu_ms(os.getpid()) is not None
