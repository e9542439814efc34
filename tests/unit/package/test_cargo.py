from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from lambdameter.errors import BadInputError, HostError
from lambdameter.package import cargo
from lambdameter.package.compiled import Build

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


def test_a_binary_is_built_into_the_users_cache(crate: Path, out: Out):
    built = cargo.build(crate / "Cargo.toml", out[0], binary="sums")
    assert built["sums"].is_relative_to(cargo.target_folder())
    assert os.access(built["sums"], os.X_OK)


def test_a_build_with_nothing_to_do_says_nothing_and_still_finds_the_binary(crate: Path, out: Out):
    first = cargo.build(crate / "Cargo.toml", Console(file=io.StringIO()), binary="sums")
    assert cargo.build(crate / "Cargo.toml", out[0], binary="sums") == first
    assert out[1].getvalue() == ""


def test_what_the_whole_workspace_built_is_not_built_again(crate: Path, out: Out):
    binary = cargo.build(crate / "Cargo.toml", out[0])["sums"]
    before = binary.stat()
    alone = cargo.build(crate / "Cargo.toml", out[0], binary="sums")["sums"]
    assert alone.samefile(binary)
    assert alone.stat().st_mtime_ns == before.st_mtime_ns


def test_an_error_in_the_code_is_told_with_its_place(crate: Path, out: Out):
    (crate / "src" / "main.rs").write_text('fn main() {\n    let n: u8 = "x";\n}\n')
    with pytest.raises(BadInputError, match="mismatched types") as refused:
        cargo.build(crate / "Cargo.toml", out[0], binary="sums")
    assert refused.value.place is not None
    assert refused.value.place.endswith("src/main.rs:2")
    assert "cargo build --release" in refused.value.next_step


def test_features_stand_in_place_of_the_default_ones(crate: Path, out: Out):
    with (crate / "Cargo.toml").open("a") as manifest:
        manifest.write('[features]\ndefault = ["plain"]\nplain = []\nodd = []\n')
    (crate / "src" / "main.rs").write_text(
        'fn main() { println!("{} {}", cfg!(feature = "plain"), cfg!(feature = "odd")); }\n'
    )
    default = cargo.build(crate / "Cargo.toml", out[0], binary="sums")["sums"]
    odd = cargo.build(crate / "Cargo.toml", out[0], binary="sums", features=["odd"])["sums"]
    assert subprocess.check_output([default], text=True) == "true false\n"
    assert subprocess.check_output([odd], text=True) == "false true\n"


def test_anothers_default_features_are_left_out_too(crate: Path, out: Out):
    (crate / "other" / "src").mkdir(parents=True)
    (crate / "other" / "src" / "lib.rs").touch()
    (crate / "other" / "Cargo.toml").write_text(
        '[package]\nname = "other"\nversion = "0.1.0"\nedition = "2024"\n'
        '[features]\ndefault = ["sums/plain"]\n[dependencies]\nsums = { path = ".." }\n'
    )
    manifest = (crate / "Cargo.toml").read_text()
    (crate / "Cargo.toml").write_text(manifest + 'members = ["other"]\n[features]\nplain = []\n')
    (crate / "src" / "lib.rs").touch()
    (crate / "src" / "main.rs").write_text(
        'fn main() { println!("{}", cfg!(feature = "plain")); }\n'
    )
    (crate / "Cargo.lock").unlink()
    subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=crate, check=True)
    built = [
        cargo.build(crate / "Cargo.toml", out[0], binary="sums", features=features)["sums"]
        for features in (None, [])
    ]
    assert [subprocess.check_output([one], text=True) for one in built] == ["true\n", "false\n"]


def test_no_other_checkouts_build_takes_an_executables_place(crate: Path, out: Out, tmp_path: Path):
    ours = cargo.build(crate / "Cargo.toml", out[0], binary="sums")["sums"]
    other = shutil.copytree(crate, tmp_path / "other")
    (other / "src" / "main.rs").write_text('fn main() { println!("theirs"); }\n')
    theirs = cargo.build(other / "Cargo.toml", out[0], binary="sums")["sums"]
    assert subprocess.check_output([ours], text=True) == ""
    assert subprocess.check_output([theirs], text=True) == "theirs\n"


def test_a_build_waits_for_another_and_says_so(crate: Path):
    cargo.target_folder().mkdir(parents=True)
    holder = (cargo.target_folder() / "lambdameter.lock").open("w")
    fcntl.flock(holder, fcntl.LOCK_EX)

    def told(text: str) -> int:
        holder.close()
        return len(text)

    waiting = io.StringIO()
    waiting.write = told  # type: ignore[method-assign] - what is told lets it go on
    built = cargo.build(crate / "Cargo.toml", Console(file=waiting), binary="sums")
    assert holder.closed
    assert os.access(built["sums"], os.X_OK)


def test_a_builds_environment_reaches_the_compiler(crate: Path, out: Out):
    (crate / "src" / "main.rs").write_text('fn main() { println!("{}", env!("ODD")); }\n')
    features: list[str] = []
    built = [
        cargo.build(
            crate / "Cargo.toml",
            out[0],
            binary="sums",
            features=features,
            environment={"ODD": odd},
        )["sums"].read_bytes()
        for odd in ("first told", "then told")
    ]
    assert b"first told" in built[0]
    assert b"then told" in built[1]


def test_an_unknown_binary_is_refused(crate: Path, out: Out):
    with pytest.raises(BadInputError, match="no bin target named `other`"):
        cargo.build(crate / "Cargo.toml", out[0], binary="other")


def test_a_crate_without_lock_file_is_refused(crate: Path, out: Out):
    (crate / "Cargo.lock").unlink()
    with pytest.raises(BadInputError, match="lock"):
        cargo.build(crate / "Cargo.toml", out[0], binary="sums")


SLOW = """#!/bin/sh
sleep 600 & echo $! > {told}
echo '{{"reason":"compiler-message"}}'
wait
"""


def test_an_interrupted_build_ends_with_its_compilers(
    crate: Path, out: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    there, told = tmp_path / "bin", tmp_path / "compiler"
    there.mkdir()
    (there / "cargo").write_text(SLOW.format(told=told))
    (there / "cargo").chmod(0o755)
    monkeypatch.setenv("PATH", str(there), prepend=os.pathsep)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Build, "feed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cargo.build(crate / "Cargo.toml", out[0])
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
):
    there = tmp_path / "bin"
    there.mkdir()
    for name in {"cargo", "cc"} - {tool}:
        (there / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(there))
    with pytest.raises(HostError) as refused:
        cargo.build(crate / "Cargo.toml", out[0])
    assert refused.value.place == f"{tool}, on PATH"


def test_the_module_builds_a_workspace(crate: Path):
    assert cargo.main(["--workspace", "--manifest-path", str(crate / "Cargo.toml")]) == 0
    assert (cargo.target_folder() / "release" / "sums").is_file()


def test_the_module_fails_with_the_errors_exit_code(
    crate: Path, capsys: pytest.CaptureFixture[str]
):
    (crate / "src" / "main.rs").write_text("fn main() { nothing() }\n")
    assert cargo.main(["--workspace", "--manifest-path", str(crate / "Cargo.toml")]) == 2
    captured = capsys.readouterr()
    assert "cannot find function" in captured.err
    assert captured.out == ""
