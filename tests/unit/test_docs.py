from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lambdameter.claims import library
from lambdameter.claims.reproduction import judged, select
from lambdameter.cli.audit import of_shipped
from lambdameter.cli.reproduce import runs_in
from lambdameter.measure.reading import read
from lambdameter.measure.run_folder import RunFolder
from lambdameter.report import reproduction_markdown, terminal

TODAY = datetime.now(UTC).date()
ROOT = Path(__file__).parents[2]
DUEL = ROOT / "docs" / "duel"
CLAIMS = Path("docs/claims")
FIDELITY = ROOT / "docs" / "fidelity.md"
RULES = FIDELITY.read_text().partition("<!-- errors -->")[0]


def test_the_recorded_report_is_what_its_samples_give_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    told = io.StringIO()
    run = read(RunFolder.open(Path("docs/duel")), library.sources())
    terminal.console(told).print(terminal.report(run))
    assert (DUEL / "report.txt").read_text() == told.getvalue(), "run `make record`, or look why"


def test_the_recorded_claims_are_what_their_runs_give_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    told = judged(
        select(()),
        runs_in(CLAIMS),
        of_shipped(["K", "C1", "C2", "W"]),
        quick=False,
        folder="docs/claims",
    )
    page = ROOT / "docs" / "claims.md"
    assert page.read_text() == reproduction_markdown.page(told), (
        "run `lambdameter reproduce --from docs/claims --markdown > docs/claims.md`, or look why"
    )


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_each_test_that_is_named_for_a_rule_exists() -> None:
    named = re.findall(r"\[`(\w+)`\]\(([^)]+)\)", RULES)
    assert named
    missing = [
        (test, path)
        for test, path in named
        if not re.search(rf"(?m)^(async )?def {test}\(", (FIDELITY.parent / path).read_text())
    ]
    assert missing == []


def test_each_rule_has_a_state_and_a_test_that_shows_it_or_what_is_missing() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in RULES.splitlines()
        if line.startswith("| ") and not line.startswith("| behaviour |")
    ]
    assert rows
    for behaviour, state, on_aws, shown in rows:
        assert state in {"exact", "approximated", "modelled", "absent"}, behaviour
        assert shown, behaviour
        assert state == "absent" or "](" in shown, behaviour
        assert on_aws == "never" or date.fromisoformat(on_aws) <= TODAY, behaviour
        assert on_aws == "never" or "/tests/conformance/" in shown, behaviour
