from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from lambdameter.build import page
from lambdameter.cli import main as command_line
from lambdameter.cost.price_list import latest
from lambdameter.errors import HostError
from lambdameter.model.race_messages import Clearing
from lambdameter.model.race_records import RaceSite
from lambdameter.model.sample import TargetInfo
from lambdameter.race import declaration, deployment, session, staging
from lambdameter.race import site as race_site
from lambdameter.race.page_server import PageContent
from lambdameter.race.recorder import Recorder
from lambdameter.workload.loader import load

ONE, ANOTHER = "1" * 32, "2" * 32
PAGE = '<script id="lambdameter-data" type="application/json">null</script>'
WORK = staging.RaceWork(records=5, write_units=6, zip_bytes={"python": 1, "rust": 2})
AWS = TargetInfo(
    name="aws",
    region="eu-west-1",
    architecture="arm64",
    enforcement=None,
    engines={},
    runtimes={},
    latency_model=None,
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[PageContent]:
    """What was served; there is a page, and nothing of the user's own is touched."""
    contents: list[PageContent] = []
    file = tmp_path / "index.html"
    file.write_text(PAGE)
    monkeypatch.setattr(page, "find", lambda: file)
    monkeypatch.setattr(session, "serve", lambda content, _, **__: contents.append(content))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("LAMBDAMETER_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    return contents


@pytest.fixture
def run(
    served: list[PageContent],  # noqa: ARG001 - what it brings about
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The command line: exit code, stdout, stderr."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lambdameter", "live", *arguments])
        with pytest.raises(SystemExit) as ended:
            command_line()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return ran


@pytest.fixture
def site() -> RaceSite:
    race = declaration.load()
    setup = race_site.RaceSetup(
        race=race,
        workload=load(race.workload),
        work=WORK,
        info=AWS,
        architecture="arm64",
    )
    return race_site.make(setup, (128,), latest(), websocket="wss://x/race", token="a secret")


@pytest.fixture
def recorded(site: RaceSite, tmp_path: Path) -> None:
    """Two races in the folder that is the default."""
    recorder = Recorder(tmp_path / "races", site)
    for number, name in enumerate((ONE, ANOTHER)):
        clearing = Clearing(race=name, at_ms=number, format="csv", memory_mb=128, cold=False)
        recorder.record(msgspec.json.encode(clearing))


@pytest.fixture
def deployed(served: list[PageContent]) -> deployment.DeployedRace:  # noqa: ARG001 - its folder
    there = deployment.DeployedRace(
        endpoint="wss://x.execute-api.eu-west-1.amazonaws.com/race",
        region="eu-west-1",
        architecture="x86_64",
        stack="lambdameter-race",
        work=WORK,
    )
    deployment.deployment_file().parent.mkdir(parents=True)
    deployment.deployment_file().write_bytes(msgspec.json.encode(there))
    return there


@pytest.mark.parametrize(
    ("listed", "cause"),
    [
        ("many", "'many' is not a list of memory sizes"),
        ("128,", "'128,' is not a list of memory sizes"),
        ("127", "Lambda has no memory size of 127 MB"),
        ("128,10241", "Lambda has no memory size of 10241 MB"),
        ("512,512", "A memory size is given twice"),
    ],
)
def test_a_wrong_list_of_tiers_is_bad_input(run: Run, listed: str, cause: str) -> None:
    code, out, err = run("--port", "0", "--memory", listed)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {cause}\n  where: --memory\n")


def test_a_port_that_is_taken_is_the_hosts_fault(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = run("--port", str(port))
    assert code == 3
    assert f"where: 127.0.0.1:{port}" in err


def test_without_its_page_nothing_is_started(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> Path:
        raise HostError("The page of the live race is not built", next_step="Build it.")

    monkeypatch.setattr(page, "find", lost)
    assert run("--port", "0")[0] == 3


@pytest.mark.parametrize("flag", ["--replay", "--export=x.html"])
def test_where_nothing_was_recorded_there_is_nothing_to_show(run: Run, flag: str) -> None:
    code, _, err = run("--port", "0", flag)
    assert code == 2
    assert err.startswith("error: There are no recorded races\n  where: races\n")


@pytest.mark.parametrize(
    ("flags", "place"),
    [
        (("--replay", "--latency", "off"), "--latency"),
        (("--replay", "--set", "records=1"), "--set"),
        (("--replay", "--target", "aws"), "--target"),
        (("--replay", "--export", "x.html"), "--export"),
        ((ONE,), ONE),
        (("--target", "aws", "--sandbox", "none"), "--sandbox"),
        (("--target", "aws", "--set", "records=1"), "--set"),
        (("--token", "x"), "--token"),
    ],
)
def test_what_does_not_go_together_is_bad_input(
    run: Run, flags: tuple[str, ...], place: str
) -> None:
    code, _, err = run("--port", "0", *flags)
    assert code == 2
    assert err.splitlines()[1] == f"  where: {place}"


@pytest.mark.usefixtures("recorded")
def test_replay_serves_what_was_recorded_and_no_gateway(
    run: Run, served: list[PageContent]
) -> None:
    assert run("--port", "0", "--replay")[0] == 0
    (content,) = served
    assert [one.race for one in content.recordings.list().races] == [ANOTHER, ONE]
    assert (content.site.websocket, content.site.token, content.current()) == (None, None, None)


@pytest.mark.usefixtures("recorded")
def test_replay_of_named_races_shows_no_others(run: Run, served: list[PageContent]) -> None:
    assert run("--port", "0", "--replay", ONE)[0] == 0
    assert [one.race for one in served[0].recordings.list().races] == [ONE]


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("flag", ["--replay", "--export=x.html"])
@pytest.mark.parametrize("name", ["3" * 32, "..", "x"])
def test_a_named_race_that_is_not_there_is_bad_input(
    run: Run, served: list[PageContent], flag: str, name: str
) -> None:
    code, _, err = run("--port", "0", flag, ONE, name)
    assert code == 2
    assert f"There is no race named '{name}'" in err
    assert served == []


@pytest.mark.usefixtures("recorded")
def test_a_named_race_that_is_broken_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "races" / ONE / "race.json").write_text("{")
    code, _, err = run("--port", "0", "--replay", ONE)
    assert code == 2
    assert "The race cannot be read" in err


@pytest.mark.usefixtures("recorded")
def test_an_export_is_one_file_with_all_that_can_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "races" / ONE / "race.json").write_text("{")
    assert run("--export", "x.html")[:2] == (0, "x.html\n")
    text = (tmp_path / "x.html").read_text()
    assert ANOTHER in text
    assert ONE not in text
    assert "a secret" not in text


@pytest.mark.usefixtures("recorded")
def test_an_export_that_cannot_be_written_is_the_hosts_fault(run: Run) -> None:
    code, _, err = run("--export", "none/x.html")
    assert code == 3
    assert "where: none/x.html" in err


def test_what_was_not_deployed_cannot_be_shown(run: Run) -> None:
    code, _, err = run("--port", "0", "--target", "aws")
    assert code == 2
    assert "No race has been deployed from this machine" in err


def test_on_aws_the_page_is_told_what_was_deployed_and_asks_for_the_token(
    run: Run, served: list[PageContent], deployed: deployment.DeployedRace
) -> None:
    assert run("--port", "0", "--target", "aws", "--memory", "1024,128")[0] == 0
    site = served[0].site
    assert (site.target, site.websocket, site.token) == ("aws", deployed.endpoint, None)
    assert (site.region, site.architecture, site.records) == ("eu-west-1", "x86_64", 5)
    assert [size.memory_mb for size in site.memory_sizes] == [128, 1_024]
    code = served[0].code
    assert code is not None
    assert {lane: bool(files) for lane, files in code.lanes.items()} == {
        "python": True,
        "rust": True,
    }


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_token_that_is_told_is_told_to_the_page(
    run: Run, served: list[PageContent], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "variable":
        monkeypatch.setenv("LAMBDAMETER_TOKEN", "T")
    run("--port", "0", "--target", "aws", *(("--token", "T") if how == "flag" else ()))
    assert served[0].site.token == "T"


@pytest.mark.usefixtures("deployed")
def test_another_region_than_that_of_the_deployment_is_bad_input(run: Run) -> None:
    code, _, err = run("--port", "0", "--target", "aws", "--region", "us-east-1")
    assert code == 2
    assert "deployed in eu-west-1, not in us-east-1" in err


@pytest.mark.usefixtures("deployed")
def test_at_the_end_it_says_where_the_races_are(run: Run) -> None:
    assert run("--port", "0", "--target", "aws", "--out", "mine")[2] == "races in mine: 0\n"
