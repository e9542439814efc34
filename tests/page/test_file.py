"""The page as a file: how large, and what it holds."""

from __future__ import annotations

import gzip
import re

LARGEST_BYTES = 60_000


def test_the_page_is_small(html: str) -> None:
    assert len(gzip.compress(html.encode(), 9)) <= LARGEST_BYTES


def test_it_names_no_other_file(html: str) -> None:
    outside = re.findall(
        r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=\"(?!data:)([^\"]+)", html
    )
    assert outside == []
    assert "@import" not in html
    assert re.findall(r"url\((?![\"']?data:)", html) == []


def test_there_is_one_place_for_an_exports_races(html: str) -> None:
    empty = '<script id="lambdameter-data" type="application/json">null</script>'
    assert html.count(empty) == 1
