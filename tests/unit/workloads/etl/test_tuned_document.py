"""How the tuned Python variant streams; that it reads the same stands in tests/parity."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

FORMS = ("csv", "json")
HEADER = b"registration_id,event_name,event_date,venue,city,attendee_name,email,ticket_type"
HEADER += b",amount_paid,payment_method,seat_section\r\n"


def endless(form: str) -> Iterator[bytes]:
    """A document without end."""
    yield HEADER if form == "csv" else b"["
    names = HEADER.decode().strip().split(",")
    for index in itertools.count():
        texts = [f"text {index}"] * 11
        texts[8] = "129.50"
        if form == "csv":
            yield ",".join(texts).encode() + b"\n"
        else:
            values = [f'"{text}"' for text in texts]
            values[8] = texts[8]
            members = (f'"{name}": {value}' for name, value in zip(names, values, strict=True))
            yield f"{{{','.join(members)}}},".encode()


class Body(io.RawIOBase):
    """A body made of these pieces; `asked` counts how often it was read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self.asked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.asked += 1
        while len(self._held) < len(buffer) and (piece := next(self._pieces, b"")):
            self._held += piece
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size


@pytest.mark.parametrize("form", FORMS)
def test_the_first_record_is_there_before_the_rest_is_read(
    python_tuned: SimpleNamespace, form: str
) -> None:
    body = Body(endless(form))
    key, _ = next(python_tuned.document.Reader(body, form).requests())
    assert key == "text 0"
    assert body.asked <= 2


@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_the_document(
    python_tuned: SimpleNamespace, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_tuned.document, "PIECE", 32 * 1_024)
    reader = python_tuned.document.Reader(Body(endless(form)), form)
    size = 0
    tracemalloc.start()
    for _, request in itertools.islice(reader.requests(), 10_000):
        size += len(request)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 500_000 < size / 5


def test_a_long_element_is_not_read_over_and_over(
    python_tuned: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_tuned.document, "PIECE", 64)
    body = Body(iter([b'["', b"x" * 1_000_000, b'"]']))
    reader = python_tuned.document.Reader(body, "json")
    decoded = []
    decode = python_tuned.document._decoder.raw_decode

    def counted(text: str, start: int) -> Any:
        decoded.append(len(text) - start)
        return decode(text, start)

    monkeypatch.setattr(python_tuned.document, "_decoder", SimpleNamespace(raw_decode=counted))
    assert list(reader.requests()) == []
    assert reader.records == 1
    assert sum(decoded) < 4_000_000


def test_a_broken_document_is_refused_where_it_breaks(python_tuned: SimpleNamespace) -> None:
    body = Body(itertools.chain([b"[1, oops,"], itertools.repeat(b" 1," * 1_000, 4_000)))
    reader = python_tuned.document.Reader(body, "json")
    tracemalloc.start()
    with pytest.raises(python_tuned.document.InvalidDocument, match="is not JSON"):
        list(reader.requests())
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The rest was read, since it might not have been UTF-8, but not kept.
    assert next(body._pieces, b"") == b""
    assert held < 12 * python_tuned.document.PIECE


def test_what_stands_before_the_fault_is_given(python_tuned: SimpleNamespace) -> None:
    pieces = itertools.chain(itertools.islice(endless("csv"), 50_000), [b"\xff"])
    requests = python_tuned.document.Reader(Body(pieces), "csv").requests()
    given: list[Any] = []
    with pytest.raises(python_tuned.document.InvalidDocument, match="UTF-8"):
        given.extend(requests)
    # All but what stood in one piece with the fault.
    assert len(given) > 40_000
