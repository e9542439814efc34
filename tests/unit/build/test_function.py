from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Never

import msgspec
import pytest

from lambdameter.build import function
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.race_declaration import RaceFunction
from lambdameter.race import declaration

ABOUT = RaceFunction(
    name="runner",
    title="Runs",
    sources=("one", "two"),
    build="copy",
    runtime="python3.13",
    handler="runner.handler",
    memory_mb=128,
    timeout_s=3,
    environment=(),
)
X86 = b"\x7fELF\x02\x01" + b"\0" * 12 + b"\x3e\x00"


def never(_crate: Path, _binary: str) -> Never:
    raise AssertionError("nothing is to be built")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    for name in ABOUT.sources:
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text("pass\n")
    return tmp_path


def names(path: str) -> list[str]:
    with zipfile.ZipFile(path) as package:
        return package.namelist()


def test_the_files_of_all_sources_are_one_package(root: Path) -> None:
    made = function.make(ABOUT, root, "arm64", never, root / "cache")
    assert names(made.path) == ["one.py", "two.py"]


def test_two_files_of_one_name_are_refused(root: Path) -> None:
    (root / "two" / "one.py").write_text("pass\n")
    with pytest.raises(BadInputError, match=r"contain a file one\.py"):
        function.make(ABOUT, root, "arm64", never, root / "cache")


def test_a_binary_for_another_machine_is_refused(root: Path) -> None:
    def build(_crate: Path, _binary: str) -> bytes:
        return X86

    about = msgspec.structs.replace(ABOUT, sources=("one",), build="cargo", binary="racer")
    made = function.make(about, root, "x86_64", build, root / "cache")
    assert names(made.path) == ["bootstrap"]
    with pytest.raises(BadInputError, match="built for x86_64, and the function runs on arm64"):
        function.make(about, root, "arm64", build, root / "cache")


def test_a_cache_that_cannot_be_written_is_told(root: Path) -> None:
    (root / "cache").write_text("a file")
    with pytest.raises(HostError, match="The package of runner cannot be built"):
        function.make(ABOUT, root, "arm64", never, root / "cache")


@pytest.mark.parametrize(
    "about",
    [one for one in declaration.load().functions if one.build == "copy"],
    ids=lambda one: one.name,
)
def test_each_python_function_of_the_race_has_its_handler_in_its_package(
    about: RaceFunction, tmp_path: Path
) -> None:
    made = function.make(about, declaration.ROOT, "arm64", never, tmp_path)
    assert f"{about.handler.partition('.')[0]}.py" in names(made.path)


def test_the_source_of_a_function_is_shown_folder_by_folder(root: Path) -> None:
    (root / "one" / "notes.md").write_text("no code")
    shown = function.sources(ABOUT, root)
    assert [(one.path, one.language, one.text) for one in shown] == [
        ("one/one.py", "python", "pass\n"),
        ("two/two.py", "python", "pass\n"),
    ]


def test_the_source_of_a_crate_has_the_crates_beside_it_first(root: Path) -> None:
    for crate, needs in (
        ("one", '[dependencies]\nserde = "1"\nb = { path = "../two" }\n'),
        ("two", ""),
    ):
        (root / crate / "Cargo.toml").write_text(needs)
        (root / crate / "src").mkdir()
        (root / crate / "src" / "main.rs").write_text(f"// {crate}\n")
    about = msgspec.structs.replace(ABOUT, build="cargo", sources=("one",))
    shown = [one.path for one in function.sources(about, root) if one.language == "rust"]
    assert shown == ["two/src/main.rs", "one/src/main.rs"]


def test_a_racers_source_has_the_workload_in_it() -> None:
    the_race = declaration.load()
    for lane, name in (("python", "handler.py"), ("rust", "load.rs")):
        shown = function.sources(the_race.function(f"racer-{lane}"), declaration.ROOT)
        assert any(Path(one.path).name == name for one in shown)


def test_a_source_that_is_no_text_is_the_hosts_fault(root: Path) -> None:
    (root / "one" / "one.py").write_bytes(b"\xff")
    with pytest.raises(HostError, match="The source of runner cannot be read"):
        function.sources(ABOUT, root)
