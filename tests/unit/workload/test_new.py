from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lambdameter.errors import BadInputError, HostError
from lambdameter.search.schema import strategy
from lambdameter.workload import loader
from lambdameter.workload.new import TEMPLATE, TEMPLATE_NAME, new

ROOT = Path(__file__).parents[3]


def test_what_is_made_is_a_workload_of_that_name(tmp_path: Path) -> None:
    files = new(tmp_path / "price-list")
    made = loader.load(str(tmp_path / "price-list"))
    assert made.name == "price-list"
    assert [one.name for one in made.variants] == ["python", "rust"]
    assert all((tmp_path / "price-list" / file).is_file() for file in files)


def test_the_templates_own_name_is_left_nowhere(tmp_path: Path) -> None:
    files = new(tmp_path / "orders")
    assert files
    for file in files:
        assert TEMPLATE_NAME not in (tmp_path / "orders" / file).read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["orders"]


def test_its_events_conform_to_its_schema(tmp_path: Path) -> None:
    new(tmp_path / "orders")
    made = loader.load(str(tmp_path / "orders"))
    schema = json.loads((tmp_path / "orders" / "input.schema.json").read_text())
    strategy(schema, "input.schema.json")
    for case in made.cases:
        Draft202012Validator(schema).validate(case.event)


def test_its_crates_are_those_of_the_workspace_so_that_builds_share_them() -> None:
    def crates(lock: Path) -> set[tuple[str, str]]:
        packages = tomllib.loads(lock.read_text())["package"]
        return {(one["name"], one["version"]) for one in packages}

    others = crates(TEMPLATE / "rust" / "Cargo.lock") - crates(ROOT / "Cargo.lock")
    remake = "copy Cargo.lock over the template's and run `cargo metadata --offline` in its folder"
    assert {name for name, _ in others} == {f"{TEMPLATE_NAME}-rust"}, remake


@pytest.mark.parametrize(
    "name", ["", "Orders", "my_orders", "2nd", "a--b", "-a", "a-", "a b", "é", "..", "a" * 25]
)
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match="is not a valid name for a workload") as refused:
        new(tmp_path / "inside" / name if name else Path())
    assert "lower-case letters" in refused.value.next_step
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "full folder", "file", "dangling link"])
def test_what_is_there_is_not_written_over(tmp_path: Path, kind: str) -> None:
    there = tmp_path / "orders"
    if "folder" in kind:
        there.mkdir()
    if kind == "full folder":
        (there / "kept").write_text("mine")
    if kind == "file":
        there.write_text("mine")
    if kind == "dangling link":
        there.symlink_to(tmp_path / "nowhere")
    before = sorted(os.walk(tmp_path))
    with pytest.raises(BadInputError, match="exists already"):
        new(there)
    assert sorted(os.walk(tmp_path)) == before


def test_a_parent_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="cannot be written") as refused:
        new(tmp_path / "no" / "orders")
    assert str(tmp_path / "no") in str(refused.value.place)


def test_nothing_is_left_where_writing_fails_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[Path] = []
    whole = Path.write_text

    def full(file: Path, *given: str, **how: str) -> int:
        copied.append(file)
        if len(copied) > 3:
            raise OSError(28, "No space left on device", str(file))
        return whole(file, *given, **how)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(HostError, match="No space left on device"):
        new(tmp_path / "orders")
    assert len(copied) == 4
    assert list(tmp_path.iterdir()) == []
