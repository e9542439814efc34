"""What a stranger gets wrong first: each is told with its cause, its place and what to do next."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lambdameter.measure.run_folder import MANIFEST, SAMPLES, RunFolder

LAMBDAMETER = Path(sys.prefix) / "bin" / "lambdameter"
Tiny = Callable[[dict[str, dict[str, bytes]]], Path]
SOUND = {"handler.py": b"def handler(event, context): return {'count': 1, 'total_ms': 1.0}\n"}
ANSWERS_BYTES = b"""#!/usr/bin/env python3
import http.client, os
api = "/2018-06-01/runtime/invocation/"
while True:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request("GET", api + "next")
    event = connection.getresponse()
    event.read()
    name = event.headers["Lambda-Runtime-Aws-Request-Id"]
    connection.request("POST", f"{api}{name}/response", b"\\xff\\xfe{")
    connection.getresponse().read()
"""
X86_64, AARCH64 = 62, 183
MACHINE = AARCH64 if os.uname().machine == "aarch64" else X86_64
NO_PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, MACHINE) + bytes(100)


class Broken(NamedTuple):
    """A variant, what is told of it, and what its author is told to do."""

    name: str
    files: dict[str, bytes]
    type: str
    said: str
    next_step: str


def handler(body: str) -> dict[str, bytes]:
    return {"handler.py": f"import os, time\ndef handler(event, context):\n    {body}\n".encode()}


BROKEN = (
    Broken(
        "imports-nothing",
        {"handler.py": b"import no_such_module\n"},
        "Runtime.ImportModuleError",
        "No module named 'no_such_module'",
        "Put the modules that the function imports into this folder",
    ),
    Broken(
        "is-no-python",
        {"handler.py": b"def handler(:\n"},
        "Runtime.UserCodeSyntaxError",
        "invalid syntax (handler.py, line 1)",
        "Correct the code in this folder.",
    ),
    Broken(
        "lacks-the-function",
        {"handler.py": b"def other(event, context): pass\n"},
        "Runtime.HandlerNotFound",
        "Handler 'handler' missing on module 'handler'",
        "Give the name of an existing function as `handler` in workload.toml.",
    ),
    Broken(
        "raises",
        handler("raise ValueError('its own words')"),
        "ValueError",
        "its own words",
        "Correct the code in this folder.",
    ),
    Broken(
        "sleeps",
        handler("time.sleep(600)"),
        "Sandbox.Timedout",
        "Task timed out after 2.00 seconds",
        "Raise timeout_s in workload.toml",
    ),
    Broken(
        "exits",
        handler("print('last words', flush=True); os._exit(3)"),
        "Runtime.ExitError",
        "logged  last words",
        "Check what the function logged",
    ),
    Broken(
        "returns-nothing",
        handler("return None"),
        "WrongShape",
        "the response has no number at count",
        "Answer in the form that [response] in workload.toml",
    ),
    Broken(
        "answers-nonsense",
        handler("return {'count': 'many'}"),
        "WrongShape",
        "the response has no number at count",
        "Answer in the form that [response] in workload.toml",
    ),
    Broken(
        "answers-no-json",
        handler("return {1, 2}"),
        "Runtime.MarshalError",
        "Object of type set is not JSON serializable",
        "Answer only with JSON types",
    ),
    Broken(
        "answers-no-utf-8",
        {"bootstrap": ANSWERS_BYTES},
        "NotJson",
        r"it begins with \xff\xfe{",
        "Answer with JSON in UTF-8.",
    ),
    Broken(
        "answers-7-mb",
        handler("return 'x' * 7_000_000"),
        "Function.ResponseSizeTooLarge",
        "exceeded maximum allowed payload size (6291556 bytes)",
        "Answer with at most 6 MB",
    ),
    Broken(
        "fails-to-start",
        {"bootstrap": b"#!/bin/sh\necho cannot find libduel.so >&2\nexit 1\n"},
        "Runtime.ExitError",
        "logged  cannot find libduel.so",
        "Check what the function logged",
    ),
    Broken(
        "is-no-program",
        {"bootstrap": NO_PROGRAM},
        "Runtime.ExitError",
        "cannot start /var/task/bootstrap: ENOEXEC",
        "Build `bootstrap` in this folder for this machine",
    ),
    Broken(
        "may-not-be-run",
        {"bootstrap": b"#!/bin/sh\n"},
        "Runtime.InvalidEntrypoint",
        "fork/exec /var/task/bootstrap: permission denied",
        "Make `bootstrap` in this folder executable: chmod +x bootstrap.",
    ),
)


def run(*arguments: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LAMBDAMETER, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def told(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """The last lines of stderr: error, where, next and notes."""
    lines = ended.stderr.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("error: "))
    return lines[first:]


@pytest.fixture(scope="module")
def broken(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One run of a variant that is sound and of all that are not; its blocks by variant."""
    workload = tiny({"sound": SOUND} | {one.name: one.files for one in BROKEN})
    (workload / "may-not-be-run" / "bootstrap").chmod(0o644)
    folder = tmp_path_factory.mktemp("broken")
    ended = run("run", workload, "--warm", "0", "--full", "--out", "run", folder=folder)
    section = ended.stdout.partition("What went wrong ")[2].partition("\n\n")[0]
    blocks: dict[str, str] = {}
    for line in section.splitlines()[1:]:
        if not line.startswith(" "):
            name = line.partition(":")[0]
            blocks[name] = ""
        blocks[name] += line + "\n"
    return workload, ended, blocks


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: one.name)
def test_a_broken_variant_is_told_in_its_own_words_with_its_place_and_next_step(
    broken: Any, one: Broken
) -> None:
    workload, _, blocks = broken
    block = blocks[one.name]
    assert block.startswith(f"{one.name}: {one.type}, 1 call on One at 1,024 MB\n")
    plain = " ".join(block.split())
    assert " ".join(one.said.split()) in plain
    assert f"where {workload / one.name} " in plain
    assert f"next {one.next_step}" in plain


