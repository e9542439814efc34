"""What the documents tell a reader to type: every command parses, and the quick ones are run."""

from __future__ import annotations

import contextlib
import functools
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.core
import typer.main

from lambdameter import cli
from lambdameter.claims.reproduction import select
from lambdameter.cli import run
from lambdameter.errors import CannotTellError, NegativeVerdictError

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "docs" / "ci" / "lambdameter.yml"
PAGES = (
    *sorted(page for page in ROOT.glob("*.md") if page.name != "STYLE.md"),  # shows what not to say
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("workloads/*/README.md")),
    ROOT / "src" / "lambdameter" / "workload" / "template" / "README.md",
)
FENCED = re.compile(r"(?m)^( *)```(?:sh|bash|console)?\n(?P<lines>(?:.*\n)*?)\1```")
INLINE = re.compile(r"`([^`\n]+)`")
FOLDED = re.compile(r"run: (?:>-\n)?((?:.+\n)+?)(?= {6}- |\Z)")
# Where the shell ends a command, or sends its output elsewhere.
SHELL = {"|", "||", "&", "&&", ";", ">", ">>", "2>", "<"}
# What a command named in a sentence may leave out.
LEFT_OUT = ("Missing parameter", "requires an argument")
ENDS = {0, NegativeVerdictError.exit_code, CannotTellError.exit_code}


class Command(NamedTuple):
    """What is typed after the program's name, and where it stands."""

    words: tuple[str, ...]
    place: str
    is_whole: bool

    def __str__(self) -> str:
        """As pytest names the test."""
        where = self.place if self.is_whole else f"{self.place}, in a sentence"
        return f"{where}: {shlex.join(self.words)}"

    @property
    def is_quick(self) -> bool:
        """Whether it neither measures, nor waits, nor needs anything but this folder."""
        name = self.words[0]
        judges = name == "reproduce" and "--from" in self.words
        return self.is_whole and (judges or name in {"report", "compare", "audit", "new"})


def typed(line: str, program: str) -> Iterator[tuple[str, ...]]:
    """What a line of a shell gives to a program, each time that the program is started."""
    words = shlex.split(line.replace(";", " ; "), comments=True)
    while program in words:
        words = words[words.index(program) + 1 :]
        end = next((at for at, word in enumerate(words) if word in SHELL), len(words))
        yield tuple(words[:end])


def of_page(page: Path, program: str) -> Iterator[Command]:
    """Whole commands of its blocks, and those of its sentences, which may leave something out."""
    text, name = page.read_text(), str(page.relative_to(ROOT))
    for block in FENCED.finditer(text):
        for line in block["lines"].replace("\\\n", " ").splitlines():
            if re.match(rf" *(\$ )?([^#]* && )?{program} ", line):
                yield from (Command(words, name, is_whole=True) for words in typed(line, program))
    for code in INLINE.findall(re.sub(FENCED, "", text)):
        if code.startswith(f"{program} "):
            for words in typed(code.replace("…", ""), program):
                yield Command(words, name, is_whole=False)


def of_workflow() -> Iterator[Command]:
    for block in FOLDED.findall(WORKFLOW.read_text()):
        for words in typed(" ".join(block.split()), "lambdameter"):
            yield Command(words, WORKFLOW.name, is_whole=True)


COMMANDS = (
    *dict.fromkeys(one for page in PAGES for one in of_page(page, "lambdameter")),
    *of_workflow(),
)
RUNS = tuple(dict.fromkeys(one.words for one in COMMANDS if one.is_whole and one.words[0] == "run"))
QUICK = tuple(dict.fromkeys(one.words for one in COMMANDS if one.is_quick))


