"""What a route's function is given: AWS's events, made of what the gateway knows. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integration-requests.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from lambdameter.emulator.gateway.declaration import CONNECT, DISCONNECT

Pairs = tuple[tuple[str, str], ...]


class Moment(msgspec.Struct, frozen=True):
    """One reading of both clocks, ms: limits go by the monotonic one, events tell the other."""

    now_ms: float
    epoch_ms: float


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever connects, as its handshake tells.

    Attributes:
        headers: names in lower case.
        query: decoded.
    """

    source_ip: str
    headers: Pairs = ()
    query: Pairs = ()

    @property
    def user_agent(self) -> str | None:
        """None where it says nothing."""
        return dict(self.headers).get("user-agent")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it connects to; `domain` is host:port."""

    api_id: str
    stage: str
    domain: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What all events of one connection have in common."""

    place: Place
    client: Client
    connection_id: str
    connected: Moment

    def context(
        self, route_key: str, event_type: str, request_id: str, moment: Moment
    ) -> dict[str, Any]:
        """`requestContext`."""
        identity = {"sourceIp": self.client.source_ip}
        if self.client.user_agent is not None:
            identity["userAgent"] = self.client.user_agent
        at = dt.datetime.fromtimestamp(moment.epoch_ms / 1000, tz=dt.UTC)
        return {
            "routeKey": route_key,
            "eventType": event_type,
            "extendedRequestId": request_id,
            "requestTime": at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "messageDirection": "IN",
            "stage": self.place.stage,
            "connectedAt": int(self.connected.epoch_ms),
            "requestTimeEpoch": int(moment.epoch_ms),
            "identity": identity,
            "requestId": request_id,
            "domainName": self.place.domain,
            "connectionId": self.connection_id,
            "apiId": self.place.api_id,
        }

    def connect(self, request_id: str, moment: Moment) -> dict[str, Any]:
        """For `$connect`: the handshake's headers and query are in this event alone."""
        headers = (
            *((_header_name(name), value) for name, value in self.client.headers),
            ("X-Forwarded-For", self.client.source_ip),
        )
        event: dict[str, Any] = {
            "headers": dict(headers),
            "multiValueHeaders": _several(headers),
        }
        if self.client.query:
            event["queryStringParameters"] = dict(self.client.query)
            event["multiValueQueryStringParameters"] = _several(self.client.query)
        event["requestContext"] = self.context(CONNECT, "CONNECT", request_id, moment)
        event["isBase64Encoded"] = False
        return event

    def message(self, route_key: str, body: str, message_id: str, moment: Moment) -> dict[str, Any]:
        """For `$default` and the routes of an API's own."""
        context = self.context(route_key, "MESSAGE", message_id, moment)
        context["messageId"] = message_id
        return {"requestContext": context, "body": body, "isBase64Encoded": False}

    def disconnect(self, code: int, reason: str, request_id: str, moment: Moment) -> dict[str, Any]:
        """For `$disconnect`."""
        headers = (
            ("Host", self.place.domain),
            ("x-api-key", ""),
            ("X-Forwarded-For", self.client.source_ip),
            ("x-restapi", ""),
        )
        context = self.context(DISCONNECT, "DISCONNECT", request_id, moment)
        context |= {"disconnectStatusCode": code, "disconnectReason": reason}
        return {
            "headers": dict(headers),
            "multiValueHeaders": _several(headers),
            "requestContext": context,
            "isBase64Encoded": False,
        }


def _several(pairs: Pairs) -> dict[str, list[str]]:
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    return several


def _header_name(lower: str) -> str:
    """As clients write it; what they wrote is lost on the way."""
    return "-".join(
        "WebSocket" if part == "websocket" else part.capitalize() for part in lower.split("-")
    )
