from __future__ import annotations

from typing import Any

import pytest

from lambdameter.errors import BadInputError
from lambdameter.workload.sam.document import parse

FILE = "template.yaml"


def plain(text: str) -> Any:
    return parse(text.encode(), FILE).plain()


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref X", {"Ref": "X"}),
        ("!Sub 'a-${X}'", {"Fn::Sub": "a-${X}"}),
        ("!Sub ['${a}', {a: !Ref X}]", {"Fn::Sub": ["${a}", {"a": {"Ref": "X"}}]}),
        ("!GetAtt Table.Stream.Arn", {"Fn::GetAtt": ["Table", "Stream.Arn"]}),
        ("!GetAtt [Table, Arn]", {"Fn::GetAtt": ["Table", "Arn"]}),
        ("!Join ['-', [a, !Ref X]]", {"Fn::Join": ["-", ["a", {"Ref": "X"}]]}),
        ("!If [Prod, 1, 2]", {"Fn::If": ["Prod", 1, 2]}),
        ("!Condition Prod", {"Condition": "Prod"}),
        ("!Ref 123456789012", {"Ref": "123456789012"}),
    ],
)
def test_short_forms_are_their_long_ones(short: str, long: Any) -> None:
    assert plain(f"a: {short}") == {"a": long}


def test_scalars_have_yamls_types() -> None:
    assert plain("{a: 128, b: '128', c: true, d: null, e: 0.5}") == {
        "a": 128,
        "b": "128",
        "c": True,
        "d": None,
        "e": 0.5,
    }


def test_json_is_yaml() -> None:
    assert plain('{"Resources": {"A": {"Type": "T"}}}') == {"Resources": {"A": {"Type": "T"}}}


def test_a_value_knows_its_line() -> None:
    node = parse(b"a:\n  b: 1\n  c:\n    - x\n    - !Ref Y\n", FILE)
    inner = node.get("a")
    assert inner is not None
    c = inner.get("c")
    assert c is not None
    assert [one.line for one in c.value] == [4, 5]


def test_aliases_and_merge_keys_are_followed() -> None:
    assert plain("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x") == {
        "x": {"a": 1, "b": 2},
        "y": {"a": 1, "b": 3},
        "z": {"a": 1, "b": 2},
    }


def test_aliases_upon_aliases_are_read_once() -> None:
    text = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)
    )
    assert len(parse(text.encode(), FILE).value) == 60


@pytest.mark.parametrize(
    ("text", "says", "place"),
    [
        (b"", "the file is empty", FILE),
        (b"# only this\n", "the file is empty", FILE),
        (b"a: 1\nb: [1, 2\nc: 3\n", "", f"{FILE}:3"),
        (b"a: 1\n\tb: 2\n", "", f"{FILE}:2"),
        (b"a: 1\n---\nb: 2\n", "", f"{FILE}:2"),
        (b"a: 1\na: 2\n", "'a' appears twice", f"{FILE}:1"),
        (b"a: &a [*a]\n", "refers to itself", f"{FILE}:1"),
        (b"a: \xff\xfe\n", "", FILE),
        (b"a: *b\n", "undefined alias", f"{FILE}:1"),
        (b"[" * 5_000, "nested too deeply", FILE),
        (b"a" * 1_000_001, "larger than 1 MB", FILE),
    ],
)
def test_what_is_malformed_is_told_with_its_line(text: bytes, says: str, place: str) -> None:
    with pytest.raises(BadInputError, match="The template cannot be read") as refused:
        parse(text, FILE)
    assert says in refused.value.cause
    assert refused.value.place == place
