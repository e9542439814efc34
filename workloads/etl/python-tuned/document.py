"""From an object that streams in to requests and flaws; the README has the rules."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, NoReturn

import record
from record import FIELDS, Number

MAX_DEPTH = 64
NAMED_FLAWS = 100
# How much is read from the object at once: bytes for CSV, characters for JSON.
PIECE = 256 * 1024

# How far before the end of what is there an error may be due to what is not there yet: the longest
# thing but a string that json reads at once is an escaped surrogate pair.
_MARGIN = 16
_BRACKETS = re.compile(r'"(?:[^"\\]+|\\.)*"|[\[\]{}]', re.DOTALL)
_skip_space = re.compile(r"[ \t\n\r]*").match
_values = itemgetter(*FIELDS)

# The module's own limit of 131,072 would fail a whole document over one long field.
csv.field_size_limit(sys.maxsize)


class InvalidDocument(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """The object as a whole cannot be read."""


class Reader:
    """Reads an object piece by piece; memory does not grow with it.

    Attributes:
        records: how many were read so far, sound or not.
        invalid: {"count": N, "first": [{"record", "field", "reason"}, ...]}, so far.
    """

    def __init__(self, source: io.RawIOBase, form: str) -> None:
        self.records = 0
        self.invalid: dict[str, Any] = {"count": 0, "first": []}
        self._source = source
        self._read = self._read_csv if form == "csv" else self._read_json

    def requests(self) -> Iterator[tuple[str, bytes]]:
        """Each sound record's key and its part of a BatchWriteItem.

        Raises:
            InvalidDocument: as soon as the object is known to be none of that format; what was
                given by then is no less sound for it.
        """
        buffered = io.BufferedReader(self._source, PIECE)
        text = io.TextIOWrapper(buffered, encoding="utf-8", newline="")
        try:
            yield from self._read(text)
        except UnicodeDecodeError:
            raise InvalidDocument("the object is not UTF-8") from None
        except InvalidDocument:
            # Not being UTF-8 is the better answer, wherever the fault lies.
            try:
                while text.read(PIECE):
                    pass
            except UnicodeDecodeError:
                raise InvalidDocument("the object is not UTF-8") from None
            raise

    def _read_csv(self, text: io.TextIOWrapper) -> Iterator[tuple[str, bytes]]:
        rows = csv.reader(_without_mark(text))
        header = next(filter(None, rows), None)
        if header != list(FIELDS):
            raise InvalidDocument(f"the first row is not {','.join(FIELDS)}")
        for row in filter(None, rows):  # blank lines are no records
            if len(row) == len(FIELDS) and (made := record.request(row)) is not None:
                yield row[0], made
            else:
                self._note(_flaw_of_row(row))
            self.records += 1

    def _read_json(self, text: io.TextIOWrapper) -> Iterator[tuple[str, bytes]]:
        for element in _elements(text.read):
            made = _request_of_element(element)
            if made is not None:
                yield made
            else:
                self._note(_flaw_of_element(element))
            self.records += 1

    def _note(self, flaw: record.Flaw) -> None:
        self.invalid["count"] += 1
        if len(self.invalid["first"]) < NAMED_FLAWS:
            field, reason = flaw
            self.invalid["first"].append({"record": self.records, "field": field, "reason": reason})


def _without_mark(text: io.TextIOWrapper) -> Iterator[str]:
    for line in text:
        yield line.removeprefix("\ufeff")
        break
    yield from text


def _flaw_of_row(row: list[str]) -> record.Flaw:
    if len(row) > len(FIELDS):
        return None, "too_many_fields"
    values: list[str | None] = [*row, *[None] * (len(FIELDS) - len(row))]
    amount = values[record.AMOUNT]
    if amount is not None:
        values[record.AMOUNT] = Number(amount)
    return record.flaw(values)


def _request_of_element(element: Any) -> tuple[str, bytes] | None:
    if type(element) is not dict:
        return None
    try:
        values = _values(element)
    except KeyError:
        return None
    made = record.request(values) if record.are_sound_types(values) else None
    return None if made is None else (values[0], made)


def _flaw_of_element(element: Any) -> record.Flaw:
    if type(element) is not dict:
        return None, "not_a_record"
    return record.flaw([element.get(field) for field in FIELDS])


# --- The elements of a JSON array ---------------------------------------------------------


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")  # the decoder takes NaN and Infinity unless told


_decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_constant)


def _refusal() -> InvalidDocument:
    return InvalidDocument(f"the object is not JSON of at most {MAX_DEPTH} levels")


class _Window:
    """What was read and not used yet: from `at` on, in `text`."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self.text = read(PIECE).removeprefix("\ufeff")
        self.at = 0

    def grow(self) -> bool:
        """Read on: at least as much as is there, lest a long element be read over and over."""
        more = self._read(max(PIECE, len(self.text) - self.at))
        self.text = self.text[self.at :] + more
        self.at = 0
        return bool(more)

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = _skip_space(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text) or not self.grow():
                return self.text[self.at : self.at + 1]


def _elements(read: Callable[[int], str]) -> Iterator[Any]:
    window = _Window(read)
    if window.peek() != "[":
        raise _not_an_array(window)
    window.at += 1
    if window.peek() == "]":
        window.at += 1
    else:
        while True:
            element, mark = _element(window)
            yield element
            if mark == "]":
                break
            window.peek()
    if window.peek():
        raise _refusal()


def _element(window: _Window) -> tuple[Any, str]:
    """The next element, and what comes after it: a comma, or the array's end."""
    while True:
        text, start = window.text, window.at
        try:
            element, end = _decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            may_go_on = error.pos > len(text) - _MARGIN or error.msg.startswith("Unterminated")
        except (ValueError, RecursionError):
            raise _refusal() from None
        else:
            space = _skip_space(text, end)
            after = space.end() if space else end
            mark = text[after : after + 1]
            if mark in (",", "]"):
                if _is_deep(text, start, end):
                    raise _refusal()
                window.at = after + 1
                return element, mark
            may_go_on = after > len(text) - _MARGIN  # a number may be cut in two
        if not may_go_on or not window.grow():
            raise _refusal()


def _not_an_array(window: _Window) -> InvalidDocument:
    """What is wrong with it, which only all of it can tell."""
    while window.grow():
        pass
    try:
        _decoder.decode(window.text)
    except (ValueError, RecursionError):
        return _refusal()
    if _depth(window.text) > MAX_DEPTH:
        return _refusal()
    return InvalidDocument("the object is not a JSON array")


def _is_deep(text: str, start: int, end: int) -> bool:
    """Whether an element is nested too deep to stand in an array."""
    brackets = text.count("{", start, end) + text.count("[", start, end)
    return brackets >= MAX_DEPTH and _depth(text[start:end]) >= MAX_DEPTH


def _depth(text: str) -> int:
    """How deep the arrays and objects of a sound JSON text are nested."""
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "]}":
            depth -= 1
    return deepest
