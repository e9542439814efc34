from __future__ import annotations

import fcntl
import os
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from lambdameter.errors import BadInputError
from lambdameter.model.artifact import Dataset, Expected
from lambdameter.model.workload import Case, ResponseShape, Table, TableKey, Workload
from lambdameter.workload import dataset

GENERATOR = """\
import argparse, json, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--out", type=pathlib.Path)
parser.add_argument("--parameters", type=json.loads)
asked = parser.parse_args()
n = asked.parameters["records"]
(asked.out / "sums.csv").write_text("x" * n)
items = [{"id": {"S": str(i)}} for i in range(n)]
(asked.out / "expected.ndjson").write_text("".join(json.dumps(i) + "\\n" for i in items))
(asked.out / "expected.json").write_text(json.dumps({"count": n, "response": {"records": n}}))
with open(pathlib.Path(__file__).parent / "calls", "a") as calls:
    calls.write("x")
"""


def count_and_last(items: Iterable[Any]) -> tuple[int, str]:
    kept = list(items)
    return len(kept), kept[-1]["id"]["S"] if kept else ""


DIGESTER = dataset.Digester(form="last id", digest=count_and_last)


class Bed:
    def __init__(self, folder: Path) -> None:
        self.cases: tuple[Case, ...] = (Case(name="csv", title="CSV", object="sums.csv", event={}),)
        self.table: Table | None = Table(partition_key=TableKey(name="id", type="S"))
        self.root = folder / "workload"
        self.cache = folder / "cache"
        self.root.mkdir()
        self.generator(GENERATOR)

    def generator(self, text: str) -> None:
        (self.root / "generate.py").write_text(textwrap.dedent(text))

    @property
    def calls(self) -> int:
        return len((self.root / "calls").read_text())

    def make(self, digester: dataset.Digester = DIGESTER, **parameters: int) -> Dataset:
        workload = Workload(
            name="sums",
            title="Sums",
            root=str(self.root),
            timeout_s=3,
            parameters={"records": 5},
            generator="generate.py",
            cases=self.cases,
            variants=(),
            response=ResponseShape(count="n", unit="sum", total="ms"),
            table=self.table,
        )
        return dataset.make(workload, {"records": 5} | parameters, digester, self.cache)


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path)


def test_a_dataset_says_what_was_made(bed: Bed) -> None:
    made = bed.make()
    assert made.object_bytes == {"sums.csv": 5}
    assert made.expected == {"csv": Expected(count=5, digest="4", response={"records": 5})}
    assert made.parameters == {"records": 5}
    assert (Path(made.folder) / "sums.csv").read_text() == "xxxxx"


def test_the_expected_items_are_read_one_by_one(bed: Bed) -> None:
    items = dataset.expected_items(bed.make(records=3), "csv")
    assert next(items) == {"id": {"S": "0"}}
    assert len(list(items)) == 2


def test_the_same_parameters_are_generated_once(bed: Bed) -> None:
    assert bed.make() == bed.make()
    assert bed.calls == 1


def test_other_parameters_are_another_dataset(bed: Bed) -> None:
    assert bed.make(records=5).folder != bed.make(records=6).folder


def test_an_edited_generator_runs_again(bed: Bed) -> None:
    bed.make()
    bed.generator(GENERATOR + "\n# edited\n")
    bed.make()
    assert bed.calls == 2


def test_another_way_of_digesting_is_another_dataset(bed: Bed) -> None:
    bed.make()
    bed.make(dataset.Digester(form="another", digest=lambda items: (len(list(items)), "d")))
    assert bed.calls == 2


def test_a_kept_dataset_that_is_damaged_is_made_again(bed: Bed) -> None:
    made = bed.make()
    (Path(made.folder) / "dataset.json").write_text("{")
    assert bed.make() == made
    assert bed.calls == 2


def test_nothing_but_the_dataset_is_left_in_the_cache(bed: Bed) -> None:
    made = bed.make()
    assert [str(path) for path in bed.cache.iterdir()] == [made.folder]


