"""Recorded races: served, and inside an export that is opened from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect


def sentence(page: Page) -> Any:
    return expect(page.get_by_role("heading", level=1))


def badge(page: Page) -> Any:
    return expect(
        page.get_by_role("list", name="Where the figures come from").get_by_role("listitem").nth(1)
    )


@pytest.fixture
def export(stage: Any, fake_race: Any, tmp_path: Path) -> Path:
    """Two memory sizes, and for one of them the other input too."""
    races = [
        (fake_race(age_s=900, memory_mb=128), 90_000, 30_000),
        (fake_race(age_s=600, format="json"), 19_000, 10_000),
        (fake_race(age_s=300), 20_494, 11_600),
    ]
    for race, python_ms, rust_ms in races:
        stage.keep(*race.whole(python_ms, rust_ms))
    exported: Path = stage.export(tmp_path, *(race.race for race, _, _ in races), code=True)
    return exported


def test_a_recorded_race_is_played_on_its_true_times(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race(age_s=300)
    stage.tell(*race.whole(), race.verified(identical=True))
    page.get_by_label("Race", exact=True).select_option(race.race)
    badge(page).to_have_text("REPLAY")
    sentence(page).to_contain_text("Rust leads by")
    page.get_by_role("button", name="Pause").click()
    # Drawn together with the figure that it stands still at.
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    shown = page.locator(".position").inner_text()
    # Paused, its clock stands still: the figure of a later drawing is the same.
    page.get_by_role("button", name="Theme").click()
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    assert page.locator(".position").inner_text() == shown
    page.get_by_text("Result", exact=True).click()
    sentence(page).to_contain_text(", verified")
    page.get_by_role("button", name="Back to the live race").click()
    badge(page).to_have_text("LIVE")


def test_a_replay_continues_while_a_new_race_runs(page: Page, stage: Any, fake_race: Any) -> None:
    old = fake_race(age_s=300)
    stage.tell(*old.whole())
    page.get_by_label("Race", exact=True).select_option(old.race)
    badge(page).to_have_text("REPLAY")
    new = fake_race(age_s=30)
    stage.tell(*new.whole(rust_ms=5_000))
    expect(page.get_by_label("Race", exact=True).get_by_role("option")).to_have_count(3)
    badge(page).to_have_text("REPLAY")
    page.get_by_role("button", name="Back to the live race").click()
    sentence(page).to_contain_text("5.70 s against 21.2 s")


def test_an_export_asks_nobody_for_anything(context: BrowserContext, export: Path) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(export.as_uri())
    sentence(page).to_have_text(
        "Rust is 1.7 times faster than Python in this race: 12.3 s against 21.2 s, unverified"
    )
    badge(page).to_have_text("EXPORT")
    page.get_by_role("button", name="Show code").click()
    expect(page.get_by_role("region", name="Rust: src/main.rs")).to_contain_text("</script><!--")
    assert [url for url in asked if not url.startswith("data:")] == [export.as_uri()]


def test_in_an_export_the_memory_switch_replays_a_race_with_that_memory_size(
    context: BrowserContext, export: Path
) -> None:
    page = context.new_page()
    page.goto(export.as_uri())
    expect(page.get_by_role("radio", name="1,024 MB")).to_be_checked()
    expect(page.get_by_role("radio", name="256 MB")).to_be_disabled()
    page.locator("label", has_text="128 MB").click()
    sentence(page).to_have_text(
        "Rust is 3.0 times faster than Python in this race: 30.7 s against 90.7 s, unverified"
    )
    expect(page.get_by_role("radio", name="JSON")).to_be_disabled()
    page.locator("label", has_text="1,024 MB").click()
    page.locator("label", has_text="JSON").click()
    sentence(page).to_have_text(
        "Rust is 1.8 times faster than Python in this race: 10.7 s against 19.7 s, unverified"
    )
    page.get_by_text("4x", exact=True).click()
    sentence(page).to_contain_text("Rust leads by")


def test_an_export_starts_no_race(context: BrowserContext, export: Path) -> None:
    page = context.new_page()
    page.goto(export.as_uri())
    sentence(page).to_contain_text("times faster")
    for name in ("Start race", "Warm up", "Verify"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_an_export_that_cannot_be_read_says_so(
    context: BrowserContext, html: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.html"
    file.write_text(html.replace('"application/json">null<', '"application/json">{}<'))
    page = context.new_page()
    page.goto(file.as_uri())
    sentence(page).to_have_text("This export cannot be read")
