"""What goes wrong is shown plainly, with what to do."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, Page, expect


def notice(page: Page) -> Any:
    return expect(page.locator("#notice"))


def test_what_was_missed_while_the_connection_was_cut_is_shown(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race(age_s=9)
    whole = race.whole()
    stage.tell(*[message for message in whole if message["at_ms"] <= race.began_ms + 5_000])
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Rust leads by")
    stage.cut()
    notice(page).to_contain_text("The connection to the WebSocket API is lost.")
    stage.keep(*whole)
    stage.open = True
    expect(heading).to_have_text(
        "Rust is 1.7 times faster than Python in this race: 12.3 s against 21.2 s, unverified"
    )
    notice(page).to_be_hidden()


def test_a_page_that_comes_in_mid_race_looks_at_what_is_recorded(
    context: BrowserContext, stage: Any, fake_race: Any
) -> None:
    """It is not on the racers' list: nobody tells it anything until the next race."""
    race = fake_race(age_s=5)
    whole = race.whole()
    stage.keep(*whole[:40])
    page = context.new_page()
    page.goto(stage.url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rust leads by")
    stage.keep(*whole)
    expect(page.get_by_role("heading", level=1)).to_contain_text("times faster")


def test_the_connection_can_be_tried_at_once(page: Page, stage: Any) -> None:
    stage.cut()
    notice(page).to_be_visible()
    stage.open = True
    page.get_by_role("button", name="Reconnect now").click()
    notice(page).to_be_hidden()


def test_a_refusal_is_shown_with_what_to_do(page: Page, stage: Any) -> None:
    page.get_by_role("button", name="Start race").click()
    stage.expect("run")
    stage.say({"type": "refused", "action": "run", "reason": "a race is running"})
    notice(page).to_have_text(
        "Start race was refused: a race is running. "
        "Wait until that has ended, then try again. Reconnect now"
    )
    expect(page.get_by_role("button", name="Reconnect now")).to_be_hidden()
    expect(page.get_by_role("status")).to_contain_text("Start race was refused: a race is running")


def test_on_aws_a_race_takes_the_token_and_the_tab_keeps_it(
    context: BrowserContext, stages: Any
) -> None:
    stage = stages(target="aws", token=None)
    page = context.new_page()
    page.goto(stage.url)
    stage.joined.get(timeout=20)
    page.get_by_role("button", name="Start race").click()
    notice(page).to_contain_text("Starting a race needs the token.")
    field = page.get_by_label("Token")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("wrong")
    page.get_by_role("button", name="Start race").click()
    assert stage.expect("run")["token"] == "wrong"
    reason = "starting a race needs the token that was printed on deployment"
    stage.say({"type": "refused", "action": "run", "reason": reason})
    notice(page).to_contain_text(
        "The token is wrong. Enter the token that lambdameter deploy printed"
    )
    expect(field).to_have_attribute("aria-invalid", "true")
    page.reload()
    page.get_by_role("button", name="Start race").click()
    assert stage.expect("run")["token"] == "wrong"


def test_without_its_server_the_page_says_what_to_start(
    context: BrowserContext, stage: Any
) -> None:
    page = context.new_page()
    page.route("**/site.json", lambda route: route.abort())
    page.goto(stage.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("The page server does not answer")
    expect(page.locator("#caveat")).to_have_text(
        "Start lambdameter live, and open the address that it prints."
    )


def test_without_a_gateway_and_without_races_the_page_says_what_to_start(
    context: BrowserContext, stage: Any
) -> None:
    stage.site = stage.site | {"websocket": None}
    page = context.new_page()
    page.goto(stage.url)
    expect(page.locator("#caveat")).to_have_text(
        "There are no recorded races here. Record one with: lambdameter live"
    )
    expect(page.get_by_role("button", name="Start race")).to_have_count(0)


def test_what_is_no_message_changes_nothing(page: Page, stage: Any, fake_race: Any) -> None:
    race = fake_race(age_s=30)
    stage.say({"type": "progress", "race": race.race, "records": "many"}, {"type": "won"})
    stage.tell(*race.whole())
    expect(page.get_by_role("heading", level=1)).to_contain_text("times faster")
