"""The same things are said in every format."""

from __future__ import annotations

import io
import json
import re
from types import ModuleType
from typing import get_args

import msgspec
import pytest

from lambdameter.analysis import caveats, latency_curves
from lambdameter.analysis.decision import decide
from lambdameter.analysis.run import LatencySweep, Run
from lambdameter.report import markdown
from lambdameter.report.formats import FORMATS, FormatName, print_parts

EVERY = pytest.mark.parametrize("name", FORMATS)


def words(text: str) -> str:
    """Without line breaks, and without what Markdown and JSON need beside the words."""
    return re.sub(r"\s+", " ", re.sub(r"\\(?=\W)", "", text))


def written(name: FormatName, run: Run) -> str:
    file = io.StringIO()
    FORMATS[name].run(run, file)
    return file.getvalue()


def swept(name: FormatName, sweep: LatencySweep) -> str:
    file = io.StringIO()
    FORMATS[name].sweep(sweep, file)
    return file.getvalue()


def with_target(run: Run, **changes: object) -> Run:
    target = msgspec.structs.replace(run.manifest.target, **changes)
    return msgspec.structs.replace(
        run, manifest=msgspec.structs.replace(run.manifest, target=target)
    )


def test_there_is_a_format_for_each_name() -> None:
    assert tuple(FORMATS) == get_args(FormatName)


@EVERY
def test_a_run_has_the_same_verdict_in_every_format(
    name: FormatName, sample_run: ModuleType
) -> None:
    run = sample_run.report_input(sample_run.manifest((128, 1024)))
    text = words(written(name, run))
    for decision in decide(run):
        assert words(decision.verdict) in text


@EVERY
def test_a_sweep_has_the_same_verdicts_in_every_format(
    name: FormatName, sample_run: ModuleType
) -> None:
    sweep = sample_run.sweep_input(sample_run.report_input(), sample_run.report_input())
    text = words(swept(name, sweep))
    for sentence in latency_curves.sentences(sweep):
        assert words(sentence) in text


@EVERY
def test_injected_faults_are_shouted_in_every_format(
    name: FormatName, sample_run: ModuleType
) -> None:
    faults = "DynamoDB BatchWriteItem: 10 % throttled"
    run = with_target(sample_run.report_input(), faults=faults)
    assert "FAULTS WERE INJECTED" in written(name, run)
    assert "FAULTS WERE INJECTED" not in written(name, sample_run.report_input())


@EVERY
def test_that_aws_was_not_measured_is_said_in_every_format(
    name: FormatName, sample_run: ModuleType
) -> None:
    run = sample_run.report_input()
    said = re.compile(r"emulated(;| on this machine| at this machine's CPU speed)")
    assert said.search(words(written(name, run)))
    assert not said.search(words(written(name, with_target(run, name="aws", enforcement=None))))


@EVERY
def test_calls_that_are_missing_are_told_in_every_format(
    name: FormatName, sample_run: ModuleType
) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan[:-1]]
    run = sample_run.report_input(manifest, samples)
    assert "the run is not complete: 1 of 8 calls are missing" in words(written(name, run))


@EVERY
def test_every_format_ends_with_one_line_break(name: FormatName, sample_run: ModuleType) -> None:
    assert re.search(r"\S *\n\Z", written(name, sample_run.report_input()))


def test_the_formats_for_documents_have_every_caveat(sample_run: ModuleType) -> None:
    run = sample_run.report_input(sample_run.manifest(enforced=False))
    notes = json.loads(written("json", run))["notes"]
    assert notes == [*caveats.everything(run)]
    text = written("markdown", run)
    for note in (*caveats.target(run), *caveats.times(run), *caveats.memory(run)):
        assert markdown.escape(note) in text


def test_only_the_parts_asked_for_are_printed(sample_run: ModuleType) -> None:
    file = io.StringIO()
    print_parts(sample_run.report_input(), file, only=("equality",))
    assert "Equality" in file.getvalue()
    assert "Warm calls" not in file.getvalue()