def test_broken_variants_are_results_and_the_others_are_measured(broken: Any) -> None:
    _, ended, blocks = broken
    assert ended.returncode == 1, ended.stderr
    assert set(blocks) == {one.name for one in BROKEN}
    assert "warning: " not in ended.stderr
    assert "Traceback (" not in ended.stderr
    for wrong in ("wrong answer: NotJson at 1,024 MB", "died: Sandbox.Timedout at 1,024 MB"):
        assert wrong in ended.stdout
    assert ended.stderr.splitlines()[-1].partition(": ")[2]
    measured = rf"/{len(BROKEN) + 1} sound one 1024 MB cold: [\d.]+ m?s\n"
    assert re.search(measured, ended.stderr)


def test_a_run_in_which_nothing_was_measured_cannot_tell(tiny: Tiny, tmp_path: Path) -> None:
    workload = tiny({"dead": {"handler.py": b"import no_such_module\n"}})
    ended = run("run", workload, "--out", "run", folder=tmp_path)
    assert ended.returncode == 5
    assert told(ended) == [
        "error: No call of any variant was measured successfully",
        "  where: run",
        '  next:  Follow the report\'s section "What went wrong", then measure again.',
    ]


@pytest.mark.parametrize(
    ("old", "new", "error", "where", "following"),
    [
        (
            "= 2\n",
            "= \n",
            "workload.toml is not valid TOML: Invalid value",
            ":5",
            "Correct the syntax",
        ),
        ('title = "Tiny"\n', "", "The key `title` is missing", "", "docs/workload.md"),
        (
            "timeout_s",
            "timeout",
            "There is no key `timeout`",
            ":5: timeout",
            "docs/workload.md",
        ),
        (
            'language = "any"',
            'language = "any"\nspeed = 1',
            "There is no key `speed`",
            ":28: variants[0].speed",
            "docs/workload.md describes every key.",
        ),
        (
            '"handler.handler"',
            '"main.handler"',
            "The handler 'main.handler' of variant sound needs main.py or main/__init__.py",
            ":29: variants[0].handler",
            "Lambda loads the handler as module.function from the package's root.",
        ),
    ],
)
def test_a_fault_in_workload_toml_is_told_with_its_line(  # noqa: PLR0913, PLR0917
    tiny: Tiny, tmp_path: Path, old: str, new: str, error: str, where: str, following: str
) -> None:
    file = tiny({"sound": SOUND}) / "workload.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    ended = run("run", file.parent, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    cause, place, step = told(ended)
    assert cause.startswith(f"error: {error}")
    assert place == f"  where: {file}{where}"
    assert following in step


