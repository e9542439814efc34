from __future__ import annotations

import os
import platform
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from lambdameter.build import page
from lambdameter.errors import BadInputError, HostError

# Stands in for npm: it notes its arguments; `build` makes the page of main.ts, `format` changes it.
NPM = """#!/bin/sh
echo "$*" >> "$NOTES"
case "$*" in
  *" ci "*) mkdir -p node_modules && touch node_modules/.package-lock.json ;;
  *format) echo formatted > src/main.ts ;;
  *build) mkdir -p dist && grep -v '^syntax error' src/main.ts > dist/index.html ;;
esac
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "ui"
    (folder / "src").mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    (folder / "src" / "main.ts").write_text("the page")
    return folder


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts an npm and a node of this version on PATH, and nothing else but the system's tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CI", raising=False)

    def install(node: str = "v20.20.2", npm: str = NPM) -> None:
        usual = f"PATH={os.defpath}\n"
        for name, text in (("npm", npm), ("node", f"#!/bin/sh\necho {node}\n")):
            (folder / name).write_text(text.replace("\n", f"\n{usual}", 1))
            (folder / name).chmod(stat.S_IRWXU)

    return install


@pytest.fixture
def notes(tmp_path: Path) -> Callable[[], list[str]]:
    """What npm was asked for."""
    return lambda: (tmp_path / "notes").read_text().splitlines()


CI = "--silent ci --include=dev --no-audit --no-fund"
BUILD = "--silent run build"
CHECK = "--silent run check"
FORMAT = "--silent run format"


def test_the_page_is_built_once_for_each_state_of_its_sources(
    sources: Path, tools: Callable[..., None], notes: Callable[[], list[str]]
) -> None:
    tools()
    first = page.build(sources)
    assert first.read_text() == "the page\n"
    assert page.build(sources) == first
    assert notes() == [CI, BUILD]
    (sources / "src" / "main.ts").write_text("another page")
    assert page.build(sources).read_text() == "another page\n"
    assert first.read_text() == "the page\n"
    assert notes() == [CI, BUILD, BUILD]


def test_packages_are_fetched_anew_with_another_lock_file(
    sources: Path, tools: Callable[..., None], notes: Callable[[], list[str]]
) -> None:
    tools()
    page.build(sources)
    (sources / "package-lock.json").write_text('{"lockfileVersion": 3}')
    page.build(sources)
    assert notes() == [CI, BUILD, CI, BUILD]


def test_nothing_is_built_in_the_tree(sources: Path, tools: Callable[..., None]) -> None:
    tools()
    before = sorted(sources.rglob("*"))
    page.build(sources)
    page.run("test", sources)
    assert sorted(sources.rglob("*")) == before


def test_the_formatter_rewrites_the_sources(
    sources: Path, tools: Callable[..., None], notes: Callable[[], list[str]]
) -> None:
    tools()
    (sources / "src" / "other.ts").write_text("in order")
    page.reformat(sources)
    assert (sources / "src" / "main.ts").read_text() == "formatted\n"
    assert (sources / "src" / "other.ts").read_text() == "in order"
    assert notes() == [CI, FORMAT]


def test_a_file_that_was_removed_is_not_in_the_copy_any_more(
    sources: Path, tools: Callable[..., None], tmp_path: Path
) -> None:
    tools()
    (sources / "src" / "old.ts").write_text("old")
    page.build(sources)
    (sources / "src" / "old.ts").unlink()
    page.build(sources)
    assert list((tmp_path / "cache").rglob("old.ts")) == []


def test_what_npm_leaves_beside_the_sources_does_not_change_them(sources: Path) -> None:
    before = page.digest(sources)
    (sources / "node_modules").mkdir()
    (sources / "node_modules" / "a.js").write_text("a")
    assert page.digest(sources) == before
    (sources / "src" / "main.ts").rename(sources / "src" / "other.ts")
    assert page.digest(sources) != before


def test_the_wheels_page_comes_first_then_the_built_one(
    sources: Path, tools: Callable[..., None], tmp_path: Path
) -> None:
    tools()
    shipped = tmp_path / "page.html"
    with pytest.raises(HostError) as refusal:
        page.find(sources, shipped)
    assert "make setup" in refusal.value.next_step
    built = page.build(sources)
    assert page.find(sources, shipped) == built
    shipped.touch()
    assert page.find(sources, shipped) == shipped


@pytest.mark.parametrize("version", ["v18.19.0", "v20.18.3", "v21.7.0", "v22.11.0", "nonsense"])
def test_a_node_that_vite_does_not_work_with_is_named(
    sources: Path, tools: Callable[..., None], version: str
) -> None:
    tools(node=version)
    with pytest.raises(HostError, match=version):
        page.build(sources)


@pytest.mark.parametrize("version", ["v20.19.0", "v22.12.0", "v23.1.0", "v24.0.0"])
def test_a_node_that_vite_works_with_builds(
    sources: Path, tools: Callable[..., None], version: str
) -> None:
    tools(node=version)
    assert page.build(sources).is_file()


def test_where_packages_cannot_be_fetched_the_connection_is_named(
    sources: Path, tools: Callable[..., None]
) -> None:
    tools(npm="#!/bin/sh\necho ENOTFOUND; exit 1\n")
    with pytest.raises(HostError, match="npm cannot download"):
        page.build(sources)


def test_sources_that_do_not_compile_are_the_authors_matter(
    sources: Path, tools: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    tools()
    (sources / "src" / "main.ts").write_text("syntax error")
    with pytest.raises(BadInputError, match="npm run build failed"):
        page.build(sources)
    assert not page.built(sources).exists()
    capfd.readouterr()


def test_after_a_build_that_failed_packages_are_fetched_anew(
    sources: Path,
    tools: Callable[..., None],
    notes: Callable[[], list[str]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    tools()
    (sources / "src" / "main.ts").write_text("syntax error")
    with pytest.raises(BadInputError):
        page.build(sources)
    (sources / "src" / "main.ts").write_text("the page")
    assert page.build(sources).is_file()
    assert notes() == [CI, BUILD, CI, BUILD]
    capfd.readouterr()


def test_each_kind_of_machine_has_packages_of_its_own(
    sources: Path,
    tools: Callable[..., None],
    notes: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tools()
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    page.run("check", sources)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    page.run("check", sources)
    assert notes() == [CI, CHECK, CI, CHECK]


@pytest.mark.parametrize("script", ["build", "check", "test", "format"])
@pytest.mark.parametrize("ci", ["", "true"], ids=["a user's", "CI"])
@pytest.mark.usefixtures("tools")
def test_without_npm_make_goes_on_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ci: str,
    script: str,
) -> None:
    monkeypatch.setenv("CI", ci)
    assert page.main([script]) == (HostError.exit_code if ci else 0)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "npm was not found (npm, on PATH). Install Node.js" in said
