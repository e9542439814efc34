"""The two variants of `etl` read the same from any document: items, flaws and refusals."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambdameter.package.cargo import target_folder

ROOT = Path(__file__).resolve().parents[2]
ETL = ROOT / "workloads" / "etl"
MANY = settings(max_examples=600, deadline=None)

Answer = dict[str, Any]


class RustParser:
    """`examples/parse.rs`, kept running: one document in, one answer out."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def parse(self, body: bytes, form: str) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{form} {len(body)}\n".encode() + body)
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="session")
def rust() -> Iterator[RustParser]:
    command = ["cargo", "build", "--release", "--quiet", "-p", "etl-rust", "--example", "parse"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(target_folder())}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    parser = RustParser(target_folder() / "release" / "examples" / "parse")
    yield parser
    parser.close()


@pytest.fixture(scope="session")
def python() -> ModuleType:
    spec = importlib.util.spec_from_file_location("etl_document", ETL / "python" / "document.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


@MANY
@given(body=CSV_DOCUMENTS)
@example(body=f"{HEADER}\n".encode() + b'""')
@example(body=f"{HEADER}\n".encode() + b'"' + b"x" * 200_000)
@example(body=f"{HEADER}\n\xff,".encode("latin-1"))
@example(body=b"\xef\xbb")
@example(body=b"\xef\xbb\xbf")
@example(body=b"")
def test_any_csv_is_read_alike(rust: RustParser, python: ModuleType, body: bytes):
    assert rust.parse(body, "csv") == read_by_python(python, body, "csv")


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
def test_any_json_is_read_alike(rust: RustParser, python: ModuleType, body: bytes):
    assert rust.parse(body, "json") == read_by_python(python, body, "json")


@MANY
@given(body=st.binary(max_size=60), form=st.sampled_from(["csv", "json"]))
def test_any_bytes_are_read_alike(rust: RustParser, python: ModuleType, body: bytes, form: str):
    framed = f"{HEADER}\n".encode() + body if form == "csv" else b'[{"city":"' + body + b'"}]'
    for document in (body, framed):
        assert rust.parse(document, form) == read_by_python(python, document, form)


RECORDS = st.tuples(
    *(AMOUNTS if field == "amount_paid" else SOUND_TEXTS | SOUND_TEXTS | TEXTS for field in FIELDS)
).map(lambda values: dict(zip(FIELDS, values, strict=True)))


@MANY
@given(records=st.lists(RECORDS, max_size=4))
def test_the_same_records_are_the_same_in_both_formats(
    rust: RustParser, python: ModuleType, records: list[dict[str, str]]
):
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
    read = rust.parse(as_csv, "csv")
    assert "error" not in read
    assert read == rust.parse(as_json, "json")
    assert read == read_by_python(python, as_json, "json")


def test_the_generated_documents_are_what_the_generator_expects(
    rust: RustParser, python: ModuleType, tmp_path: Path
):
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
        assert rust.parse(body, form) == wanted
        assert read_by_python(python, body, form) == wanted
