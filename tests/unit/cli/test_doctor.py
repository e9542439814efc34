from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from lambdameter.cli import app, doctor
from lambdameter.errors import HostError
from lambdameter.model.sample import Enforcement

WHOLE = Enforcement(by="cgroup v1", cpu="quota", memory="limit", freeze="freezer", isolation="user")
NOTHING = Enforcement(
    by="none", cpu="", memory="", freeze="SIGSTOP", isolation="", missing="Run it as root."
)


def check(name: str, state: Any, next_step: str = "") -> doctor.Check:
    return doctor.Check(name=name, state=state, detail="found", next_step=next_step)


def run(monkeypatch: pytest.MonkeyPatch, checks: list[doctor.Check], *flags: str) -> Any:
    monkeypatch.setattr(doctor, "examine", lambda: tuple(checks))
    return CliRunner().invoke(app, ["doctor", *flags])


def test_a_host_with_everything_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, [check("Rust", "ok")]).exit_code == 0


def test_what_is_missing_is_told_with_the_next_step_and_ends_with_3(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = run(monkeypatch, [check("Rust", "missing", "Type this.")])
    assert told.exit_code == 3
    assert "MISSING  Rust" in told.stdout
    assert "next: Type this." in told.stdout


@pytest.mark.parametrize(("flags", "exit_code"), [((), 0), (("--require-enforcement",), 3)])
def test_what_is_limited_fails_only_where_enforcement_is_required(
    monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], exit_code: int
) -> None:
    assert run(monkeypatch, [check("limits", "limited")], *flags).exit_code == exit_code


def test_json_has_every_check(monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(run(monkeypatch, [check("Rust", "ok")], "--json").stdout)
    assert told == [{"name": "Rust", "state": "ok", "found": "found", "next_step": ""}]


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", "ok"),
        ("cargo 2.0.1", "ok"),
        ("cargo 1.96.0-nightly (abc 2026-01-01)", "ok"),
        ("cargo 1.94.9", "missing"),
        (None, "missing"),
    ],
)
def test_rust_must_be_new_enough(version: str | None, state: str) -> None:
    found = doctor.rust(version)
    assert found.state == state
    assert bool(found.next_step) is (state == "missing")


def factory(enforcement: Enforcement) -> Any:
    return SimpleNamespace(enforcement=enforcement, has_pacer_files=False, close=lambda: None)


def test_what_is_enforced_is_told_by_part() -> None:
    told = list(doctor.enforcement(lambda _: factory(WHOLE)))
    assert [one.name.strip() for one in told] == ["limits", "CPU", "memory", "freeze", "isolation"]
    assert {one.state for one in told} == {"ok"}


def test_a_host_that_enforces_nothing_is_limited_and_told_what_to_do() -> None:
    limits, cpu, *_ = doctor.enforcement(lambda _: factory(NOTHING))
    assert (limits.state, limits.next_step) == ("limited", "Run it as root.")
    assert (cpu.state, cpu.detail) == ("limited", "none")


def test_a_host_without_any_sandbox_misses_one() -> None:
    def refuse(_: Path) -> Any:
        raise HostError("no launcher", next_step="Run `make setup`.")

    assert [one.state for one in doctor.enforcement(refuse)] == ["missing"]


@pytest.mark.parametrize(("free", "state"), [(3_000_000_000, "ok"), (2_999_999_999, "missing")])
def test_a_build_needs_room(tmp_path: Path, free: int, state: str) -> None:
    usage: Any = lambda _: SimpleNamespace(free=free)  # noqa: E731 - a stand-in for one call
    assert doctor.disk(tmp_path, usage).state == state


@pytest.mark.parametrize(("cores", "state"), [({0}, "limited"), ({0, 1}, "ok")])
def test_one_core_is_limited(cores: set[int], state: str) -> None:
    assert doctor.machine(cores, 1).state == state


def test_this_host_can_be_examined() -> None:
    names = {one.name for one in doctor.examine()}
    assert {"Python", "Rust", "C compiler", "limits", "disk", "machine"} <= names
