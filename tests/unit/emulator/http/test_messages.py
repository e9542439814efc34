from __future__ import annotations

import pytest

from lambdameter.emulator.http.messages import Request, Response, json_response


def request(target: str, **more: object) -> Request:
    return Request(method="GET", target=target, headers={}, **more)  # type: ignore[arg-type]


def test_path_and_query_are_decoded() -> None:
    asked = request("/functions/arn%3Aaws/x?Marker=a%20b&MaxItems=2&Empty=")
    assert asked.path == "/functions/arn:aws/x"
    assert asked.query == {"Marker": "a b", "MaxItems": "2", "Empty": ""}


def test_a_body_is_there_up_to_a_limit() -> None:
    asked = request("/", body=b"abc", size=3)
    assert asked.within(3) == b"abc"
    assert asked.within(2) is None


def test_a_response_tells_its_length_and_stays_open() -> None:
    sent = json_response({"n": 1}, 201).encode(keep_alive=True)
    assert sent == (
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
        b'{"n":1}'
    )


def test_the_last_response_says_so() -> None:
    assert b"\r\nConnection: close\r\n\r\n" in Response().encode(keep_alive=False)


def test_no_content_has_neither_length_nor_type() -> None:
    assert Response(status=204).encode(keep_alive=True) == b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("forged", ["a\r\nX: 1", "a\nX: 1", "a\0X: 1"])
def test_a_value_cannot_end_its_line(forged: str) -> None:
    sent = Response(headers={"A": forged}).encode(keep_alive=True)
    (line,) = [line for line in sent.splitlines() if line.startswith(b"A: ")]
    assert line.endswith(b"X: 1")
