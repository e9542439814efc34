"""Events for the functions of routes, in AWS's form. Pure.

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
    """One reading of both clocks, ms: limits use the monotonic clock, events contain the other."""

    now_ms: float
    epoch_ms: float


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client, as its handshake describes it.

    Attributes:
        headers: names in lower case.
        query: decoded.
    """

    source_ip: str
    headers: Pairs = ()
    query: Pairs = ()

    @property
    def user_agent(self) -> str | None:
        """None: the client sent none."""
        return dict(self.headers).get("user-agent")


class ApiStage(msgspec.Struct, frozen=True, kw_only=True):
    """The API and stage that a client connects to; `domain` is host:port."""

    api_id: str
    stage: str
    domain: str


class ConnectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What all events of one connection contain."""

    stage: ApiStage
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
            "stage": self.stage.stage,
            "connectedAt": int(self.connected.epoch_ms),
            "requestTimeEpoch": int(moment.epoch_ms),
            "identity": identity,
            "requestId": request_id,
            "domainName": self.stage.domain,
            "connectionId": self.connection_id,
            "apiId": self.stage.api_id,
        }

    def connect(self, request_id: str, moment: Moment) -> dict[str, Any]:
        """For `$connect`: only this event has the handshake's headers and query."""
        headers = (
            *((_header_name(name), value) for name, value in self.client.headers),
            ("X-Forwarded-For", self.client.source_ip),
        )
        event: dict[str, Any] = {
            "headers": dict(headers),
            "multiValueHeaders": _multi_value(headers),
        }
        if self.client.query:
            event["queryStringParameters"] = dict(self.client.query)
            event["multiValueQueryStringParameters"] = _multi_value(self.client.query)
        event["requestContext"] = self.context(CONNECT, "CONNECT", request_id, moment)
        event["isBase64Encoded"] = False
        return event

    def message(self, route_key: str, body: str, message_id: str, moment: Moment) -> dict[str, Any]:
        """For `$default` and the API's own routes."""
        context = self.context(route_key, "MESSAGE", message_id, moment)
        context["messageId"] = message_id
        return {"requestContext": context, "body": body, "isBase64Encoded": False}

    def disconnect(self, code: int, reason: str, request_id: str, moment: Moment) -> dict[str, Any]:
        """For `$disconnect`."""
        headers = (
            ("Host", self.stage.domain),
            ("x-api-key", ""),
            ("X-Forwarded-For", self.client.source_ip),
            ("x-restapi", ""),
        )
        context = self.context(DISCONNECT, "DISCONNECT", request_id, moment)
        context |= {"disconnectStatusCode": code, "disconnectReason": reason}
        return {
            "headers": dict(headers),
            "multiValueHeaders": _multi_value(headers),
            "requestContext": context,
            "isBase64Encoded": False,
        }


def _multi_value(pairs: Pairs) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _header_name(lower: str) -> str:
    """A header's name as most clients write it; HTTP gives us lower case."""
    return "-".join(
        "WebSocket" if part == "websocket" else part.capitalize() for part in lower.split("-")
    )
