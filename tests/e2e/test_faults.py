"""Runs whose services fail now and then: nothing is lost, and who loses something is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sample import Sample

VARIANTS = ("python", "rust")
RATES = "unprocessed=0.2,throttle=0.1,5xx=0.05,cut=0.02"
SIZES = ("--set", "records=1000", "--set", "cold.records=200")
FORGETFUL = """
import handler as sound

_put_into = sound._put_into

def put_into(table):
    put = _put_into(table)

    def put_and_forget(items):
        put(items)
        return []

    return put_and_forget

sound._put_into = put_into
handler = sound.handler
"""


class Faulted(NamedTuple):
    document: dict[str, Any]
    text: str
    samples: tuple[Sample, ...]
    left: list[object]

    def of(self, variant: str) -> list[Sample]:
        return [sample for sample in self.samples if sample.trial.variant == variant]


@pytest.fixture(scope="module")
def faulted(lambdameter: Callable[..., Any]) -> Faulted:
    asked = ("--variants", ",".join(VARIANTS), *SIZES, "--faults", RATES, "--out", "run", "--json")
    command = lambdameter("run", "etl", *asked)
    command.until("7/8")
    told = command.end()
    assert told.exit_code == 0, told.stderr
    text = lambdameter("report", "run", "--full", folder=command.folder).end().stdout
    samples = RunFolder.open(command.folder / "run").samples().samples
    return Faulted(json.loads(told.stdout), text, tuple(samples), command.left())


def test_both_variants_are_still_proven_equal(faulted: Faulted) -> None:
    assert faulted.document["equality"]["equal"]
    assert [sample.error for sample in faulted.samples] == [None] * 8
    for case in faulted.document["equality"]["cases"]:
        assert set(case["verdict"]["proven"]) == set(VARIANTS)
    assert faulted.left == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_kind_of_fault_befell_each_variant(faulted: Faulted, variant: str) -> None:
    services = [one.meter.service for one in faulted.of(variant) if one.meter and one.meter.service]
    kinds = {name.rpartition(".")[2] for service in services for name in service.faults}
    assert kinds == {"unprocessed", "throttle", "5xx", "cut"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_retries_of_its_sdk_and_its_own_are_counted(faulted: Faulted, variant: str) -> None:
    results = [one for one in faulted.document["results"] if one["variant"] == variant]
    assert all(one["warm"]["retries"] > 0 for one in results)
    for sample in faulted.of(variant):
        assert sample.response["retried_items"] > 0


def test_the_report_says_first_that_faults_were_injected_and_names_no_winner(
    faulted: Faulted,
) -> None:
    rates = "unprocessed=0.2, throttle=0.1, 5xx=0.05, cut=0.02, seed 1"
    assert faulted.document["target"]["faults"] == rates
    assert [one["action"] for one in faulted.document["decisions"]] == ["cannot-tell"]
    assert faulted.text.splitlines()[0] == f" FAULTS WERE INJECTED  {rates}"
    assert "Retries and faults at 1,024 MB" in faulted.text


def test_a_variant_that_forgets_unprocessed_items_is_found_and_the_missing_keys_are_named(
    lambdameter: Callable[..., Any], plant: Callable[[str], Path]
) -> None:
    small = ("--set", "records=500", "--set", "cold.records=200", "--faults", "unprocessed=0.3")
    # Outside the workspace no Rust variant of the copy can be built: none must be.
    asked = ("--variants", "python,planted", "--cases", "csv", *small, "--out", "run")
    command = lambdameter("run", str(plant(FORGETFUL)), *asked)
    told = command.end()
    assert told.exit_code == 1, told.stderr

    samples = RunFolder.open(command.folder / "run").samples().samples
    for sample in samples:
        proof = sample.equality
        assert proof is not None
        assert proof.equal == (sample.trial.variant == "python")
        assert proof.expected_count - proof.actual_count == proof.differing
        fields = [field for record in proof.differences for field in record.fields]
        assert {field.actual for field in fields} <= {None}
    first = next(one.equality for one in samples if one.trial.variant == "planted")
    assert first is not None
    assert f"record {first.differences[0].key}" in told.stdout
    assert "registration_id: expected" in told.stdout
    assert "found nothing" in told.stdout


def test_an_unknown_kind_of_fault_is_refused_before_anything_is_measured(
    lambdameter: Callable[..., Any],
) -> None:
    command = lambdameter("run", "etl", "--variants", "python", *SIZES, "--faults", "fire=0.1")
    told = command.end()
    assert told.exit_code == 2
    assert (
        "'fire' is not a kind of fault; choose from unprocessed, throttle, 5xx, cut"
    ) in told.stderr
    assert told.stdout == ""
