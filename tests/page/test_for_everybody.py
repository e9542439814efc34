"""Keyboard, screen reader, small screens, both themes, no motion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

State = Callable[[Page, Any, Any], None]


def idle(page: Page, _stage: Any, _fake_race: Any) -> None:
    expect(page.locator("#caveat")).to_contain_text("No race has run yet")


def running(page: Page, stage: Any, fake_race: Any) -> None:
    race = fake_race(age_s=9)
    stage.tell(*[one for one in race.whole() if one["at_ms"] <= race.began_ms + 9_000])
    expect(page.get_by_role("heading", level=1)).to_contain_text("leads by")


def verified(page: Page, stage: Any, fake_race: Any) -> None:
    race = fake_race(age_s=30)
    stage.tell(*race.whole(), race.verified(identical=True))
    expect(page.get_by_role("heading", level=1)).to_contain_text(", verified")
    expect(page.locator("#distribution svg")).to_be_visible()


def differs(page: Page, stage: Any, fake_race: Any) -> None:
    race = fake_race(age_s=30)
    stage.tell(*race.whole(), race.verified(identical=False))
    expect(page.locator("#differences")).to_be_visible()


def failed(page: Page, stage: Any, fake_race: Any) -> None:
    race = fake_race(age_s=30)
    stage.tell(*race.start, *race.failed("rust", "Sandbox.Timedout"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rust failed")


def replayed(page: Page, stage: Any, fake_race: Any) -> None:
    verified(page, stage, fake_race)
    page.get_by_label("Race", exact=True).select_option(index=1)
    page.get_by_text("1x", exact=True).click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def code(page: Page, stage: Any, fake_race: Any) -> None:
    verified(page, stage, fake_race)
    page.get_by_role("button", name="Show code").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def lost(page: Page, stage: Any, fake_race: Any) -> None:
    running(page, stage, fake_race)
    stage.cut()
    expect(page.locator("#notice")).to_be_visible()


STATES = [idle, running, verified, differs, failed, replayed, code, lost]


def opened(browser: Browser, stage: Any, **options: Any) -> Page:
    page = browser.new_context(locale="en-GB", **options).new_page()
    page.goto(stage.url)
    stage.joined.get(timeout=20)
    return page


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_in_either_theme(
    browser: Browser, stage: Any, fake_race: Any, state: State
) -> None:
    page = opened(browser, stage, color_scheme="dark", reduced_motion="reduce")
    state(page, stage, fake_race)
    for theme in ("auto", "light"):
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.locator("#theme").dispatch_event("click")
    page.context.close()


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_at_360_pixels_nothing_scrolls_sideways(
    browser: Browser, stage: Any, fake_race: Any, state: State
) -> None:
    page = opened(browser, stage, viewport={"width": 360, "height": 740})
    state(page, stage, fake_race)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.context.close()


def test_a_race_needs_no_more_than_a_keyboard(page: Page, stage: Any, fake_race: Any) -> None:
    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.locator(":focus")
            if name in (focused.get_attribute("aria-label") or "") or name in focused.inner_text():
                return
        pytest.fail(f"{name} is not reached")

    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="Skip to the race")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="1,024 MB")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="1,769 MB")).to_be_checked()
    tab_to("Start race")
    page.keyboard.press("Enter")
    assert stage.expect("run")["memory_mb"] == 1_769
    race = fake_race(age_s=30, memory_mb=1_769)
    stage.tell(*race.whole())
    expect(page.get_by_role("heading", level=1)).to_contain_text("unverified")
    # The button has said "Racing" meanwhile, and has kept its focus.
    expect(page.get_by_role("button", name="Start race")).to_be_focused()
    tab_to("Verify")
    page.keyboard.press("Space")
    stage.expect("verify")
    stage.tell(race.verified(identical=True))
    tab_to("Show code")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Show code")).to_be_focused()


def test_what_has_the_focus_is_seen_to_have_it(page: Page) -> None:
    page.locator("body").press("Tab")
    for _ in range(8):
        page.keyboard.press("Tab")
        focused, style, width = page.evaluate(
            """() => {
              const focused = document.activeElement;
              const seen = focused.matches("input[type=radio]") ? focused.nextSibling : focused;
              const { outlineStyle, outlineWidth } = getComputedStyle(seen);
              return [focused.tagName, outlineStyle, parseFloat(outlineWidth)];
            }"""
        )
        assert focused != "BODY"
        assert style != "none"
        assert width >= 2


def test_a_button_that_goes_gives_its_focus_to_another(
    page: Page, stage: Any, fake_race: Any
) -> None:
    page.get_by_role("spinbutton", name="Races").fill("2")
    page.get_by_role("button", name="Start race").click()
    page.get_by_role("button", name="Stop after this race").press("Enter")
    expect(page.locator("#run")).to_be_focused()
    race = fake_race(age_s=30)
    stage.tell(*race.whole())
    page.get_by_label("Race", exact=True).select_option(race.race)
    page.get_by_role("button", name="Back to the live race").press("Enter")
    expect(page.get_by_label("Race", exact=True)).to_be_focused()
    stage.cut()
    page.get_by_role("button", name="Reconnect now").focus()
    stage.open = True
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_screen_reader_hears_of_start_first_end_and_result(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race(age_s=30)
    whole = race.whole()
    said = expect(page.get_by_role("status"))
    said.to_have_text("")
    stage.tell(*whole[:30])
    said.to_have_text("The race has started: Python and Rust.")
    stage.tell(*[one for one in whole if one["at_ms"] < race.began_ms + 15_000])
    said.to_have_text("Rust finished first, in 12.3 s.")
    stage.tell(*whole)
    said.to_have_text(
        "Rust is 1.7 times faster than Python in this race: 12.3 s against 21.2 s, unverified."
    )


def test_where_motion_disturbs_nothing_glides(browser: Browser, stage: Any, fake_race: Any) -> None:
    page = opened(browser, stage, reduced_motion="reduce")
    running(page, stage, fake_race)
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((element) =>
             parseFloat(getComputedStyle(element).transitionDuration) > 0).length"""
    )
    assert moving == 0
    page.context.close()


def test_the_theme_follows_the_system_until_it_is_chosen(browser: Browser, stage: Any) -> None:
    page = opened(browser, stage, color_scheme="dark")

    def lightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.split("(")[1].split(",")[0])

    assert lightness() < 64
    page.get_by_role("button", name="Theme: auto").click()
    assert lightness() > 192
    page.reload()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert lightness() > 192
    page.context.close()


def test_on_four_k_the_page_keeps_to_the_middle(
    browser: Browser, stage: Any, fake_race: Any
) -> None:
    page = opened(browser, stage, viewport={"width": 3840, "height": 2160})
    verified(page, stage, fake_race)
    main = page.locator("main").bounding_box()
    assert main is not None
    assert main["width"] < 3_000
    assert abs(main["x"] - (3_840 - main["x"] - main["width"])) < 20
    page.context.close()
