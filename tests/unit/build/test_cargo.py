from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from lambdameter.build import cargo, shared_target
from lambdameter.build.compiled import Build
from lambdameter.errors import BadInputError, HostError

Out = tuple[Console, io.StringIO]


@pytest.fixture
def out() -> Out:
    text = io.StringIO()
    return Console(file=text, width=100), text


@pytest.fixture
def crate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "crate"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "sums"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n'
    )
    (folder / "Cargo.lock").write_text(
        'version = 4\n[[package]]\nname = "sums"\nversion = "0.1.0"\n'
    )
    (folder / "src" / "main.rs").write_text("fn main() {}\n")
    return folder


def executable(folder: Path, **how: Any) -> bytes:
    return cargo.executable(folder / "Cargo.toml", Console(file=io.StringIO()), "sums", **how)


def told(built: bytes, folder: Path) -> str:
    program = folder / "program"
    program.write_bytes(built)
    program.chmod(0o755)
    said = subprocess.check_output([program], text=True)
    program.unlink()
    return said


def test_a_binary_is_built_in_the_users_cache(crate: Path, tmp_path: Path) -> None:
    assert told(executable(crate), tmp_path) == ""
    assert (shared_target.folder() / "release" / "sums").is_file()
    assert not (crate / "target").exists()


def test_a_build_with_nothing_to_do_says_nothing_and_still_finds_the_binary(
    crate: Path, out: Out
) -> None:
    first = executable(crate)
    assert cargo.executable(crate / "Cargo.toml", out[0], "sums") == first
    assert out[1].getvalue() == ""


def test_what_another_build_of_the_workspace_made_is_not_made_again(crate: Path, out: Out) -> None:
    cargo.build(crate / "Cargo.toml", out[0], ["sums"])
    binary = shared_target.folder() / "release" / "sums"
    before = binary.stat()
    assert executable(crate) == binary.read_bytes()
    assert binary.stat().st_mtime_ns == before.st_mtime_ns


def test_an_error_in_the_code_is_told_with_its_place(crate: Path) -> None:
    (crate / "src" / "main.rs").write_text('fn main() {\n    let n: u8 = "x";\n}\n')
    with pytest.raises(BadInputError, match="mismatched types") as refused:
        executable(crate)
    assert refused.value.place is not None
    assert refused.value.place.endswith("src/main.rs:2")
    assert "cargo build --release" in refused.value.next_step


def test_features_stand_in_place_of_the_default_ones(crate: Path, tmp_path: Path) -> None:
    with (crate / "Cargo.toml").open("a") as manifest:
        manifest.write('[features]\ndefault = ["plain"]\nplain = []\nodd = []\n')
    (crate / "src" / "main.rs").write_text(
        'fn main() { print!("{} {}", cfg!(feature = "plain"), cfg!(feature = "odd")); }\n'
    )
    assert told(executable(crate), tmp_path) == "true false"
    assert told(executable(crate, features=["odd"]), tmp_path) == "false true"
    assert told(executable(crate), tmp_path) == "true false"


def another_member(crate: Path, about: str) -> Path:
    """A second crate in its workspace."""
    folder = crate / "other"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "other"\nversion = "0.1.0"\nedition = "2024"\n{about}'
    )
    manifest = (crate / "Cargo.toml").read_text()
    (crate / "Cargo.toml").write_text(manifest + 'members = ["other"]\n[features]\nplain = []\n')
    (crate / "Cargo.lock").unlink()
    return folder


def lock(crate: Path) -> None:
    subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=crate, check=True)


def test_anothers_default_features_are_left_out_too(crate: Path, tmp_path: Path) -> None:
    other = another_member(
        crate, '[features]\ndefault = ["sums/plain"]\n[dependencies]\nsums = { path = ".." }\n'
    )
    (other / "src" / "lib.rs").touch()
    (crate / "src" / "lib.rs").touch()
    (crate / "src" / "main.rs").write_text('fn main() { print!("{}", cfg!(feature = "plain")); }\n')
    lock(crate)
    assert told(executable(crate), tmp_path) == "true"
    assert told(executable(crate, features=[]), tmp_path) == "false"


@pytest.mark.parametrize("features", [None, []])
def test_two_binaries_of_one_name_are_refused(crate: Path, features: list[str] | None) -> None:
    other = another_member(crate, '[[bin]]\nname = "sums"\npath = "src/main.rs"\n')
    (other / "src" / "main.rs").write_text("fn main() {}\n")
    lock(crate)
    with pytest.raises(BadInputError, match="Several crates of this workspace have"):
        executable(crate, features=features)


