"""The README's pictures of the live race, from an export: the result, and mid-race in dark.

lambdameter live --export races.html RACE
python scripts/page/pictures.py races.html docs/images
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

SIZE: ViewportSize = {"width": 1440, "height": 1130}
MID_RACE_MS = 12_000


def open_export(browser: Browser, export: Path, theme: Literal["light", "dark"]) -> Page:
    """Open the export, which shows the result of its newest race, with a clock that we control."""
    context = browser.new_context(
        viewport=SIZE, color_scheme=theme, reduced_motion="reduce", locale="en-GB"
    )
    page = context.new_page()
    page.clock.install()
    page.goto(export.absolute().as_uri())
    page.clock.run_for(1_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("times faster")
    return page


def save(page: Page, file: Path) -> None:
    """Save a picture as WebP: PNG is three times as large."""
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    file.write_bytes(base64.b64decode(shot["data"]))
    print(f"{file}: {file.stat().st_size:,} bytes")


def main(export: Path, folder: Path) -> None:
    """Write live-verified.webp and live-racing.webp into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        save(open_export(browser, export, "light"), folder / "live-verified.webp")
        page = open_export(browser, export, "dark")
        page.get_by_text("1x", exact=True).click()
        page.clock.run_for(MID_RACE_MS)
        page.get_by_role("button", name="Pause").click()
        page.clock.run_for(500)
        save(page, folder / "live-racing.webp")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
