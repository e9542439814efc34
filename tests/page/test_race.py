"""A race as it is seen: from the first message to the verified end."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect


def test_a_race_goes_from_its_start_to_the_verified_sentence(page: Page, stage: Any, course: Any) -> None:
    race = course(age_s=30)
    expect(page.locator("#reservation")).to_have_text("No race yet: choose a tier, and press Run all.")
    page.get_by_role("button", name="Run all").click()
    assert stage.expect("run") == {
        "action": "run",
        "token": "t",
        "format": "csv",
        "memory_mb": 1024,
        "cold": False,
    }
    stage.tell(*race.whole())
    sentence = page.get_by_role("heading", level=1)
    expect(sentence).to_have_text("Rust is 1.7x faster here: 12.3 s against 21.2 s, unverified")
    expect(page.locator(".status")).to_have_text(["unverified", "unverified"])
    page.get_by_role("button", name="Verify").click()
    stage.expect("verify")
    stage.tell(race.verified(identical=True))
    expect(sentence).to_have_text("Rust is 1.7x faster here: 12.3 s against 21.2 s, verified identical")
    expect(page.locator(".status").first).to_contain_text("✓ verified: 50,000 records")
