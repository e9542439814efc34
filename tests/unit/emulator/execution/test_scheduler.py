from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdameter.emulator.execution.scheduler import Scheduler, Serve, Spawn, Throttle


def test_the_first_invocation_needs_a_new_environment() -> None:
    assert Scheduler().place("f") == Spawn()


def test_the_most_recently_used_idle_environment_serves() -> None:
    scheduler = Scheduler()
    for name in ("a", "b", "c"):
        scheduler.started("f", name)
    for at, name in enumerate(("b", "c", "a")):
        scheduler.released(name, at)
    assert scheduler.place("f") == Serve("a")


def test_a_busy_environment_does_not_serve() -> None:
    scheduler = Scheduler()
    scheduler.started("f", "a")
    assert scheduler.place("f") == Spawn()


def test_environments_are_not_shared_between_functions() -> None:
    scheduler = Scheduler()
    scheduler.started("f", "a")
    scheduler.released("a", 0)
    assert scheduler.place("g") == Spawn()


def test_beyond_the_accounts_concurrency_a_call_is_throttled_with_its_reason() -> None:
    scheduler = Scheduler(account_concurrency=1)
    scheduler.started("f", "a")
    assert scheduler.place("g") == Throttle("ConcurrentInvocationLimitExceeded")
    scheduler.released("a", 0)
    assert scheduler.place("g") == Spawn()


def test_retiring_gives_up_idle_environments_now_and_busy_ones_at_their_release() -> None:
    scheduler = Scheduler()
    for name in ("idle", "busy"):
        scheduler.started("f", name)
    scheduler.released("idle", 0)
    assert scheduler.retire("f") == ("idle",)
    assert scheduler.released("busy", 1) is False
    assert scheduler.place("f") == Spawn()


def test_reaping_takes_only_what_was_idle_for_its_lifetime() -> None:
    scheduler = Scheduler(idle_lifetime_ms=100)
    for name, at in (("old", 0), ("young", 50)):
        scheduler.started("f", name)
        scheduler.released(name, at)
    assert scheduler.reap(100) == ("old",)
    assert scheduler.place("f") == Serve("young")


def test_a_lost_environment_frees_its_place() -> None:
    scheduler = Scheduler(account_concurrency=1)
    scheduler.started("f", "a")
    scheduler.lost("a")
    assert scheduler.place("f") == Spawn()


@given(st.lists(st.booleans(), max_size=60))
def test_no_environment_serves_two_invocations_at_once(steps: list[bool]) -> None:
    scheduler, busy, made = Scheduler(account_concurrency=5), list[str](), 0
    for arrives in steps:
        if arrives:
            decision = scheduler.place("f")
            if isinstance(decision, Spawn):
                made += 1
                busy.append(f"e{made}")
                scheduler.started("f", busy[-1])
            elif isinstance(decision, Serve):
                assert decision.environment not in busy
                busy.append(decision.environment)
            assert isinstance(decision, Throttle) <= (len(busy) == 5)
        elif busy:
            scheduler.released(busy.pop(0), 0)
        assert len(busy) <= 5
