"""One connection of a WebSocket API without I/O: events go in, actions come out.

Quotas: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import msgspec

from lambdameter.emulator.gateway.declaration import (
    CONNECT,
    DEFAULT,
    DISCONNECT,
    PREDEFINED,
    WebSocketApi,
)
from lambdameter.emulator.gateway.events import ConnectionFacts, Moment

MAX_MESSAGE_BYTES = 131_072
MAX_FRAME_BYTES = 32_768
IDLE_LIMIT_MS = 600_000.0
LIFE_LIMIT_MS = 7_200_000.0
INTEGRATION_LIMIT_MS = 29_000.0

# https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
NORMAL, GOING_AWAY, UNSUPPORTED, TOO_BIG = 1000, 1001, 1003, 1009
# RecursionError: arrays in arrays, a thousand deep.
_NOT_JSON = (msgspec.DecodeError, RecursionError)
_OK = range(200, 300)
_REFUSALS = range(300, 600)
_GATEWAY_TIMEOUT, _BAD_GATEWAY = 504, 502
TIMED_OUT = "Endpoint request timed out"
FAILED = "Internal server error"
FORBIDDEN = "Forbidden"


class Phase(enum.Enum):
    """Where a connection stands; messages can be posted to it only while it is OPEN.

    It is CLOSING from our close until its end.
    """

    CONNECTING = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()
    CLOSED = enum.auto()


class GoneError(Exception):
    """410: the connection is not open yet, or not open any more."""


class Invoke(msgspec.Struct, frozen=True):
    """Invoke the function with this event."""

    function: str
    request_id: str
    event: dict[str, Any]


class Accept(msgspec.Struct, frozen=True):
    """Answer the handshake with 101."""


class Refuse(msgspec.Struct, frozen=True):
    """Answer the handshake with this status."""

    status: int
    message: str


class Send(msgspec.Struct, frozen=True):
    """Send a text message."""

    text: str


class Close(msgspec.Struct, frozen=True):
    """Close the connection."""

    code: int
    reason: str


Action = Invoke | Send | Close
"""What may follow once the handshake is answered."""


class Answer(msgspec.Struct, frozen=True):
    """The answer of an integration; `failed`: AWS's words for a failure, None: it succeeded."""

    status: int
    failed: str | None = None


NO_ANSWER_IN_TIME = Answer(_GATEWAY_TIMEOUT, TIMED_OUT)
NOT_INVOKED = Answer(500, FAILED)


class _ProxyAnswer(msgspec.Struct):
    status_code: int = msgspec.field(name="statusCode")


def answer(payload: bytes, error: str | None) -> Answer:
    """Read a function's answer, which must be JSON with a statusCode.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-route-keys-connect-disconnect.html
    """
    if error is not None:
        return Answer(_BAD_GATEWAY, FAILED)
    try:
        return Answer(msgspec.json.decode(payload, type=_ProxyAnswer, strict=False).status_code)
    except _NOT_JSON:
        return Answer(_BAD_GATEWAY, FAILED)


