from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec

from lambdameter.model.sample import Sample, ServiceTime
from lambdameter.report import faults, json_document

UNPROCESSED, THROTTLE, SLOW = (
    "dynamodb.BatchWriteItem.unprocessed",
    "dynamodb.BatchWriteItem.throttle",
    "s3.GetObject.throttle",
)


def disturbed(one: Sample, retries: int, counts: dict[str, int]) -> Sample:
    assert one.meter is not None
    service = ServiceTime(requests={}, modelled_ms=1.0, retries=retries, faults=counts)
    return msgspec.structs.replace(one, meter=msgspec.structs.replace(one.meter, service=service))


def run(sample_run: ModuleType) -> Any:
    manifest = sample_run.manifest()
    target = msgspec.structs.replace(manifest.target, faults="unprocessed=0.2, seed 1")
    manifest = msgspec.structs.replace(manifest, target=target)
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    samples[1] = disturbed(samples[1], 1_234, {UNPROCESSED: 7, THROTTLE: 4, SLOW: 1})
    return sample_run.report_input(manifest, samples)


def test_each_call_has_a_row_with_its_retries_and_its_faults_by_kind(
    sample_run: ModuleType,
) -> None:
    told = faults.table(run(sample_run), 1024, {})
    assert told is not None
    lines = [line.split() for line in told.plain.splitlines()]
    assert ["retries", "throttle", "unprocessed"] in lines
    assert ["CSV", "Python,", "cold", "0", "0", "0"] in lines
    assert ["CSV", "Python,", "warm", "1,234", "5", "7"] in lines


def test_a_run_that_nothing_disturbed_says_nothing(sample_run: ModuleType, shown: Any) -> None:
    undisturbed = sample_run.report_input()
    assert faults.table(undisturbed, 1024, {}) is None
    text = shown.plain(undisturbed)
    assert "Retries and faults" not in text
    assert "INJECTED" not in text


def test_injected_faults_are_the_first_thing_that_a_reader_sees(
    sample_run: ModuleType, shown: Any
) -> None:
    text = shown.plain(run(sample_run))
    assert text.splitlines()[0] == " FAULTS WERE INJECTED  unprocessed=0.2, seed 1"
    assert "Retries and faults at 1,024 MB" in text


def test_the_document_names_the_faults_and_counts_them(sample_run: ModuleType) -> None:
    document = json_document.document(run(sample_run))
    assert document.target.faults == "unprocessed=0.2, seed 1"
    (warm,) = [one.warm for one in document.results if (one.variant, one.case) == ("python", "csv")]
    assert warm is not None
    assert (warm.retries, warm.faults[UNPROCESSED]) == (1_234, 7)
