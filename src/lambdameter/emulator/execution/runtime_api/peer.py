"""The protocol through which the Runtime API speaks with an execution environment."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

import msgspec


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to the runtime."""

    headers: dict[str, str]
    payload: bytes


class RuntimePeer(Protocol):
    """An execution environment, as its runtime sees it.

    Every method raises InvalidTransitionError where the lifecycle does not allow the call. Methods
    with a request id raise InvalidRequestIdError where that is not the current invocation's.
    """

    def next_event(self) -> Awaitable[Delivery | None]:
        """Wait for the next event; None: the environment is shutting down."""
        ...

    def respond(self, request_id: str, payload: bytes | None) -> None:
        """Take the handler's response; None: it was too large."""
        ...

    def report_error(self, request_id: str, payload: bytes) -> None:
        """Take the handler's error."""
        ...

    def report_init_error(self, error_type: str, payload: bytes) -> None:
        """Take the reason why the runtime cannot start."""
        ...
