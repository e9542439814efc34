"""Write the event registrations that the variants load, and what must be in the table afterwards.

    python generate.py --out DIR --parameters '{"records":500,"concerts":30,
                                                "broken_records":0,"seed":1}'

DIR then holds `registrations.csv` and `registrations.json` (the same records), `expected.ndjson`
(the items, as DynamoDB's typed JSON, one a line) and `expected.json` (how many, and what every
variant must answer). The schema stands in README.md. The same parameters give the same bytes on
every Python from 3.11 on; records are streamed, so memory does not grow with their number.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime as dt
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FIELDS = (
    "registration_id",
    "event_name",
    "event_date",
    "venue",
    "city",
    "attendee_name",
    "email",
    "ticket_type",
    "amount_paid",
    "payment_method",
    "seat_section",
)
NAMED_FLAWS = 100

# What a parameter may be: least and greatest. Registration ids have seven digits.
LIMITS = {
    "records": (1, 9_999_999),
    "concerts": (1, 10_000),
    "broken_records": (0, 9_999_999),
    "seed": (0, 2**63 - 1),
}

ACTS = (
    "Aurora Quartet", "Мумий Тролль", "Copper Lanterns", "Ríos del Sur", "東京サウンド",
    'Ella "Blue" Rey', "Šarūnė", "Þorsson Trio", "서울 필하모닉", "Café Tango",
)  # fmt: skip
TOURS = (
    "Summer", "Live", "Strings, Part II", "Unplugged", "Encore \N{EN DASH} 2",
    "Jubiläum", "Acoustic",
)  # fmt: skip
PLACES = (
    ("Laeiszhalle\nGroßer Saal", "Hamburg"), ("Albert Hall", "London"),
    ("Palau Música", "Barcelona"), ("Sala São Paulo", "São Paulo"),
    ("日本武道館", "東京"), ("Республика", "Алматы"), ("Harpa, Eldborg", "Reykjavík"),
    ("Rudolfinum", "Praha"), ("Ηρώδειο", "Αθήνα"), ("Carnegie Hall\nZankel", "New York"),
    ("היכל התרבות", "תל אביב"), ("Philharmonie", "Köln"),
)  # fmt: skip
# One name in twelve or so holds more than its script's letters: a comma, a nickname in quotation
# marks, a second line, a combining accent, an emoji.
NAMES = (
    "Anna Kowalska", "Łukasz Wójcik", "José Núñez", "Zoe\u0308 Dupont", "Nguyễn Thị Ánh", "김민준",
    "佐藤 花子", "王小明", "Дарья Орлова", "Ελένη Παππά", "محمد العلي", "דוד כהן", "अनिता शर्मा",
    "สมชาย ใจดี", "Sofia Rossi", "Liam O'Connor", "Emma Johansson", "Søren Kjær", "Ada Lovelace",
    "Martins, Ana Beatriz", "Robert \"Bobby\" O'Neil", "Jean-Luc Lefèvre", "Çağla Öztürk",
    "Maximilian von Hohenfels", "Grace Adeyemi", "Oliver Smith", "Charlotte Brown", "Noah Williams",
    "Isabella García", "Lucas Müller", "Mia Schneider", "Ethan Miller", "Chloé Bernard",
    "Kateřina Dvořáková", "Luna 🎸 Park", "Wanjiru Kamau", "Siobhán Ní Bhriain", "William Taylor",
    "Amelia Clark\nc/o Blue Door Records", "Benjamin Harris",
)  # fmt: skip
HANDLES = (
    "anna.k", "fan", "jose", "zoe", "frontrow", "minjun", "hanako", "xm.wang", "orlova",
    "eleni", "m.ali", "dcohen", "encore", "sofia", "liam", "ejohansson",
)  # fmt: skip
MAIL_DOMAINS = ("example.com", "example.org", "a.example", "mail.example")
# Ticket type and its price range in cents.
TICKETS = (
    ("General", 2_500, 9_500),
    ("Early Bird", 1_900, 6_900),
    ("VIP", 14_900, 49_900),
    ("Student", 1_200, 3_900),
    ("Balcony", 4_500, 12_500),
)
PAYMENTS = ("credit_card", "debit_card", "paypal", "transfer", "apple_pay", "invoice")
SECTIONS = ("Floor", "Lower Bowl", "Balcony", "Gallery", "Upper Circle", "Parkett")
FIRST_CONCERT = dt.date(2026, 5, 2)

NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")
encode = json.JSONEncoder(ensure_ascii=False).encode

Registration = dict[str, str]


class Flaw(NamedTuple):
    """How one broken record breaks the schema: the field, the new text (None: left out), why."""

    field: str
    text: str | None
    reason: str


# Each can be said in both formats: a record without its last field is a short row in CSV.
FLAWS = (
    Flaw("attendee_name", "", "empty"),
    Flaw("amount_paid", "free", "not_an_amount"),
    Flaw("seat_section", None, "missing"),
    Flaw("amount_paid", "-12.50", "not_an_amount"),
    Flaw("registration_id", "", "empty"),
    Flaw("amount_paid", "12.345", "not_an_amount"),
)


class ParameterError(Exception):
    """A parameter that is unknown, missing or out of range; the message names it."""


class Draw:
    """Seeded choices, by `random()` alone: the one method whose sequence Python keeps stable.

    https://docs.python.org/3/library/random.html#notes-on-reproducibility
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - test data, not secrets

    def below(self, end: int) -> int:
        """An integer from 0 to end - 1."""
        return int(self._random() * end)

    def of(self, pool: tuple[Any, ...]) -> Any:
        """One of a pool."""
        return pool[self.below(len(pool))]