def test_no_other_checkouts_build_is_taken_for_ours(crate: Path, tmp_path: Path) -> None:
    other = shutil.copytree(crate, tmp_path / "other")
    for folder, word in ((crate, "ours"), (other, "theirs")):
        (folder / "src" / "main.rs").write_text(f'fn main() {{ print!("{word}"); }}\n')
    for _ in range(2):
        assert told(executable(crate), tmp_path) == "ours"
        assert told(executable(other), tmp_path) == "theirs"


def test_of_another_checkout_only_the_packages_of_both_are_built_again(
    crate: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(crate, tmp_path / "other")
    executable(crate)
    kept = shared_target.folder() / "release" / ".fingerprint" / "sums-of-others-0123456789abcdef"
    kept.mkdir()
    executable(other)
    assert kept.is_dir()


def test_a_build_waits_for_another_and_says_so(crate: Path) -> None:
    shared_target.folder().mkdir(parents=True)
    holder = (shared_target.folder() / "lambdameter.lock").open("w")
    fcntl.flock(holder, fcntl.LOCK_EX)
    said: list[str] = []

    def lets_go(text: str) -> int:
        said.append(text)
        holder.close()
        return len(text)

    waiting = io.StringIO()
    waiting.write = lets_go  # type: ignore[method-assign]  # what is told lets it go on
    assert cargo.executable(crate / "Cargo.toml", Console(file=waiting), "sums")
    assert said[0] == "waiting for another build to finish\n"


def test_a_cache_that_cannot_be_written_is_the_hosts_fault(
    crate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(HostError, match="Rust cannot be built") as refused:
        executable(crate)
    assert refused.value.place == str(shared_target.folder())


def test_a_builds_environment_reaches_the_compiler(crate: Path) -> None:
    (crate / "src" / "main.rs").write_text('fn main() { println!("{}", env!("ODD")); }\n')
    built = [
        executable(crate, features=[], environment={"ODD": odd})
        for odd in ("first told", "then told")
    ]
    assert b"first told" in built[0]
    assert b"then told" in built[1]


def test_an_unknown_binary_is_refused(crate: Path, out: Out) -> None:
    with pytest.raises(BadInputError, match="no bin target named `other`"):
        cargo.executable(crate / "Cargo.toml", out[0], "other")


def test_a_crate_without_lock_file_is_refused(crate: Path) -> None:
    (crate / "Cargo.lock").unlink()
    with pytest.raises(BadInputError, match="lock"):
        executable(crate)


SLOW = """#!/bin/sh
[ "$1" = build ] || exit 1
sleep 600 & echo $! > {told}
echo '{{"reason":"compiler-message"}}'
wait
"""


def test_an_interrupted_build_ends_with_its_compilers(
    crate: Path, out: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, told = tmp_path / "bin", tmp_path / "compiler"
    there.mkdir()
    (there / "cargo").write_text(SLOW.format(told=told))
    (there / "cargo").chmod(0o755)
    monkeypatch.setenv("PATH", str(there), prepend=os.pathsep)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Build, "feed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cargo.build(crate / "Cargo.toml", out[0], ["sums"])
    _, alive = psutil.wait_procs(compilers(int(told.read_text())), timeout=10)
    assert alive == []


def compilers(pid: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(pid)]
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("tool", ["cargo", "cc"])
def test_a_missing_tool_is_the_hosts_fault(
    crate: Path, out: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    there = tmp_path / "bin"
    there.mkdir()
    for name in {"cargo", "cc"} - {tool}:
        (there / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(there))
    with pytest.raises(HostError) as refused:
        cargo.build(crate / "Cargo.toml", out[0], ["sums"])
    assert refused.value.place == f"{tool}, on PATH"


def test_the_module_builds_what_it_is_told(crate: Path) -> None:
    assert cargo.main(["sums", "--manifest-path", str(crate / "Cargo.toml")]) == 0
    assert (shared_target.folder() / "release" / "sums").is_file()


def test_the_module_fails_with_the_errors_exit_code(
    crate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (crate / "src" / "main.rs").write_text("fn main() { nothing() }\n")
    assert cargo.main(["sums", "--manifest-path", str(crate / "Cargo.toml")]) == 2
    captured = capsys.readouterr()
    assert "cannot find function" in captured.err
    assert captured.out == ""
