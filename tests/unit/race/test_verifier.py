from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from lambdameter.model.workload import Table, TableKey
from lambdameter.verify import table

ASKED = {"connection": "me"}


def turn(began_s: float, *, warming: bool = False, last: str | None = "r") -> bytes:
    verdict = {"race": "r", "warming": warming, "last": last, "began_s": began_s}
    return json.dumps(verdict).encode()


Verify = Callable[..., dict[str, Any]]


def item(number: int, amount: str = "129.50") -> dict[str, Any]:
    return {
        "registration_id": {"S": f"{number}"},
        "amount_paid": {"N": amount},
        "city": {"S": 'Zürich "\n'},
    }


@pytest.fixture
def verify(
    imported: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    tables: Callable[..., Any],
    s3: Any,
    gateway: Any,
) -> Verify:
    module = imported("verifier")
    s3.objects["races/current.json"] = turn(0.0)

    def verified(expected: list[Any], python: list[Any], rust: list[Any]) -> dict[str, Any]:
        s3.objects["data/expected.ndjson"] = b"".join(
            json.dumps(one).encode() + b"\n" for one in expected
        )
        monkeypatch.setattr(module, "dynamodb", tables(python, rust))
        module.handler(ASKED, None)
        verdict: dict[str, Any] = gateway.messages("me")[-1]
        return verdict

    return verified


def test_equal_tables_are_identical_in_any_order_and_spelling(verify: Verify) -> None:
    expected = [item(number) for number in range(100)]
    python = [item(number, "129.5") for number in range(100)]
    verdict = verify(expected, python, random.Random(1).sample(expected, 100))  # noqa: S311  an order
    assert verdict["identical"]
    assert {lane["count"] for lane in verdict["lanes"].values()} == {100}
    assert (
        len({verdict["expected"]["digest"], *(one["digest"] for one in verdict["lanes"].values())})
        == 1
    )


def test_the_digest_is_that_of_lambdameters_own_verification(verify: Verify) -> None:
    items = [item(number) for number in range(50)]
    items[0] |= {
        "set": {"NS": ["1.0", "01", "2"]},
        "bytes": {"B": b"\x00\xff"},
        "map": {"M": {"list": {"L": [{"BOOL": True}, {"NULL": True}, {"N": "1E2"}]}}},
    }
    plain = [one | ({"bytes": {"B": "AP8="}} if "bytes" in one else {}) for one in items]
    rule = table.Rule(table=Table(partition_key=TableKey(name="registration_id", type="S")))
    verdict = verify(plain, items, items)
    assert verdict["identical"]
    assert verdict["expected"]["digest"] == table.digest(items, rule).digest


def test_two_tables_with_the_same_fault_are_not_identical(verify: Verify) -> None:
    wrong = [item(0), item(1, "130")]
    verdict = verify([item(0), item(1)], wrong, wrong)
    assert not verdict["identical"]
    assert verdict["lanes"]["python"]["digest"] == verdict["lanes"]["rust"]["digest"]


def test_differences_are_counted_and_the_first_are_told_field_by_field(verify: Verify) -> None:
    expected = [item(number) for number in range(30)]
    rust = [item(0, "1"), *expected[1:29], item(77)]
    lane = verify(expected, expected, rust)["lanes"]["rust"]
    assert (lane["missing"], lane["extra"], lane["changed"]) == (1, 1, 1)
    assert lane["first"][0] == {
        "key": '{"registration_id":{"S":"0"}}',
        "fields": [{"field": "amount_paid", "expected": {"N": "129.5"}, "actual": {"N": "1"}}],
    }


def test_of_many_differences_ten_are_told(verify: Verify) -> None:
    lane = verify([item(number) for number in range(300)], [], [])["lanes"]["rust"]
    assert (lane["missing"], len(lane["first"])) == (300, 10)


def test_every_page_is_told_the_verdict(verify: Verify, gateway: Any, s3: Any) -> None:
    s3.objects["connections/another"] = b""
    verdict = verify([item(1)], [item(1)], [item(1)])
    assert gateway.messages("another") == [verdict]


@pytest.mark.parametrize(
    ("current", "reason"),
    [
        (None, "no race has run yet"),
        (turn(0.0, warming=True, last=None), "no race has run yet"),
        (turn(1e12), "a race is running"),
    ],
)
def test_there_is_nothing_to_verify_before_a_race_is_over(
    verify: Verify, s3: Any, current: bytes | None, reason: str
) -> None:
    del s3.objects["races/current.json"]
    if current is not None:
        s3.objects["races/current.json"] = current
    assert verify([], [], []) == {"type": "refused", "action": "verify", "reason": reason}


def test_what_is_verified_is_the_last_race_though_a_warm_up_came_after_it(
    verify: Verify, s3: Any
) -> None:
    s3.objects["races/current.json"] = turn(1e12, warming=True, last="before")
    verdict = verify([item(1)], [item(1)], [item(1)])
    assert (verdict["race"], verdict["identical"]) == ("before", True)


def test_a_race_that_begins_meanwhile_makes_no_verdict_on_the_one_before(
    verify: Verify, s3: Any
) -> None:
    begun = json.dumps(json.loads(turn(1e12)) | {"race": "new", "last": "new"}).encode()

    def begins() -> None:
        s3.objects["races/current.json"] = begun

    s3.before_get["data/expected.ndjson"] = begins
    verdict = verify([item(1)], [], [])
    assert verdict == {
        "type": "refused",
        "action": "verify",
        "reason": "another race started meanwhile",
    }
    assert "races/r/verified.json" not in s3.objects


def test_a_warm_up_that_begins_meanwhile_changes_no_table(verify: Verify, s3: Any) -> None:
    def begins() -> None:
        s3.objects["races/current.json"] = turn(1e12, warming=True)

    s3.before_get["data/expected.ndjson"] = begins
    assert verify([item(1)], [item(1)], [item(1)])["identical"]


def test_a_race_is_compared_once_and_its_verdict_told_again(
    verify: Verify, s3: Any, gateway: Any
) -> None:
    first = verify([item(1)], [item(1)], [item(1)])
    s3.objects["connections/another"] = b""
    s3.fails = {"data/expected.ndjson": AssertionError("read again")}
    assert verify([item(2)], [], []) == first
    assert gateway.messages("another") == [first]


@pytest.mark.parametrize("where", ["races/current.json", "data/expected.ndjson", "connections/"])
def test_what_cannot_be_verified_is_refused(
    verify: Verify, s3: Any, refuse: Callable[[str], Exception], where: str
) -> None:
    s3.fails = {where: refuse("SlowDown")}
    verdict = verify([item(1)], [item(1)], [item(1)])
    assert (verdict["type"], verdict["action"]) == ("refused", "verify")
    assert "SlowDown" in verdict["reason"]