def test_a_workload_and_a_tier_that_are_not_there(tiny: Tiny, tmp_path: Path) -> None:
    unknown = run("run", "elt", folder=tmp_path)
    assert unknown.returncode == 2
    assert told(unknown) == [
        "error: There is no workload named 'elt'",
        "  where: elt/workload.toml",
        (
            "  next:  Give a folder with a workload.toml, or one of: "
            "dynamodb-ops, etl, light, overrun, squares."
        ),
    ]
    for tier in (127, 10_241):
        outside = run("run", tiny({"sound": SOUND}), "--memory", tier, folder=tmp_path)
        assert outside.returncode == 2
        assert told(outside) == [
            f"error: Lambda has no memory size of {tier} MB",
            "  where: --memory",
            "  next:  Give whole MB from 128 to 10240.",
        ]


@pytest.fixture
def crate(tiny: Tiny) -> Path:
    """A workload with a variant in Rust that does not compile."""
    folder = tiny({"sound": SOUND})
    (folder / "rust" / "src").mkdir(parents=True)
    manifest = '[package]\nname = "duel"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n'
    (folder / "rust" / "Cargo.toml").write_text(manifest)
    (folder / "rust" / "Cargo.lock").write_text(
        'version = 3\n\n[[package]]\nname = "duel"\nversion = "0.0.0"\n'
    )
    (folder / "rust" / "src" / "main.rs").write_text('fn main() {\n    let _: u32 = "one";\n}\n')
    with (folder / "workload.toml").open("a") as file:
        file.write(
            '[[variants]]\nname = "rust"\ntitle = "Rust"\nlanguage = "rust"\n'
            'handler = "bootstrap"\n'
            'runtime = "provided.al2023"\nsource = "rust"\nbuild = "cargo"\nbinary = "duel"\n'
        )
    return folder


def test_a_variant_that_does_not_build_is_told_in_the_compilers_words(
    crate: Path, tmp_path: Path
) -> None:
    ended = run("run", crate, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    cause, where, following = told(ended)
    assert cause == (
        "error: The code does not compile: mismatched types: expected `u32`, found `&str`"
    )
    assert where == f"  where: {crate}/rust/src/main.rs:2"
    assert following.startswith("  next:  See the full output with: cargo build ")
    assert not (tmp_path / "runs").exists()


def test_a_crate_without_its_lock_file_is_told_how_to_make_it(crate: Path, tmp_path: Path) -> None:
    (crate / "rust" / "Cargo.lock").unlink()
    ended = run("run", crate, folder=tmp_path)
    assert ended.returncode == 2
    assert told(ended) == [
        "error: The crate's Cargo.lock is missing or out of date",
        f"  where: {crate}/rust/Cargo.toml",
        (
            "  next:  Create Cargo.lock with: cargo generate-lockfile --manifest-path "
            f"{crate}/rust/Cargo.toml"
        ),
    ]


@pytest.mark.parametrize(
    ("tool", "install"), [("cargo", "Install Rust: https://rustup.rs."), ("cc", "Install gcc")]
)
def test_a_missing_tool_is_told_with_how_to_install_it(
    crate: Path, tmp_path: Path, tool: str, install: str
) -> None:
    there = tmp_path / "bin"
    there.mkdir()
    for name in {"cargo", "cc"} - {tool}:
        (there / name).symlink_to("/bin/true")
    ended = run("run", crate, "--variants", "rust", folder=tmp_path, PATH=str(there))
    assert ended.returncode == 3
    cause, where, following = told(ended)
    assert cause.endswith(" was not found")
    assert where == f"  where: {tool}, on PATH"
    assert following.startswith(f"  next:  {install}")


def test_a_cut_last_line_is_resumed_and_another_version_is_refused(
    tiny: Tiny, tmp_path: Path
) -> None:
    run("run", tiny({"sound": SOUND}), "--out", "run", folder=tmp_path)
    samples = tmp_path / "run" / SAMPLES
    samples.write_bytes(samples.read_bytes()[:-20])
    report = run("report", "run", folder=tmp_path)
    assert report.returncode == 0
    assert report.stderr == (
        "warning: the last sample in run is incomplete and was ignored; continue the run "
        "with `lambdameter run --resume run`\n"
    )
    resumed = run("run", "--resume", "run", folder=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    kept = RunFolder.open(tmp_path / "run").samples()
    assert ([one.trial.index for one in kept.samples], kept.truncated) == ([0, 1], False)

    manifest = tmp_path / "run" / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema": 2}))
    for command in (("report", "run"), ("run", "--resume", "run")):
        refused = run(*command, folder=tmp_path)
        assert refused.returncode == 2
        assert told(refused) == [
            "error: The run has format 2, and this version of lambdameter reads format 1",
            "  where: run/manifest.json",
            (
                "  next:  Read the run with the version of lambdameter that its manifest names, "
                "or measure again."
            ),
        ]
