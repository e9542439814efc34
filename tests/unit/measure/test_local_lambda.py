from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import msgspec
import psutil
import pytest

from lambdameter.emulator.gateway.declaration import Listen, WebSocketApi
from lambdameter.emulator.options import Options
from lambdameter.errors import BadInputError, HostError, LambdameterError, TargetError
from lambdameter.measure import local_lambda as local
from lambdameter.measure.local_lambda import local_lambda, running

READY = """
import json, os, pathlib, signal, sys
pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
ready = {"type": "ready", "endpoint": " ".join(sys.argv[1:]), "dynamodb": "d", "s3": "s",
         "ca_bundle": "ca", "region": "r"}
print(json.dumps(ready), flush=True)
"""
LEAVES = READY + "sys.stdin.read()\n"
FAILED = (
    'print(json.dumps({"type": "failed", "cause": "It burns", "place": "/dev/null",'
    ' "next_step": "Put it out.", "exit_code": %d}), flush=True)\n'
)
OPTIONS = Options()
LOST = TargetError("S3 failed", place="bucket", next_step="Look.")


def emulator(folder: Path, body: str) -> tuple[str, ...]:
    program = folder / "emulator.py"
    program.write_text(textwrap.dedent(body))
    return (sys.executable, str(program))


def pid_of(folder: Path) -> int:
    return int((folder / "pid").read_text())


def test_a_ready_emulator_is_there_as_long_as_it_is_needed(tmp_path: Path) -> None:
    with local_lambda(OPTIONS, emulator(tmp_path, LEAVES)) as endpoints:
        assert psutil.pid_exists(pid_of(tmp_path))
        assert (endpoints.dynamodb, endpoints.s3, endpoints.ca_bundle) == ("d", "s", "ca")
    assert not psutil.pid_exists(pid_of(tmp_path))


def test_its_options_are_passed_on(tmp_path: Path) -> None:
    options = Options(
        port=7,
        latency="off",
        faults="cut=0.1",
        seed=3,
        sandbox="none",
        region="eu-west-1",
        speed="/cache/calibration.json",
        overheads=False,
    )
    with local_lambda(options, emulator(tmp_path, LEAVES)) as endpoints:
        assert msgspec.json.decode(endpoints.functions, type=Options) == options


def test_a_websocket_api_is_one_of_them(tmp_path: Path) -> None:
    listen = Listen(origins=("http://127.0.0.1:8000", "http://localhost:8000"))
    api = WebSocketApi(name="race", stage="s", routes={"$connect": "f", "run": "g"}, listen=listen)
    options = Options(websocket_api=api)
    with running(options, emulator(tmp_path, LEAVES)) as started:
        assert msgspec.json.decode(started.endpoints.functions, type=Options) == options
        assert started.pid == pid_of(tmp_path)


def test_a_failure_that_is_not_the_emulators_is_left_as_it_is(tmp_path: Path) -> None:
    with (
        pytest.raises(TargetError) as failed,
        local_lambda(OPTIONS, emulator(tmp_path, LEAVES)),
    ):
        raise LOST
    assert failed.value is LOST


@pytest.mark.parametrize("end", [KeyboardInterrupt, ZeroDivisionError])
def test_any_other_end_takes_the_emulator_with_it(tmp_path: Path, end: type[BaseException]) -> None:
    with pytest.raises(end), local_lambda(OPTIONS, emulator(tmp_path, LEAVES)):
        raise end
    assert not psutil.pid_exists(pid_of(tmp_path))


def test_an_interrupt_before_it_is_ready_takes_the_emulator_with_it(tmp_path: Path) -> None:
    body = READY.replace("print(json.dumps(ready), flush=True)", "os.kill(os.getppid(), 2)")
    with (
        pytest.raises(KeyboardInterrupt),
        local_lambda(OPTIONS, emulator(tmp_path, body + "sys.stdin.read()\n")),
    ):
        pytest.fail("it was never ready")
    assert not psutil.pid_exists(pid_of(tmp_path))


