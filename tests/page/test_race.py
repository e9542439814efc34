"""A race as it is seen: from the first message to the verified end."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect


def sentence(page: Page) -> Any:
    return expect(page.get_by_role("heading", level=1))


def until(race: Any, ms: float) -> list[dict[str, Any]]:
    return [message for message in race.whole() if message["at_ms"] <= race.began_ms + ms]


def lane(page: Page, title: str) -> Any:
    return page.get_by_role("article", name=title)


def figure(page: Page, title: str, name: str) -> Any:
    named = page.locator("div", has=page.get_by_text(name, exact=True))
    return expect(lane(page, title).locator("dl").locator(named).locator("dd"))


def test_a_race_goes_from_its_start_to_the_verified_sentence(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race(age_s=30)
    expect(page.locator("#caveat")).to_have_text(
        "No race has run yet: choose a memory size, and press Start race."
    )
    page.get_by_role("button", name="Start race").click()
    assert stage.expect("run") == {
        "action": "run",
        "token": "t",
        "format": "csv",
        "memory_mb": 1024,
        "cold": False,
    }
    stage.tell(*race.whole())
    sentence(page).to_have_text(
        "Rust is 1.7 times faster than Python in this race: 12.3 s against 21.2 s, unverified"
    )
    expect(page.locator(".status")).to_have_text(["unverified", "unverified"])
    page.get_by_role("button", name="Verify").click()
    stage.expect("verify")
    stage.tell(race.verified(identical=True))
    sentence(page).to_have_text(
        "Rust is 1.7 times faster than Python in this race: 12.3 s against 21.2 s, verified"
    )
    expect(page.locator(".status").first).to_contain_text("✓ verified: 50,000 records")


def test_while_it_runs_each_lane_shows_records_phase_and_cold_start(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race()
    stage.tell(*until(race, 500))
    expect(lane(page, "Python").locator(".steps .now")).to_have_text("start")
    expect(lane(page, "Rust").locator(".steps .now")).to_have_text("parse")
    stage.tell(*until(race, 9_000))
    sentence(page).to_have_text("Rust leads by 17,000 records, 3.68 s ahead")
    figure(page, "Rust", "records").to_have_text("35,000")
    figure(page, "Python", "phase").to_have_text("write")
    figure(page, "Python", "cold start").to_have_text("yes")
    stage.tell(*race.whole())
    figure(page, "Python", "cold start").to_have_text("550 ms")
    expect(lane(page, "Rust").locator(".report")).to_contain_text("Init Duration: 75.10 ms")


def test_where_the_time_went_has_the_cold_start_for_itself_and_the_modelled_share(
    page: Page, stage: Any, fake_race: Any
) -> None:
    stage.tell(*fake_race(age_s=30).whole())
    row = page.get_by_role("region", name="Where the time went").get_by_role("row", name="Python")
    expect(row.get_by_role("cell")).to_have_text(
        ["550", "240", "460", "20,494", "21,194", "93", "≈48 %"]
    )


def test_the_bill_follows_the_volume(page: Page, stage: Any, fake_race: Any) -> None:
    stage.tell(*fake_race(age_s=30).whole())
    sentence = page.locator("#cost > p").first
    expect(sentence).to_have_text(
        "Rust reduces the whole bill by 0.4 %: $12.5 of $3,150 per month."
    )
    volume = page.get_by_role("slider", name="Invocations per month")
    volume.press("ArrowRight")
    expect(volume).to_have_attribute("aria-valuetext", "200,000 per month")
    expect(sentence).to_have_text(
        "Rust reduces the whole bill by 0.4 %: $25.0 of $6,310 per month."
    )


def test_where_what_was_written_differs_no_speed_is_told_and_the_fields_are(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race(age_s=30)
    stage.tell(*race.whole(), race.verified(identical=False))
    sentence(page).to_have_text(
        "Speeds are not compared: the written records differ from the expected records"
    )
    expect(page.locator("#gap")).to_be_hidden()
    cells = page.get_by_role("region", name="First differences of Rust").get_by_role("cell")
    expect(cells).to_have_text(["REG-000017", "amount_paid", '"45.5"', '"45.50"'])


def test_a_lane_that_fails_says_why_and_the_other_goes_on(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race(age_s=30, memory_mb=128)
    stage.tell(*race.start, *race.failed("python", "Runtime.OutOfMemory"))
    sentence(page).to_have_text("Python failed: Runtime.OutOfMemory")
    expect(lane(page, "Python").locator(".failure")).to_have_text(
        "Runtime.OutOfMemory: signal: killed"
    )
    stage.tell(*race.lane("rust", 75.1, 11_600), *race.end("rust", 75.1, 11_600))
    sentence(page).to_have_text("Python failed: Runtime.OutOfMemory; Rust finished in 12.3 s")
    expect(page.locator("#caveat")).to_have_text("Choose a larger memory size.")


def test_the_chosen_memory_size_input_and_start_are_requested(page: Page, stage: Any) -> None:
    for label in ("128 MB", "JSON", "New"):
        page.locator("label", has_text=label).click()
    expect(page.get_by_role("radio", name="128 MB 0.072 vCPU")).to_be_checked()
    page.get_by_role("button", name="Start race").click()
    asked = stage.expect("run")
    assert (asked["memory_mb"], asked["format"], asked["cold"]) == (128, "json", True)


def test_races_are_repeated_and_their_distribution_builds_up(
    page: Page, stage: Any, fake_race: Any
) -> None:
    page.get_by_role("spinbutton", name="Races").fill("3")
    page.get_by_role("button", name="Start race").click()
    dots = page.locator("#distribution .lane-rust .hollow")
    for number in range(1, 4):
        stage.expect("run")
        stage.tell(
            *fake_race(cold=False, age_s=60 - 10 * number).whole(rust_ms=11_000 + 100 * number)
        )
        expect(dots).to_have_count(number)
    expect(page.get_by_role("button", name="Start race")).to_be_visible()
    expect(page.locator("#distribution p").first).to_contain_text("Rust 11.9 s (3 races)")


def test_a_race_is_shown_before_the_server_has_recorded_it(
    page: Page, stage: Any, fake_race: Any
) -> None:
    race = fake_race(age_s=30)
    stage.say(*race.whole())
    marks = page.locator("#distribution .lane-rust")
    expect(marks.locator(".hollow")).to_have_count(1)
    stage.say(race.verified(identical=True))
    expect(marks.locator(".filled")).to_have_count(1)
    stage.keep(*race.whole(), race.verified(identical=True))
    page.reload()
    expect(marks.locator(".filled")).to_have_count(1)


def test_races_under_other_conditions_are_not_pooled(
    context: Any, stage: Any, fake_race: Any
) -> None:
    stage.keep(*fake_race(age_s=60).whole())
    page = context.new_page()
    page.goto(stage.url)
    expect(page.locator("#distribution .lane-rust .hollow")).to_have_count(1)
    stage.site = stage.site | {"conditions": "c2"}
    stage.tell(*fake_race(age_s=30).whole())
    expect(page.locator("#distribution p").first).to_contain_text(
        "Not shown: 1 race (other conditions)"
    )


def test_nothing_is_verified_while_a_series_runs(page: Page, stage: Any, fake_race: Any) -> None:
    page.get_by_role("spinbutton", name="Races").fill("2")
    page.get_by_role("button", name="Start race").click()
    stage.expect("run")
    verify = page.get_by_role("button", name="Verify")
    race = fake_race(cold=False, age_s=60)
    stage.tell(*race.whole())
    expect(page.get_by_role("heading", level=1)).to_contain_text("unverified")
    expect(verify).to_have_attribute("aria-disabled", "true")
    stage.expect("run")
    stage.tell(*fake_race(cold=False, age_s=30).whole())
    expect(verify).not_to_have_attribute("aria-disabled", "true")


def test_warming_up_tells_each_lanes_cold_start(page: Page, stage: Any) -> None:
    page.get_by_role("button", name="Warm up").click()
    assert stage.expect("warmup") == {"action": "warmup", "token": "t", "memory_mb": 1024}
    report = (
        "REPORT RequestId: 1\tDuration: 2.00 ms\tBilled Duration: 554 ms\t"
        "Memory Size: 1024 MB\tMax Memory Used: 40 MB\tInit Duration: 551.20 ms\t"
    )
    about = {"type": "warmed", "at_ms": 1.0, "memory_mb": 1024, "error": None}
    stage.say(
        about | {"lane": "python", "report": report},
        about | {"lane": "rust", "report": None, "error": "Unhandled"},
    )
    expect(page.get_by_role("list", name="Warmed up").get_by_role("listitem")).to_have_text(
        [
            "Python, 1,024 MB: cold start, 551 ms",
            "Rust, 1,024 MB: failed (Unhandled)",
        ]
    )
    expect(page.get_by_role("button", name="Warm up")).not_to_have_attribute(
        "aria-disabled", "true"
    )


def test_the_code_of_all_lanes_stands_side_by_side(page: Page) -> None:
    page.get_by_role("button", name="Show code").click()
    dialog = page.get_by_role("dialog", name="Deployed code")
    expect(dialog.get_by_role("region", name="Python: handler.py")).to_contain_text("def handler")
    expect(dialog.get_by_role("region", name="Rust: src/main.rs")).to_contain_text("async fn main")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Show code")).to_be_focused()


@pytest.mark.parametrize(
    ("target", "badge"), [("local", "EMULATED"), ("aws", "AWS")], ids=["local", "aws"]
)
def test_where_it_was_measured_is_always_in_sight(
    context: Any, stages: Any, target: str, badge: str
) -> None:
    page = context.new_page()
    page.goto(stages(target=target).url)
    labels = page.get_by_role("list", name="Where the figures come from").get_by_role("listitem")
    expect(labels).to_have_text([badge, "LIVE", "us-east-1", "arm64"])
    caveats = page.locator("#caveats")
    for text in ("by cgroup v1", "s3s-fs 0.14.1", "compiled code 1.70 times", "service latency"):
        expect(caveats).to_contain_text(text)
