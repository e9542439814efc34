"""All variants of `etl` read the same from any document: items, flaws and refusals.

The tuned ones are fed it in pieces, and read the same wherever it is cut.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambdameter.build import shared_target

ROOT = Path(__file__).resolve().parents[2]
ETL = ROOT / "workloads" / "etl"
MANY = settings(max_examples=600, deadline=None)

Answer = dict[str, Any]


class RustParser:
    """A crate's `examples/parse.rs`, kept running: one document in, one answer out."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def parse(self, body: bytes, form: str, *size: int) -> Answer:
        """`size`: of the pieces, in bytes, for the crate that reads in pieces."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        head = " ".join(map(str, (form, len(body), *size)))
        self._process.stdin.write(f"{head}\n".encode() + body)
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def built(crate: str) -> Iterator[RustParser]:
    # With the features of the whole workspace, and of `cargo test`, which has built it before.
    command = ["cargo", "build", "--release", "--quiet", "--workspace", "--example"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(shared_target.folder())}
    example = "parse" if crate == "etl-rust" else "parse-pieces"
    subprocess.run([*command, example], cwd=ROOT, env=environment, check=True)
    parser = RustParser(shared_target.folder() / "release" / "examples" / example)
    yield parser
    parser.close()


@pytest.fixture(scope="session")
def rust() -> Iterator[RustParser]:
    yield from built("etl-rust")


@pytest.fixture(scope="session")
def rust_tuned() -> Iterator[RustParser]:
    yield from built("etl-rust-tuned")


@pytest.fixture(scope="session")
def python() -> ModuleType:
    spec = importlib.util.spec_from_file_location("etl_document", ETL / "python" / "document.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def python_tuned() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ETL / "python-tuned"))
        module = importlib.import_module("document")
        # Another variant's modules have the same names.
        for name in ("document", "record"):
            sys.modules.pop(name, None)
        yield module


class Pieces(io.RawIOBase):
    """A body that comes so many bytes at a time."""

    def __init__(self, body: bytes, size: int) -> None:
        self._body, self._size = io.BytesIO(body), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._body.read(min(len(buffer), self._size))
        buffer[: len(piece)] = piece
        return len(piece)


def read_in_pieces(module: ModuleType, body: bytes, form: str, size: int) -> Answer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", size)
        reader = module.Reader(Pieces(body, size), form)
        try:
            made = list(reader.requests())
        except module.InvalidDocument as error:
            return {"error": {"type": type(error).__name__, "message": str(error)}}
    items = [json.loads(request)["PutRequest"]["Item"] for _, request in made]
    assert [key for key, _ in made] == [item["registration_id"]["S"] for item in items]
    return {"records": reader.records, "items": items, "invalid": reader.invalid}


def read_by_python(module: ModuleType, body: bytes, form: str) -> Answer:
    try:
        document = module.parse(body, form)
    except module.InvalidDocument as error:
        return {"error": {"type": type(error).__name__, "message": str(error)}}
    items = [{field: typed(value) for field, value in item.items()} for item in document.items]
    return {"records": document.records, "items": items, "invalid": document.invalid}


def typed(value: object) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, Decimal) else {"S": str(value)}


# --- Documents that are nearly right ------------------------------------------------------

FIELDS = (
    "registration_id", "event_name", "event_date", "venue", "city", "attendee_name", "email",
    "ticket_type", "amount_paid", "payment_method", "seat_section",
)  # fmt: skip
HEADER = ",".join(FIELDS)
AMOUNTS = st.from_regex(r"\A(0|[1-9][0-9]{0,6})(\.[0-9]{1,2})?\Z")
NEARLY_AMOUNTS = st.from_regex(r"\A-?[0-9]{0,8}(\.[0-9]{0,3})?([eE][+-]?[0-9]{1,20})?\Z") | (
    st.sampled_from(["NaN", "Infinity", "-0", "9" * 5_000, "1e999999999999999999999", "٣", "1_0"])
)
TEXTS = st.text(max_size=8, alphabet=st.characters(codec="utf-8")) | st.sampled_from(
    ["", '"', '""', 'a"b', "a,b", "a\nb", "a\r\nb", "\r", " x ", "\ufeff", "\0", "é" * 513, "🎸"]
)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# Nothing that CSV would have to quote, and no half of a surrogate pair.
SOUND_TEXTS = st.text(
    min_size=1, max_size=8, alphabet=st.characters(codec="utf-8", exclude_characters='",\r\n')
)


@st.composite
def csv_rows(draw: st.DrawFn) -> str:
    """A sound row, but for a few cells that are odd or too many or too few."""
    row = [draw(SOUND_TEXTS) for _ in FIELDS]
    row[8] = draw(AMOUNTS)
    for cell in draw(st.lists(CSV_CELLS, max_size=2)):
        row[draw(st.integers(0, 10))] = cell
    row[8] = draw(st.just(row[8]) | AMOUNTS.map(quoted) | NEARLY_AMOUNTS)
    return ",".join([*row, "x"][: draw(st.sampled_from([11] * 8 + [1, 10, 12]))])


CSV_CELLS = TEXTS | TEXTS.map(quoted) | st.sampled_from(['"a"b', '"a"b"c"', 'a"b"', '"', '" "x'])
CSV_ROWS = csv_rows() | st.lists(CSV_CELLS, max_size=13).map(",".join)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\r\n", "\r\n\r\n"])
SOUND_HEADS = [HEADER, "\ufeff" + HEADER, "\n\r\n" + HEADER, HEADER.replace("city", '"city"')]
OTHER_HEADS = [
    "\ufeff\ufeff" + HEADER,
    HEADER + ",",
    HEADER.upper(),
    " " + HEADER,
    "",
    HEADER[:-13],
]
CSV_HEADS = st.sampled_from(SOUND_HEADS * 4 + OTHER_HEADS)
CSV_DOCUMENTS = st.builds(
    lambda head, rows: (head + "".join(end + row for end, row in rows)).encode(),
    CSV_HEADS,
    st.lists(st.tuples(LINE_ENDS, CSV_ROWS), max_size=6),
)

LONE = st.sampled_from([r"\ud800", r"\uDFFF", r"\ud83d\u0041", r"\ude00\ud83d"]).map('"{}"'.format)
BAD_JSON = st.sampled_from(
    ["NaN", "-Infinity", "1.", "01", "-", ".5", r'"\x"', r'"\u12"', '"\t"', "'a'", "nul", ""]
)
JSON_NUMBERS = st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,7})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,20})?\Z"
) | st.sampled_from(["-0", "-0.0", "9" * 5_000, "1e999999999999999999999", "0." + "0" * 400 + "1"])
JSON_SCALARS = st.sampled_from(["null", "true", "false"]) | LONE | JSON_NUMBERS
JSON_STRINGS = st.builds(
    lambda text, ascii_only: json.dumps(text, ensure_ascii=ascii_only), TEXTS, st.booleans()
)
JSON_VALUES = st.recursive(
    JSON_SCALARS | JSON_STRINGS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda values: f"[{','.join(values)}]")
        | inner.map('{{"inner": {}}}'.format)
    ),
    max_leaves=4,
)
KEYS = st.sampled_from([*FIELDS, "more", r"c\u0069ty", r"\ud800"])


def as_object(members: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in members) + "}"


@st.composite
def json_records(draw: st.DrawFn) -> str:
    """A sound object, but for a few members that come again, are odd, or are left out."""
    members = [(field, json.dumps(draw(SOUND_TEXTS))) for field in FIELDS]
    members[8] = ("amount_paid", draw(AMOUNTS | JSON_NUMBERS))
    members += draw(st.lists(st.tuples(KEYS, JSON_VALUES), max_size=2))
    left_out = draw(st.sampled_from([None] * 8 + [*range(11)]))
    if left_out is not None:
        del members[left_out]
    return as_object(draw(st.just(members) | st.permutations(members)))


JSON_RECORDS = json_records() | json_records() | JSON_VALUES
JSON_DOCUMENTS = st.builds(
    lambda bom, records, tail: (bom + "[" + " ,\n".join(records) + "]" + tail).encode(),
    st.sampled_from([""] * 12 + ["\ufeff", "\ufeff", "\ufeff\ufeff", " "]),
    st.lists(JSON_RECORDS, max_size=4) | st.lists(JSON_RECORDS | BAD_JSON, max_size=2),
    st.sampled_from([""] * 12 + [" \r\n\t", ",", "]", "\0", "\ufeff", "\f"]),
) | JSON_VALUES.map(str.encode)


# --- The claims ---------------------------------------------------------------------------


class Parsers(NamedTuple):
    rust: RustParser
    rust_tuned: RustParser
    python: ModuleType
    python_tuned: ModuleType

    def assert_alike(
        self, body: bytes, form: str, sizes: tuple[int, ...] = (1, 2, 7, 61, 200_000)
    ) -> Answer:
        read = self.rust.parse(body, form)
        assert read_by_python(self.python, body, form) == read
        for size in sizes if len(body) < LONG else sizes[-1:]:
            assert self.rust_tuned.parse(body, form, size) == read
            assert read_in_pieces(self.python_tuned, body, form, size) == read
        return read


LONG = 50_000  # bytes by which a document is not worth being fed one at a time


@pytest.fixture(scope="session")
def parsers(
    rust: RustParser, rust_tuned: RustParser, python: ModuleType, python_tuned: ModuleType
) -> Parsers:
    return Parsers(rust, rust_tuned, python, python_tuned)


@MANY
@given(body=CSV_DOCUMENTS)
@example(body=f"{HEADER}\n".encode() + b'""')
@example(body=f"{HEADER}\n".encode() + b'"' + b"x" * 200_000)
@example(body=f"{HEADER}\n\xff,".encode("latin-1"))
@example(body=b"\xef\xbb")
@example(body=b"\xef\xbb\xbf")
@example(body=b"")
def test_any_csv_is_read_alike(parsers: Parsers, body: bytes) -> None:
    parsers.assert_alike(body, "csv")


@MANY
@given(body=JSON_DOCUMENTS)
@example(body=b"[" * 64 + b"]" * 64)
@example(body=b"[" * 65 + b"]" * 65)
@example(body=b"[" * 100_000 + b"]" * 100_000)
@example(body=b"[" + b"{}," * 100 + b'{"more":' + b"[" * 63 + b"]" * 63 + b"}]")
@example(body=b'[{"more":' + b"[" * 63 + b"]" * 63 + b',"more":1}]')
@example(body=b'{"more":' + b"[" * 64 + b"]" * 64 + b"}")
@example(body="[]".encode("utf-16"))
@example(body=b"[NaN]")
@example(body=b'["\xed\xa0\x80"]')
@example(body=b"\xef\xbb")
@example(body=b"")
def test_any_json_is_read_alike(parsers: Parsers, body: bytes) -> None:
    parsers.assert_alike(body, "json")


@MANY
@given(body=st.binary(max_size=60), form=st.sampled_from(["csv", "json"]))
def test_any_bytes_are_read_alike(parsers: Parsers, body: bytes, form: str) -> None:
    framed = f"{HEADER}\n".encode() + body if form == "csv" else b'[{"city":"' + body + b'"}]'
    for document in (body, framed):
        parsers.assert_alike(document, form)


RECORDS = st.tuples(
    *(AMOUNTS if field == "amount_paid" else SOUND_TEXTS | SOUND_TEXTS | TEXTS for field in FIELDS)
).map(lambda values: dict(zip(FIELDS, values, strict=True)))


@MANY
@given(records=st.lists(RECORDS, max_size=4))
def test_the_same_records_are_the_same_in_both_formats(
    parsers: Parsers, records: list[dict[str, str]]
) -> None:
    rows = [",".join(map(quoted, record.values())) for record in records]
    as_csv = "\r\n".join([HEADER, *rows]).encode()
    objects = (
        as_object(
            [
                (field, text if field == "amount_paid" else json.dumps(text))
                for field, text in record.items()
            ]
        )
        for record in records
    )
    as_json = f"[{','.join(objects)}]".encode()
    read = parsers.assert_alike(as_csv, "csv")
    assert "error" not in read
    assert parsers.assert_alike(as_json, "json") == read


def test_the_generated_documents_are_what_the_generator_expects(
    parsers: Parsers, tmp_path: Path
) -> None:
    parameters = {"records": 2_000, "concerts": 30, "broken_records": 150, "seed": 9}
    argv = [sys.executable, str(ETL / "generate.py"), "--out", str(tmp_path)]
    subprocess.run([*argv, "--parameters", json.dumps(parameters)], check=True)
    expected = json.loads((tmp_path / "expected.json").read_text(encoding="utf-8"))["response"]
    lines = (tmp_path / "expected.ndjson").read_text(encoding="utf-8").split("\n")
    wanted = {
        "records": 2_000,
        "items": [json.loads(line) for line in lines[:-1]],
        "invalid": expected["invalid"],
    }
    for form in ("csv", "json"):
        body = (tmp_path / f"registrations.{form}").read_bytes()
        assert parsers.assert_alike(body, form, (4_096, 65_536)) == wanted


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_document_may_be_cut_anywhere(parsers: Parsers, form: str) -> None:
    texts = [f'{field} "Zoe\u0308", 🎸\r\n' for field in FIELDS]
    texts[8] = "129.50"
    rows = [",".join(map(quoted, texts)), "R2", ",".join(["x"] * 11), ",".join(["y"] * 12)]
    members = [
        (field, text if field == "amount_paid" else json.dumps(text, ensure_ascii=ascii_only))
        for ascii_only in (True, False)
        for field, text in zip(FIELDS, texts, strict=True)
    ]
    whole = "\r\n".join([HEADER, *rows, ""])
    if form == "json":
        sound = as_object(members)
        whole = f' [{sound} , -1.5e+10,{{"more": [[], {{}}]}},\t"\\ud83d\\ude00", true]\r\n'
    body = f"\ufeff{whole}".encode()
    read = parsers.assert_alike(body, form, tuple(range(1, len(body) + 1)))
    assert len(read["items"]) == 1
    # A document that ends too early, or has a byte in it that is not UTF-8, is refused alike.
    for end in range(len(body)):
        parsers.assert_alike(body[:end], form, (5,))
        parsers.assert_alike(body[:end] + b"\xff" + body[end:], form, (5,))