def test_a_death_takes_the_place_of_the_failure_that_came_of_it(tmp_path: Path) -> None:
    dying = "print('out of memory', file=sys.stderr); sys.exit(3)"
    with (
        pytest.raises(TargetError) as failed,
        local_lambda(OPTIONS, emulator(tmp_path, READY + dying)),
    ):
        raise LOST
    assert failed.value.cause == (
        "The local Lambda died (exit status 3); its last message: out of memory"
    )
    assert failed.value.place == "python -m lambdameter.emulator"
    assert "lambdameter doctor" in failed.value.next_step
    assert failed.value.__cause__ is LOST


def test_a_death_that_disturbed_nothing_is_no_failure(tmp_path: Path) -> None:
    with local_lambda(OPTIONS, emulator(tmp_path, READY + "sys.exit(3)")) as endpoints:
        assert endpoints.s3 == "s"


def test_what_the_emulator_says_of_its_end_is_the_cause(tmp_path: Path) -> None:
    body = LEAVES + FAILED % 4 + "sys.exit(4)"
    with (
        pytest.raises(TargetError) as failed,
        local_lambda(OPTIONS, emulator(tmp_path, body)),
    ):
        raise LOST
    told = failed.value
    assert (told.cause, told.place, told.next_step) == ("It burns", "/dev/null", "Put it out.")


@pytest.mark.parametrize(("code", "kind"), [(2, BadInputError), (3, HostError), (4, TargetError)])
def test_an_emulator_that_cannot_start_says_why_and_whose_fault_it_is(
    tmp_path: Path, code: int, kind: type[LambdameterError]
) -> None:
    body = "import json, sys\n" + FAILED % code + f"sys.exit({code})"
    with pytest.raises(kind) as failed, local_lambda(OPTIONS, emulator(tmp_path, body)):
        pytest.fail("it was never ready")
    assert type(failed.value) is kind
    assert failed.value.cause == "It burns"


def test_one_that_ends_before_it_is_ready_is_told_with_its_last_words(tmp_path: Path) -> None:
    body = "raise RuntimeError('no such thing')"
    with (
        pytest.raises(TargetError, match="RuntimeError: no such thing") as failed,
        local_lambda(OPTIONS, emulator(tmp_path, body)),
    ):
        pytest.fail("it was never ready")
    assert failed.value.cause.startswith("The local Lambda did not start; its last message: ")


def test_one_that_does_not_leave_is_killed_and_hides_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_STOP_S", 0.2)
    with (
        pytest.raises(TargetError) as failed,
        local_lambda(OPTIONS, emulator(tmp_path, READY + "signal.pause()")),
    ):
        raise LOST
    assert failed.value is LOST
    assert not psutil.pid_exists(pid_of(tmp_path))


def test_the_real_one_refuses_an_unknown_sandbox() -> None:
    with pytest.raises(BadInputError) as failed, local_lambda(Options(sandbox="cage")):
        pytest.fail("it was never ready")
    told = failed.value
    assert (told.cause, told.place) == ("There is no sandbox named 'cage'", "--sandbox")
    assert told.next_step == "Choose from auto, cgroup-v2, cgroup-v1, duty-cycle, none."


@pytest.mark.parametrize(
    ("text", "why"), [(None, "No such file"), ("fast = maybe", "malformed: line 1")]
)
def test_the_real_one_refuses_a_latency_model_that_it_cannot_read(
    tmp_path: Path, text: str | None, why: str
) -> None:
    file = tmp_path / "latency.toml"
    if text is not None:
        file.write_text(text)
    with (
        pytest.raises(BadInputError, match=why) as failed,
        local_lambda(Options(latency=str(file), sandbox="none")),
    ):
        pytest.fail("it was never ready")
    assert failed.value.place == str(file)
