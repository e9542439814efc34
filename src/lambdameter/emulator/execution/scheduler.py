"""Which execution environment serves an invocation: pure bookkeeping, no clock, no process.

An environment serves one invocation at a time. The idle environment that was used last serves
first, so that the others can be reclaimed. Where none is idle, a new environment is made, up to
the account's limit; beyond that the call is throttled.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Unreserved concurrency of an account in a region, before any increase:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1_000

# AWS does not say when it reclaims an idle environment. This is our own choice, long enough for
# a pause between two commands.
IDLE_LIFETIME_MS = 600_000.0


@dataclass(frozen=True, slots=True)
class Serve:
    """This idle environment serves; it is busy from now on."""

    environment: str


@dataclass(frozen=True, slots=True)
class Spawn:
    """A new environment is needed; name it with `Scheduler.started`."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """429 TooManyRequestsException, with AWS's own reason."""

    reason: str


Decision = Serve | Spawn | Throttle


@dataclass(slots=True)
class _Idle:
    environment: str
    since_ms: float


@dataclass(slots=True)
class Scheduler:
    """The idle and the busy environments of each function version."""

    account_concurrency: int = ACCOUNT_CONCURRENCY
    idle_lifetime_ms: float = IDLE_LIFETIME_MS
    _idle: dict[str, list[_Idle]] = field(default_factory=dict)
    _busy: dict[str, str] = field(default_factory=dict)
    _retiring: set[str] = field(default_factory=set)

    def place(self, function: str) -> Decision:
        """Decide what serves the next invocation of `function` (any key that names a version)."""
        if len(self._busy) >= self.account_concurrency:
            return Throttle("ConcurrentInvocationLimitExceeded")
        idle = self._idle.get(function)
        if not idle:
            return Spawn()
        environment = idle.pop().environment
        self._busy[environment] = function
        return Serve(environment)

    def started(self, function: str, environment: str) -> None:
        """A new environment was made for `function` and is busy with its first invocation."""
        self._busy[environment] = function

    def released(self, environment: str, now_ms: float) -> bool:
        """An invocation has ended. False: its environment was retired and must be destroyed."""
        function = self._busy.pop(environment)
        if environment in self._retiring:
            self._retiring.discard(environment)
            return False
        self._idle.setdefault(function, []).append(_Idle(environment, now_ms))
        return True

    def lost(self, environment: str) -> None:
        """An environment was destroyed while it was busy."""
        self._busy.pop(environment, None)
        self._retiring.discard(environment)

    def retire(self, function: str) -> tuple[str, ...]:
        """Take a version out of service.

        Returns:
            Its idle environments, to be destroyed now; busy ones follow when they are released.
        """
        self._retiring.update(name for name, of in self._busy.items() if of == function)
        return tuple(idle.environment for idle in self._idle.pop(function, []))

    def reap(self, now_ms: float) -> tuple[str, ...]:
        """Remove the environments that were idle for too long; their names."""
        reaped = []
        for function, idle in self._idle.items():
            oldest_ms = now_ms - self.idle_lifetime_ms
            reaped += [entry.environment for entry in idle if entry.since_ms <= oldest_ms]
            self._idle[function] = [entry for entry in idle if entry.since_ms > oldest_ms]
        return tuple(reaped)