class Connection:
    """One connection; `new_id` yields request ids."""

    def __init__(
        self, api: WebSocketApi, facts: ConnectionFacts, new_id: Callable[[], str]
    ) -> None:
        self.facts = facts
        self.phase = Phase.CONNECTING
        self.active = facts.connected
        self._routes = api.routes
        self._new_id = new_id

    # --- the handshake -------------------------------------------------------------------------

    def begin(self) -> Invoke | Accept:
        """A client wants to connect; without a `$connect` route it is accepted."""
        if CONNECT not in self._routes:
            return self._open()
        request_id = self._new_id()
        event = self.facts.connect(request_id, self.facts.connected)
        return Invoke(self._routes[CONNECT], request_id, event)

    def connect_answered(self, answer: Answer) -> Accept | Refuse:
        """`$connect` has answered: a status of 2xx accepts the client."""
        if answer.failed is None and answer.status in _OK:
            return self._open()
        self.phase = Phase.CLOSED
        if answer.failed is not None:
            return Refuse(answer.status, answer.failed)
        if answer.status not in _REFUSALS:
            return Refuse(_BAD_GATEWAY, FAILED)
        return Refuse(answer.status, FORBIDDEN)

    def _open(self) -> Accept:
        self.phase = Phase.OPEN
        return Accept()

    # --- messages ------------------------------------------------------------------------------

    def received(self, data: str | bytes, moment: Moment) -> Action | None:
        """A whole message has come; after our close, messages are ignored.

        Binary messages are refused:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
        """
        if self.phase is not Phase.OPEN:
            return None
        self.active = moment
        if isinstance(data, bytes):
            return self._close(UNSUPPORTED, "Unsupported data")
        request_id = self._new_id()
        route_key = self.route(data)
        if route_key is None:
            return self._complaint(FORBIDDEN, request_id)
        event = self.facts.message(route_key, data, request_id, moment)
        return Invoke(self._routes[route_key], request_id, event)

    def route(self, body: str) -> str | None:
        """The route of a message by `$request.body.action`; None: it has no route.

        `$default` takes what is not JSON, has no action, or an action without a route:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
        """
        try:
            document = msgspec.json.decode(body)
        except _NOT_JSON:
            document = None
        key = document.get("action") if isinstance(document, dict) else None
        # A client cannot call `$connect` or `$disconnect`.
        if isinstance(key, str) and key in self._routes and key not in PREDEFINED:
            return key
        return DEFAULT if DEFAULT in self._routes else None

    def answered(self, request_id: str, answer: Answer) -> Send | None:
        """The integration of a message has ended; the client is told only of failures.

        There are no route responses; on AWS, too, a route has none by default:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
        """
        if answer.failed is None or self.phase is not Phase.OPEN:
            return None
        return self._complaint(answer.failed, request_id)

    def _complaint(self, message: str, request_id: str) -> Send:
        document = {
            "message": message,
            "connectionId": self.facts.connection_id,
            "requestId": request_id,
        }
        return Send(msgspec.json.encode(document).decode())

    # --- @connections --------------------------------------------------------------------------

    def posted(self, text: str, moment: Moment) -> Send:
        """POST @connections.

        Raises:
            GoneError: the connection is not open.
        """
        self.check_open()
        self.active = moment
        return Send(text)

    def deleted(self) -> Close:
        """DELETE @connections.

        Raises:
            GoneError: the connection is not open.
        """
        self.check_open()
        return self._close(NORMAL, "Connection Closed Normally")

    def check_open(self) -> None:
        """Check that the connection is open.

        Raises:
            GoneError: the connection is not open.
        """
        if self.phase is not Phase.OPEN:
            raise GoneError

    # --- its end -------------------------------------------------------------------------------

    @property
    def due_ms(self) -> float:
        """When the connection will have been idle or open for too long, on the monotonic clock."""
        return min(self.active.now_ms + IDLE_LIMIT_MS, self.facts.connected.now_ms + LIFE_LIMIT_MS)

    def expired(self, moment: Moment) -> Close | None:
        """Close a connection that was idle or open for too long."""
        if self.phase is Phase.OPEN and moment.now_ms >= self.due_ms:
            return self._close(GOING_AWAY, "Going away")
        return None

    def _close(self, code: int, reason: str) -> Close:
        self.phase = Phase.CLOSING
        return Close(code, reason)

    def closed(self, code: int, reason: str, moment: Moment) -> Invoke | None:
        """The connection has ended: `$disconnect` is invoked once, if the connection was open."""
        was, self.phase = self.phase, Phase.CLOSED
        if was not in (Phase.OPEN, Phase.CLOSING) or DISCONNECT not in self._routes:
            return None
        request_id = self._new_id()
        event = self.facts.disconnect(code, reason, request_id, moment)
        return Invoke(self._routes[DISCONNECT], request_id, event)


class SizeLimits:
    """Checks the sizes of a client's frames and messages."""

    def __init__(self) -> None:
        self._frame = self._message = 0

    def exceeded(self, size: int, *, frame_ends: bool, message_ends: bool) -> str | None:
        """Add a part of a frame; the limit that is exceeded in words, or None."""
        self._frame += size
        self._message += size
        if self._frame > MAX_FRAME_BYTES:
            return f"Frame larger than {MAX_FRAME_BYTES} bytes"
        if self._message > MAX_MESSAGE_BYTES:
            return f"Message larger than {MAX_MESSAGE_BYTES} bytes"
        if frame_ends:
            self._frame = 0
        if message_ends:
            self._message = 0
        return None
