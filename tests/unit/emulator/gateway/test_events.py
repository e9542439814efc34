from __future__ import annotations

import msgspec

from lambdameter.emulator.gateway.events import Client, ConnectionFacts, Moment

# 2025-03-16T00:46:38.789Z
LATER = Moment(2_000.0, 1_742_085_998_789.0)
COMMON = {
    "extendedRequestId": "r=",
    "requestTime": "16/Mar/2025:00:46:38 +0000",
    "messageDirection": "IN",
    "stage": "live",
    "connectedAt": 1_742_085_982_306,
    "requestTimeEpoch": 1_742_085_998_789,
    "identity": {"sourceIp": "127.0.0.1", "userAgent": "u"},
    "requestId": "r=",
    "domainName": "127.0.0.1:1",
    "connectionId": "c=",
    "apiId": "a1",
}


def test_connect_has_the_handshakes_headers_and_query(facts: ConnectionFacts) -> None:
    assert facts.connect("r=", LATER) == {
        "headers": {
            "Host": "127.0.0.1:1",
            "User-Agent": "u",
            "Sec-WebSocket-Key": "k",
            "X-Forwarded-For": "127.0.0.1",
        },
        "multiValueHeaders": {
            "Host": ["127.0.0.1:1"],
            "User-Agent": ["u"],
            "Sec-WebSocket-Key": ["k"],
            "X-Forwarded-For": ["127.0.0.1"],
        },
        "queryStringParameters": {"lane": "2"},
        "multiValueQueryStringParameters": {"lane": ["1", "2"]},
        "requestContext": COMMON | {"routeKey": "$connect", "eventType": "CONNECT"},
        "isBase64Encoded": False,
    }


def test_without_a_query_there_are_no_parameters(facts: ConnectionFacts) -> None:
    bare = msgspec.structs.replace(facts, client=Client(source_ip="127.0.0.1"))
    event = bare.connect("r=", LATER)
    assert "queryStringParameters" not in event
    assert event["requestContext"]["identity"] == {"sourceIp": "127.0.0.1"}


def test_a_message_has_its_body_its_id_and_no_headers(facts: ConnectionFacts) -> None:
    assert facts.message("run", "b", "r=", LATER) == {
        "requestContext": COMMON | {"routeKey": "run", "eventType": "MESSAGE", "messageId": "r="},
        "body": "b",
        "isBase64Encoded": False,
    }


def test_disconnect_has_the_code_and_the_reason(facts: ConnectionFacts) -> None:
    event = facts.disconnect(1001, "Going away", "r=", LATER)
    assert event["requestContext"] == COMMON | {
        "routeKey": "$disconnect",
        "eventType": "DISCONNECT",
        "disconnectStatusCode": 1001,
        "disconnectReason": "Going away",
    }
    assert event["headers"] == {
        "Host": "127.0.0.1:1",
        "x-api-key": "",
        "X-Forwarded-For": "127.0.0.1",
        "x-restapi": "",
    }
