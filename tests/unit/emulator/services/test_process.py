from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from pathlib import Path

import pytest

from lambdameter.emulator.services.admin_client import AdminClient
from lambdameter.emulator.services.process import Services
from lambdameter.errors import BadInputError, HostError, LambdameterError, TargetError

READY = {
    "dynamodb": "https://127.0.0.1:1",
    "s3": "https://127.0.0.1:2",
    "ca_bundle": "/ca.pem",
    "engines": {"dynamodb": "fake 1"},
    "latency_model": None,
}
ADMIN = """
import http.server, json, sys, threading
class Admin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0
    def do_GET(self):
        Admin.seen += 1
        key = self.path.rpartition("/")[2]
        document = {"requests": {"dynamodb.PutItem": Admin.seen, key: 1}, "modelled_ms": 1.5}
        body = json.dumps(document).encode()
        self.send_response(404 if key == "nobody" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Admin)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
admin = "http://127.0.0.1:%d" % server.server_port
"""


def program(folder: Path, body: str) -> Path:
    path = folder / "services"
    (folder / "changes").write_bytes(bytes(8))
    ready = READY | {"changes": str(folder / "changes")}
    path.write_text(f"#!{sys.executable}\n{ADMIN}\nready = {ready!r} | {{'admin': admin}}\n{body}")
    path.chmod(0o755)
    return path


SAY = "print(json.dumps(ready), flush=True)\n"


async def test_the_line_that_it_prints_is_what_functions_are_told(tmp_path: Path) -> None:
    services = await Services.start(program(tmp_path, SAY + "sys.stdin.read()"))
    assert services.ready.dynamodb == READY["dynamodb"]
    assert services.ready.engines == READY["engines"]
    await services.close()


async def test_usage_is_asked_for_by_access_key_over_one_connection(tmp_path: Path) -> None:
    services = await Services.start(program(tmp_path, SAY + "sys.stdin.read()"))
    assert (await services.usage("ASIA1")).requests == {"dynamodb.PutItem": 1, "ASIA1": 1}
    assert (await services.usage("ASIA2")).modelled_ms == 1.5
    with pytest.raises(TargetError, match="404"):
        await services.usage("nobody")
    await services.close()


async def test_it_is_asked_again_only_once_it_has_done_something(tmp_path: Path) -> None:
    services = await Services.start(program(tmp_path, SAY + "sys.stdin.read()"))
    first = await services.usage("ASIA1")
    assert await services.usage("ASIA1") == first
    (tmp_path / "changes").write_bytes(b"\1" + bytes(7))
    assert (await services.usage("ASIA1")).requests["dynamodb.PutItem"] == 2
    await services.close()


async def test_a_dead_one_knows_nothing_any_more(tmp_path: Path) -> None:
    body = SAY + "sys.stdin.readline(); sys.exit(7)"
    services = await Services.start(program(tmp_path, body))
    await services.usage("ASIA1")
    assert services._process.stdin is not None
    services._process.stdin.write(b"\n")
    await asyncio.wait_for(services.died, 10)
    with pytest.raises(LambdameterError, match="died"):
        await services.usage("ASIA1")
    with pytest.raises(LambdameterError, match="died"):
        await services.close()


async def test_one_that_hangs_up_and_lives_has_stopped_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdameter.emulator.services.process._STOP_LIMIT_S", 0.05)
    body = SAY + "server.shutdown(); server.server_close(); sys.stdin.read()"
    services = await Services.start(program(tmp_path, body))
    services._admin = AdminClient("http://127.0.0.1:1")
    with pytest.raises(TargetError, match="do not answer"):
        await services.usage("ASIA1")
    await services.close()


async def test_what_is_forgotten_of_a_dead_one_is_no_fault(tmp_path: Path) -> None:
    services = await Services.start(program(tmp_path, SAY + "sys.exit(7)"))
    services._admin = AdminClient("http://127.0.0.1:1")
    await services.forget("ASIA1")
    await asyncio.wait_for(services.died, 10)
    await services.forget("ASIA1")
    with pytest.raises(TargetError, match="died"):
        await services.close()


async def test_it_ends_with_its_stdin_and_that_is_no_death(tmp_path: Path) -> None:
    witness = tmp_path / "ended"
    body = SAY + f"sys.stdin.read(); open({str(witness)!r}, 'w').close()"
    services = await Services.start(program(tmp_path, body))
    await services.close()
    assert witness.exists()
    assert not services.died.done()


async def test_its_death_carries_its_last_words(tmp_path: Path) -> None:
    body = SAY + "print('disk on fire', file=sys.stderr, flush=True); sys.exit(7)"
    services = await Services.start(program(tmp_path, body))
    error = await asyncio.wait_for(services.died, 10)
    assert "died (exit status 7)" in error.cause
    assert "disk on fire" in error.cause
    with pytest.raises(LambdameterError, match="disk on fire"):
        await services.usage("ASIA1")
    with pytest.raises(LambdameterError, match="disk on fire"):
        await services.close()


async def test_a_death_that_nobody_has_noticed_yet_is_told_at_the_end(tmp_path: Path) -> None:
    services = await Services.start(program(tmp_path, SAY + "sys.exit(7)"))
    with pytest.raises(LambdameterError, match="exit status 7"):
        await services.close()


async def test_one_that_does_not_leave_is_killed_and_that_is_no_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdameter.emulator.services.process._STOP_LIMIT_S", 0.2)
    services = await Services.start(program(tmp_path, SAY + "threading.Event().wait()"))
    await services.close()
    assert not services.died.done()


async def test_a_start_that_fails_says_what_the_program_said(tmp_path: Path) -> None:
    body = "print('no certificate', file=sys.stderr); sys.exit(1)"
    with pytest.raises(HostError, match="no certificate"):
        await Services.start(program(tmp_path, body))


async def test_an_option_that_it_refuses_is_bad_input(tmp_path: Path) -> None:
    told = "lambdameter-services: no such fault (--faults). Name one that is."
    body = f"print({told!r}, file=sys.stderr); sys.exit(2)"
    with pytest.raises(BadInputError, match=r"refused an option: no such fault") as refused:
        await Services.start(program(tmp_path, body))
    assert refused.value.exit_code == 2
    assert (refused.value.place, refused.value.next_step) == ("--faults", "Name one that is.")


async def test_a_start_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="not ready within"):
        await Services.start(program(tmp_path, "sys.stdin.read()"), limit_s=0.2)


async def test_its_arguments_are_passed_on(tmp_path: Path) -> None:
    body = textwrap.dedent("""
        ready["engines"] = {"arguments": json.dumps(sys.argv[1:])}
        print(json.dumps(ready), flush=True)
        sys.stdin.read()
    """)
    services = await Services.start(program(tmp_path, body), "--state", "/s", "--seed", "1")
    assert json.loads(services.ready.engines["arguments"]) == ["--state", "/s", "--seed", "1"]
    await services.close()