def concert(index: int) -> Registration:
    """The four fields that all registrations of one concert share."""
    venue, city = PLACES[index % len(PLACES)]
    return {
        "event_name": f"{ACTS[index % len(ACTS)]}: {TOURS[index % len(TOURS)]}",
        "event_date": (FIRST_CONCERT + dt.timedelta(days=3 * index)).isoformat(),
        "venue": venue,
        "city": city,
    }


def registration(index: int, concerts: list[Registration], draw: Draw) -> Registration:
    """One sound record."""
    ticket, least, most = draw.of(TICKETS)
    cents = least + draw.below(most - least)
    section = f"{draw.of(SECTIONS)} {draw.below(40) + 1}"
    return {
        "registration_id": f"REG-{index + 1:07}",
        **concerts[draw.below(len(concerts))],
        "attendee_name": draw.of(NAMES),
        "email": f"{draw.of(HANDLES)}{draw.below(10_000)}@{draw.of(MAIL_DOMAINS)}",
        "ticket_type": ticket,
        "amount_paid": f"{cents // 100}.{cents % 100:02}",
        "payment_method": draw.of(PAYMENTS),
        "seat_section": f"{section}, {draw.below(30) + 1}" if draw.below(2) else section,
    }


def registrations(parameters: dict[str, int]) -> Iterator[tuple[Registration, Flaw | None]]:
    """Every record, with its flaw where it is one of the broken ones (spread evenly)."""
    draw = Draw(parameters["seed"])
    concerts = [concert(index) for index in range(parameters["concerts"])]
    records, broken = parameters["records"], parameters["broken_records"]
    done = 0
    for index in range(records):
        record = registration(index, concerts, draw)
        if done == broken or index < (2 * done + 1) * records // (2 * broken):
            yield record, None
            continue
        flaw = FLAWS[done % len(FLAWS)]
        done += 1
        del record[flaw.field]
        if flaw.text is not None:
            record[flaw.field] = flaw.text
        yield record, flaw


def as_json(record: Registration) -> str:
    """One object, as json.dump writes it, with the amount as a number to the cent."""
    members = (
        f'"{field}": {record[field] if _is_number(field, record) else encode(record[field])}'
        for field in FIELDS
        if field in record
    )
    return "{" + ", ".join(members) + "}"


def _is_number(field: str, record: Registration) -> bool:
    return field == "amount_paid" and NUMBER.fullmatch(record[field]) is not None


def as_item(record: Registration) -> str:
    """One item in DynamoDB's typed JSON."""
    members = (
        f'"{field}":{{"{"N" if field == "amount_paid" else "S"}":{encode(record[field])}}}'
        for field in FIELDS
    )
    return "{" + ",".join(members) + "}\n"


def write(out: Path, parameters: dict[str, int]) -> None:
    """Write the four files into a folder, which is made if it is not there."""
    out.mkdir(parents=True, exist_ok=True)
    named: list[dict[str, object]] = []
    broken = 0
    with contextlib.ExitStack() as files:

        def create(name: str) -> Any:
            return files.enter_context((out / name).open("w", encoding="utf-8", newline=""))

        rows, array, items = map(
            create, ("registrations.csv", "registrations.json", "expected.ndjson")
        )
        table = csv.writer(rows)
        table.writerow(FIELDS)
        for index, (record, flaw) in enumerate(registrations(parameters)):
            table.writerow([record[field] for field in FIELDS if field in record])
            array.write((",\n" if index else "[\n") + as_json(record))
            if flaw is None:
                items.write(as_item(record))
                continue
            broken += 1
            if broken <= NAMED_FLAWS:
                named.append({"record": index, "field": flaw.field, "reason": flaw.reason})
        array.write("\n]\n")
    written = parameters["records"] - broken
    response = {
        "records": parameters["records"],
        "written": written,
        "invalid": {"count": broken, "first": named},
    }
    expected = json.dumps({"count": written, "response": response}, indent=2)
    (out / "expected.json").write_text(expected + "\n", encoding="utf-8")


def read_parameters(text: str) -> dict[str, int]:
    """Check the parameters; ParameterError names the first that is wrong."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ParameterError(f"--parameters is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ParameterError("--parameters must be a JSON object")
    for key in given:
        if key not in LIMITS:
            raise ParameterError(f"unknown parameter {key!r}; there are: {', '.join(LIMITS)}")
    for key, (least, greatest) in LIMITS.items():
        if key not in given:
            raise ParameterError(f"parameter {key!r} is missing")
        value = given[key]
        if type(value) is not int or not least <= value <= greatest:
            raise ParameterError(
                f"parameter {key!r} must be a whole number from {least} to {greatest},"
                f" not {json.dumps(value)}"
            )
    if given["broken_records"] > given["records"]:
        raise ParameterError("parameter 'broken_records' must not be more than 'records'")
    return given


def main() -> int:
    """Command line; 0 when done, 2 for bad parameters."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--parameters", required=True, help="a JSON object")
    arguments = parser.parse_args()
    try:
        parameters = read_parameters(arguments.parameters)
    except ParameterError as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 2
    write(arguments.out, parameters)
    return 0


if __name__ == "__main__":
    sys.exit(main())
