"""How the live race is served and ends; the whole command is tested in tests/e2e."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from lambdameter.errors import TargetError
from lambdameter.interruption import SIGNALS
from lambdameter.model.race_records import RacePrices, RaceSite
from lambdameter.race import session
from lambdameter.race.page_server import PageContent, bind
from lambdameter.race.recordings import Recordings

PAGE = "<!doctype html><title>t</title>"
LOST = TargetError("It is gone", next_step="Start again.")


@pytest.fixture
def content(tmp_path: Path) -> PageContent:
    prices = RacePrices(
        per_request_usd=0, gb_second_usd=0, services_usd_per_race={}, as_of="x", region="x"
    )
    site = RaceSite(
        target="local",
        websocket=None,
        token=None,
        region="x",
        architecture="arm64",
        records=1,
        lanes=(),
        formats=(),
        memory_sizes=(),
        conditions="c1",
        caveats=(),
        modelled=None,
        prices=prices,
    )
    return PageContent(page=PAGE, site=site, recordings=Recordings(tmp_path))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_it_and_signals_are_then_what_they_were(
    content: PageContent, capfd: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    listening = bind(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    before = [signal.getsignal(one) for one in SIGNALS]
    seen: list[bytes] = []

    async def visits() -> None:
        def get() -> bytes:
            with urllib.request.urlopen(url) as answer:
                return bytes(answer.read())

        seen.append(await asyncio.to_thread(get))
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    session.serve(content, listening, background=[visits])
    assert seen == [PAGE.encode()]
    assert [signal.getsignal(one) for one in SIGNALS] == before
    assert capfd.readouterr().out == f"{url}\n"


async def fails() -> None:
    raise LOST


def test_what_fails_meanwhile_ends_it(content: PageContent) -> None:
    with pytest.raises(TargetError) as error:
        session.serve(content, bind(0), background=[fails])
    assert error.value is LOST


def test_where_it_fails_before_there_is_anything_to_show_no_page_is_told_of(
    content: PageContent, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TargetError):
        session.serve(content, bind(0), ready=asyncio.Event(), background=[fails])
    assert capsys.readouterr().out == ""


def test_the_end_of_the_local_lambda_ends_it(content: PageContent) -> None:
    async def ends() -> None:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.Event().wait()

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        background = [session.watch_process(process.pid), ends]
        with pytest.raises(TargetError, match="The local Lambda ended"):
            session.serve(content, bind(0), background=background)
