"""One connection of a WebSocket API, without I/O: what happens goes in, what to do comes out.

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
from lambdameter.emulator.gateway.events import Facts, Moment

MAX_MESSAGE_BYTES = 131_072
MAX_FRAME_BYTES = 32_768
IDLE_LIMIT_MS = 600_000.0
LIFE_LIMIT_MS = 7_200_000.0
INTEGRATION_LIMIT_MS = 29_000.0

# https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
NORMAL, GOING_AWAY, UNSUPPORTED, TOO_BIG = 1000, 1001, 1003, 1009
# RecursionError: arrays in arrays, a thousand deep.
_NO_JSON = (msgspec.DecodeError, RecursionError)
_OK = range(200, 300)
_REFUSALS = range(300, 600)
_GATEWAY_TIMEOUT, _BAD_GATEWAY = 504, 502
TIMED_OUT = "Endpoint request timed out"
FAILED = "Internal server error"
FORBIDDEN = "Forbidden"


class Phase(enum.Enum):
    """Of a connection: it can be posted to while it is open, and never again.

    It is closing from when we asked for it until it is over.
    """

    CONNECTING = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()
    CLOSED = enum.auto()


class GoneError(Exception):
    """410: the connection is not open yet, or no more."""


class Invoke(msgspec.Struct, frozen=True):
    """Give this event to the function."""

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
"""What may be done once the handshake is answered."""


class Answer(msgspec.Struct, frozen=True):
    """What came of an integration; `failed`: AWS's words for why there is no answer, or None."""

    status: int
    failed: str | None = None


NO_ANSWER_IN_TIME = Answer(_GATEWAY_TIMEOUT, TIMED_OUT)
NOT_INVOKED = Answer(500, FAILED)


class _ProxyAnswer(msgspec.Struct):
    status_code: int = msgspec.field(name="statusCode")


def answer(payload: bytes, error: str | None) -> Answer:
    """What a function's answer means: it must be JSON with a statusCode.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-route-keys-connect-disconnect.html
    """
    if error is not None:
        return Answer(_BAD_GATEWAY, FAILED)
    try:
        return Answer(msgspec.json.decode(payload, type=_ProxyAnswer, strict=False).status_code)
    except _NO_JSON:
        return Answer(_BAD_GATEWAY, FAILED)


class Connection:
    """One connection; `new_id` yields request ids."""

    def __init__(self, api: WebSocketApi, facts: Facts, new_id: Callable[[], str]) -> None:
        self.facts = facts
        self.phase = Phase.CONNECTING
        self.active = facts.connected
        self._routes = api.routes
        self._new_id = new_id

    # --- the handshake -------------------------------------------------------------------------

    def begin(self) -> Invoke | Accept:
        """A client asks for a connection; without a `$connect` route it gets one."""
        if CONNECT not in self._routes:
            return self._open()
        request_id = self._new_id()
        event = self.facts.connect(request_id, self.facts.connected)
        return Invoke(self._routes[CONNECT], request_id, event)

    def decided(self, answered: Answer) -> Accept | Refuse:
        """What `$connect` answered: with 2xx the connection stands."""
        if answered.failed is None and answered.status in _OK:
            return self._open()
        self.phase = Phase.CLOSED
        if answered.failed is not None:
            return Refuse(answered.status, answered.failed)
        if answered.status not in _REFUSALS:
            return Refuse(_BAD_GATEWAY, FAILED)
        return Refuse(answered.status, FORBIDDEN)

    def _open(self) -> Accept:
        self.phase = Phase.OPEN
        return Accept()

    # --- messages ------------------------------------------------------------------------------

    def received(self, data: str | bytes, moment: Moment) -> Action | None:
        """A message, whole; what comes after we have closed is left.

        Binary ones are not taken:
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
        """The route of a message by `$request.body.action`; None: there is none.

        What is no JSON, has no action or none with a route is `$default`'s:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
        """
        try:
            document = msgspec.json.decode(body)
        except _NO_JSON:
            document = None
        key = document.get("action") if isinstance(document, dict) else None
        # What tells of a connection's beginning and end cannot be said by a client.
        if isinstance(key, str) and key in self._routes and key not in PREDEFINED:
            return key
        return DEFAULT if DEFAULT in self._routes else None

    def answered(self, request_id: str, answered: Answer) -> Send | None:
        """A message's integration has ended: its client hears of failures alone.

        There are no route responses, which a route has to be given on AWS, too:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
        """
        if answered.failed is None or self.phase is not Phase.OPEN:
            return None
        return self._complaint(answered.failed, request_id)

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
            GoneError: it is not open.
        """
        self.check_open()
        self.active = moment
        return Send(text)

    def deleted(self) -> Close:
        """DELETE @connections.

        Raises:
            GoneError: it is not open.
        """
        self.check_open()
        return self._close(NORMAL, "Connection Closed Normally")

    def check_open(self) -> None:
        """Before anything is done to it from without.

        Raises:
            GoneError: it is not open.
        """
        if self.phase is not Phase.OPEN:
            raise GoneError

    # --- its end -------------------------------------------------------------------------------

    @property
    def due_ms(self) -> float:
        """When it has been idle or open for too long, if nothing happens before."""
        return min(self.active.now_ms + IDLE_LIMIT_MS, self.facts.connected.now_ms + LIFE_LIMIT_MS)

    def expired(self, moment: Moment) -> Close | None:
        """Time has gone by."""
        if self.phase is Phase.OPEN and moment.now_ms >= self.due_ms:
            return self._close(GOING_AWAY, "Going away")
        return None

    def _close(self, code: int, reason: str) -> Close:
        self.phase = Phase.CLOSING
        return Close(code, reason)

    def closed(self, code: int, reason: str, moment: Moment) -> Invoke | None:
        """It is over, whoever ended it: `$disconnect` hears of what had been open, once."""
        was, self.phase = self.phase, Phase.CLOSED
        if was not in (Phase.OPEN, Phase.CLOSING) or DISCONNECT not in self._routes:
            return None
        request_id = self._new_id()
        event = self.facts.disconnect(code, reason, request_id, moment)
        return Invoke(self._routes[DISCONNECT], request_id, event)


class Gauge:
    """Sizes of what comes in, frame by frame."""

    def __init__(self) -> None:
        self._frame = self._message = 0

    def exceeded(self, size: int, *, frame_ends: bool, message_ends: bool) -> str | None:
        """Take a part of a frame; which limit it breaks, or None."""
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
