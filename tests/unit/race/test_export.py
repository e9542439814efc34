from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from lambdameter.errors import HostError
from lambdameter.model.race_messages import RaceMessage
from lambdameter.model.race_records import DeployedCode, RaceSite, RecordedRace, SourceFile
from lambdameter.race.export import export

SLOT = '<script id="lambdameter-data" type="application/json">null</script>'
PAGE = f"<!doctype html><title>t</title>{SLOT}<script>1</script>"
ONE = "1" * 32
FILE = SourceFile(path="a.py", language="python", text="</script>")
CODE = DeployedCode(lanes={"python": (FILE,)})
EVIL = "</script><script>alert(1)</script><!--\\u003c"


@pytest.fixture
def race(site: RaceSite, whole_race: Callable[..., list[dict[str, Any]]]) -> RecordedRace:
    alone = msgspec.structs.replace(site, websocket=None, token=None)
    evil = {"type": "failed", "lane": "rust", "race": ONE, "at_ms": 1, "error": {"errorType": EVIL}}
    messages = msgspec.convert((*whole_race(), evil), tuple[RaceMessage, ...])
    return RecordedRace(race=ONE, site=alone, messages=messages)


def data(page: str) -> Any:
    (found,) = re.findall(r'<script id="lambdameter-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_the_races_are_in_the_page_as_they_were_told(site: RaceSite, race: RecordedRace) -> None:
    inside = data(export(PAGE, site, [race], CODE))
    assert inside["races"] == [json.loads(msgspec.json.encode(race))]


def test_the_code_is_in_it_where_it_is_known(site: RaceSite, race: RecordedRace) -> None:
    shown = {"path": "a.py", "language": "python", "text": "</script>"}
    assert data(export(PAGE, site, [race], CODE))["code"] == {"lanes": {"python": [shown]}}
    assert data(export(PAGE, site, [race], None))["code"] is None


def test_neither_token_nor_gateway_is_in_it(site: RaceSite, race: RecordedRace) -> None:
    page = export(PAGE, site, [race], CODE)
    assert (data(page)["site"]["token"], data(page)["site"]["websocket"]) == (None, None)
    assert "a secret" not in page


def test_nothing_that_a_function_says_can_end_the_element(
    site: RaceSite, race: RecordedRace
) -> None:
    page = export(PAGE, site, [race], CODE)
    assert page.count("<script") == PAGE.count("<script")
    assert "<!--" not in page
    assert data(page)["races"][0]["messages"][-1]["error"]["errorType"] == EVIL


@pytest.mark.parametrize("page", ["", PAGE.replace("null", "{}"), PAGE + SLOT])
def test_a_page_without_one_place_for_them_is_refused(site: RaceSite, page: str) -> None:
    with pytest.raises(HostError, match="no place for recorded races"):
        export(page, site, [], None)