def parse(words: tuple[str, ...], *, is_whole: bool = True) -> None:
    """Fails on a command, a flag or a choice that is not there."""
    app = typer.main.get_command(cli.app)
    assert isinstance(app, typer.core.TyperGroup)
    with contextlib.suppress(typer.Exit):  # --help and --version
        context = app.make_context("lambdameter", list(words))
        name, *arguments = words
        command = app.get_command(context, name)
        assert command is not None, f"there is no command {name}"
        try:
            command.make_context(name, arguments)
        except Exception as error:
            if is_whole or not any(kind in str(error) for kind in LEFT_OUT):
                raise


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_documented_command_parses(command: Command) -> None:
    parse(command.words, is_whole=command.is_whole)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("run etl --colder", "No such option"),
        ("run etl --target azure", "'azure' is not one of"),
        ("race etl", "there is no command race"),
        ("compare BASE", "Missing parameter"),
    ],
)
def test_what_is_not_there_would_be_found(line: str, complaint: str) -> None:
    with pytest.raises(Exception, match=complaint):
        parse(tuple(line.split()))


@functools.cache
def flags() -> set[str]:
    """Of all commands."""
    app = typer.main.get_command(cli.app)
    assert isinstance(app, typer.core.TyperGroup)
    context = app.make_context("lambdameter", ["run"])
    commands = (app.get_command(context, name) for name in app.list_commands(context))
    return {
        name
        for command in commands
        if command is not None
        for option in command.params
        for name in (*option.opts, *option.secondary_opts)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_flag_that_a_sentence_names_exists(page: Path) -> None:
    sentences = re.sub(FENCED, "", page.read_text())
    named = {code.split()[0] for code in INLINE.findall(sentences) if code.startswith("--")}
    assert {flag.partition("=")[0] for flag in named} - flags() == set()


def test_commands_are_found_in_blocks_sentences_and_the_workflow() -> None:
    found = {one.words[0] for one in COMMANDS if one.is_whole}
    assert found >= {"run", "report", "compare", "audit", "search", "new", "reproduce", "deploy"}
    assert [one.words[0] for one in of_workflow()] == ["doctor", "run", "run", "compare"]
    assert {"doctor", "emulate"} <= {one.words[0] for one in COMMANDS if not one.is_whole}


@pytest.fixture
def placeholders(tmp_path: Path) -> None:
    """Under each name that the documents use for something of the reader's, such a thing."""
    (tmp_path / "runs").mkdir()
    for name in ("runs/<run>", "runs/<base>", "runs/<head>", "runs/base", "runs/head"):
        (tmp_path / name).symlink_to(ROOT / "docs" / "duel")
    (tmp_path / "DIR").symlink_to(ROOT / "docs" / "claims")


@pytest.mark.usefixtures("placeholders")
@pytest.mark.parametrize("words", QUICK, ids=shlex.join)
def test_a_quick_command_does_what_it_says(
    command: Callable[..., Any], words: tuple[str, ...]
) -> None:
    ended = command(*words)
    assert ended.exit_code in ENDS, ended.stderr
    assert ended.stdout


@pytest.mark.parametrize("words", RUNS, ids=shlex.join)
def test_a_documented_run_has_values_and_flags_that_go_together(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """All of `lambdameter run` but the measuring."""
    monkeypatch.setattr(run, "_measure_and_report", lambda *_: None)
    ended = command(*words)
    assert ended.exit_code == 0, ended.stderr


def test_each_claim_that_a_documented_command_names_is_there() -> None:
    named = [
        word
        for one in COMMANDS
        if one.words[0] == "reproduce"
        for word in one.words[1:]
        if re.fullmatch(r"[A-Z]\w*\d[\w.-]*", word)
    ]
    assert named
    assert all(select((name,)) for name in named)


def test_the_table_in_the_page_about_audits_gives_the_report_beside_it(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "audit.md").read_text()
    table, report = re.findall(r"(?s)```(?:csv|text)\n(.*?)```", page)
    (tmp_path / "post.csv").write_text(table)
    ended = command("audit", "post.csv")
    assert ended.exit_code == NegativeVerdictError.exit_code
    assert [line.rstrip() for line in ended.stdout.splitlines()] == [
        line.rstrip() for line in report.splitlines()
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_documented_target_of_make_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?m)^([a-z][\w-]*):(?!=)", makefile))
    for command in of_page(page, "make"):
        for word in command.words:
            variable, equals, _ = word.partition("=")
            assert f"$({variable})" in makefile if equals else word in targets, command
