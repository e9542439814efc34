"""Whole HTTP requests and responses, as the emulator's APIs see them."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 403: "Forbidden"}
_JSON = "application/json"
# Characters that would end a header's line early.
_BREAKS = str.maketrans("\r\n\0", "   ")


class Request(msgspec.Struct, kw_only=True):
    """One request, after its body was read to the end.

    Attributes:
        target: path and query as they were sent.
        headers: names in lower case; with the trailers of a chunked body.
        size: size of the body, bytes.
        body: None: it is larger than the listener keeps.
        parameters: the parts of the path that the route names, decoded.
    """

    method: str
    target: str
    headers: dict[str, str]
    size: int = 0
    body: bytes | None = b""
    parameters: dict[str, str] = {}

    @property
    def path(self) -> str:
        """The target without its query, decoded."""
        path = self.target.partition("?")[0]
        return unquote_to_bytes(path).decode(errors="replace") if "%" in path else path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; where one is repeated, its last value."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def within(self, limit: int) -> bytes | None:
        """The body; None: it has more than `limit` bytes."""
        return self.body if self.size <= limit else None


class Response(msgspec.Struct, kw_only=True):
    """One answer; `headers` without Content-Length and Content-Type, which follow from the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = msgspec.field(default_factory=dict)

    def encode(self, *, keep_alive: bool) -> bytes:
        """The bytes on the wire; header values are in UTF-8."""
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Error')}\r\n"]
        lines += [f"{name}: {_one_line(value)}\r\n" for name, value in self.headers.items()]
        if self.status != 204:  # noqa: PLR2004 - HTTP's own number: it has no body
            lines.append(f"Content-Type: {_JSON}\r\nContent-Length: {len(self.body)}\r\n")
        lines.append("\r\n" if keep_alive else "Connection: close\r\n\r\n")
        return "".join(lines).encode() + self.body


def _one_line(value: str) -> str:
    return value if value.isprintable() else value.translate(_BREAKS)


def json_response(document: object, status: int = 200) -> Response:
    """An answer with a JSON document."""
    return Response(status=status, body=msgspec.json.encode(document))