def test_what_a_killed_run_was_making_goes_and_what_a_live_one_makes_stays(bed: Bed) -> None:
    for name in (".making-killed", ".making-live"):
        (bed.cache / name / "made").mkdir(parents=True)
    live = os.open(bed.cache / ".making-live", os.O_RDONLY)
    fcntl.flock(live, fcntl.LOCK_EX)
    made = bed.make()
    os.close(live)
    assert {path.name for path in bed.cache.iterdir()} == {".making-live", Path(made.folder).name}


def test_a_generator_that_fails_is_told_with_its_last_line(bed: Bed) -> None:
    bed.generator("import sys\nprint('warming up', file=sys.stderr)\nsys.exit('no such city')\n")
    with pytest.raises(BadInputError, match="no such city"):
        bed.make()
    assert list(bed.cache.iterdir()) == []


def test_a_generator_that_dies_silently_is_told_with_its_status(bed: Bed) -> None:
    bed.generator("import os\nos._exit(9)\n")
    with pytest.raises(BadInputError, match="exit status 9"):
        bed.make()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('{"count": n,', '{"count": n + 1,', "says 6 items, expected.ndjson has 5"),
        ('{"count": n,', '{"counted": n,', "expected.json"),
        ('"expected.json"', '"expected.txt"', "expected.json"),
        ('"expected.ndjson"', '"items.ndjson"', "expected.ndjson"),
        ('json.dumps(i) + "\\n"', '"{"', "expected.ndjson"),
        ('"sums.csv"', '"sums.txt"', "did not write sums.csv"),
    ],
)
def test_a_broken_contract_is_named(bed: Bed, old: str, new: str, says: str) -> None:
    assert old in GENERATOR
    bed.generator(GENERATOR.replace(old, new))
    with pytest.raises(BadInputError, match=says):
        bed.make()


INITIAL = (
    GENERATOR
    + """
(asked.out / "initial.ndjson").write_text('{"id": {"S": "before"}}\\n')
(asked.out / "more").mkdir()
(asked.out / "more" / "expected.ndjson").write_text('{"id": {"S": "own"}}\\n')
(asked.out / "more" / "expected.json").write_text('{"count": 1}')
"""
)
MORE = Case(name="more", title="More", event={})


def test_a_case_without_a_file_of_its_own_has_the_one_that_all_share(bed: Bed) -> None:
    bed.cases = (*bed.cases, MORE)
    bed.generator(INITIAL)
    made = bed.make()
    shared, own = made.expected["csv"], made.expected["more"]
    assert (shared.count, shared.initial_count, shared.initial_digest) == (5, 1, "before")
    assert (own.count, own.digest, own.initial_digest) == (1, "own", "before")
    assert list(dataset.expected_items(made, "more")) == [{"id": {"S": "own"}}]
    assert list(dataset.initial_items(made, "csv")) == [{"id": {"S": "before"}}]
    assert list(made.object_bytes) == ["sums.csv"]


def test_a_table_that_begins_empty_needs_no_initial_items(bed: Bed) -> None:
    assert list(dataset.initial_items(bed.make(), "csv")) == []


def test_without_a_table_the_answer_alone_is_expected(bed: Bed) -> None:
    bed.table = None
    bed.generator(GENERATOR.replace('"expected.ndjson"', '"unused.ndjson"'))
    assert bed.make().expected == {"csv": Expected(count=0, digest="", response={"records": 5})}


def test_without_a_generator_each_case_says_what_is_expected_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    workload = Workload(
        name="small",
        title="Small",
        root=str(tmp_path),
        timeout_s=3,
        cases=(
            Case(name="one", title="One", event={}, expected={"n": 1}),
            Case(name="two", title="Two", event={}),
        ),
        variants=(),
        response=ResponseShape(),
    )
    made = dataset.make(workload, {}, DIGESTER, tmp_path / "cache")
    assert made.expected == {
        "one": Expected(count=0, digest="", response={"n": 1}),
        "two": Expected(count=0, digest=""),
    }
    assert not (tmp_path / "cache").exists()
