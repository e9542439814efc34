from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from lambdameter.errors import HostError
from lambdameter.model.live import LiveSite, RecordedRace, SourceFile
from lambdameter.race.export import export

SLOT = '<script id="lambdameter-data" type="application/json">null</script>'
PAGE = f"<!doctype html><title>t</title>{SLOT}<script>1</script>"
CODE = {"python": [SourceFile(path="a.py", language="python", text="</script>")]}
EVIL = "</script><script>alert(1)</script><!--\\u003c"


@pytest.fixture
def race(site: LiveSite, told: Callable[..., list[dict[str, Any]]]) -> RecordedRace:
    alone = msgspec.structs.replace(site, websocket=None, token=None)
    evil = {"type": "failed", "lane": "rust", "error": {"errorType": EVIL}}
    return RecordedRace(race="1" * 32, site=alone, messages=(*told(), evil))


def data(page: str) -> Any:
    (found,) = re.findall(r'<script id="lambdameter-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_the_races_are_in_the_page_as_they_were_told(site: LiveSite, race: RecordedRace) -> None:
    inside = data(export(PAGE, site, [race], CODE))
    assert inside["exported"] is True
    assert inside["races"] == [json.loads(msgspec.json.encode(race))]


def test_the_code_is_in_it_where_it_is_known(site: LiveSite, race: RecordedRace) -> None:
    shown = {"path": "a.py", "language": "python", "text": "</script>"}
    assert data(export(PAGE, site, [race], CODE))["code"] == {"lanes": {"python": [shown]}}
    assert "code" not in data(export(PAGE, site, [race], {}))


def test_neither_token_nor_gateway_is_in_it(site: LiveSite, race: RecordedRace) -> None:
    page = export(PAGE, site, [race], CODE)
    assert (data(page)["site"]["token"], data(page)["site"]["websocket"]) == (None, None)
    assert "a secret" not in page


def test_nothing_that_a_function_says_can_end_the_element(
    site: LiveSite, race: RecordedRace
) -> None:
    page = export(PAGE, site, [race], CODE)
    assert page.count("<script") == PAGE.count("<script")
    assert "<!--" not in page
    assert data(page)["races"][0]["messages"][-1]["error"]["errorType"] == EVIL


@pytest.mark.parametrize("page", ["", PAGE.replace("null", "{}"), PAGE + SLOT])
def test_a_page_without_one_place_for_them_is_refused(site: LiveSite, page: str) -> None:
    with pytest.raises(HostError, match="no place for recorded races"):
        export(page, site, [], {})
