"""All variants of `dynamodb-ops` do the same to a table, answer the same, and refuse the same."""

from __future__ import annotations

import functools
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lambdameter.build import shared_target
from lambdameter.verify import table as tables
from lambdameter.verify import trial
from lambdameter.workload import dataset

CASES = ("get", "put", "query", "batch")
CRATE = Path(__file__).parents[2] / "workloads" / "dynamodb-ops" / "rust" / "Cargo.toml"
# Of each TLS provider: what cargo leaves of its path in its panics, where it is linked in; and how
# the names of its C functions begin.
PATHS = {"aws-lc": b"/aws-lc-rs-", "ring": b"/ring-0."}
SYMBOLS = {"aws-lc": "aws_lc_", "ring": "ring_core_"}
# https://github.com/aws/aws-lc/tree/main/third_party/jitterentropy
JITTER = "jent_"


def digester(rule: tables.Rule) -> dataset.Digester:
    def digest(items: Any) -> tuple[int, str]:
        made = tables.digest(items, rule)
        return made.count, made.digest

    return dataset.Digester(form=rule.form, digest=digest)


@pytest.mark.parametrize("case", CASES)
def test_every_variant_leaves_and_answers_what_the_generator_says(
    dynamodb_ops: Any, case: str
) -> None:
    workload = dynamodb_ops.workload
    rule = trial.rule(workload)
    assert rule is not None
    data = dataset.make(workload, {}, digester(rule))
    canonical = set()
    for variant in dynamodb_ops.names:
        with dynamodb_ops.table(dataset.initial_items(data, case)) as table:
            said = dynamodb_ops.invoke(variant, dynamodb_ops.event(case, table))
            assert said.error is None, said
            sources = trial.ItemSources(
                scan=functools.partial(dynamodb_ops.target.scan, table),
                get=functools.partial(dynamodb_ops.target.get_item, table),
                expected=lambda: dataset.expected_items(data, case),
                initial=lambda: dataset.initial_items(data, case),
            )
            found = trial.check(workload, data.expected[case], said.document, sources)
        assert found.equal, (variant, found)
        assert found.write_units == {"put": 1, "batch": 25}.get(case, 0)
        canonical.add(trial.canonical_response(workload, said.document))
    assert len(canonical) == 1


def query(dynamodb_ops: Any, **parameters: str) -> Any:
    raw = "&".join(f"{name}={value}" for name, value in parameters.items())
    return dynamodb_ops.event("get") | {
        "rawQueryString": raw,
        "queryStringParameters": parameters,
    }


def refusals(dynamodb_ops: Any, event: Any) -> set[tuple[str, str]]:
    said = [dynamodb_ops.invoke(variant, event) for variant in dynamodb_ops.names]
    assert {one.error for one in said} == {"Unhandled"}
    return {(one.document["errorType"], one.document["errorMessage"]) for one in said}


@pytest.mark.parametrize("operation", CASES)
def test_a_missing_table_is_refused_alike(dynamodb_ops: Any, operation: str) -> None:
    event = query(dynamodb_ops, operation=operation, table="nowhere")
    told = "ResourceNotFoundException: nowhere"
    assert refusals(dynamodb_ops, event) == {("TableNotFound", told)}


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "operation must be get, put, query or batch"),
        ({"operation": "scan", "table": "t"}, "operation must be get, put, query or batch"),
        ({"operation": "GET", "table": "t"}, "operation must be get, put, query or batch"),
        ({"operation": "", "table": "t"}, "operation must be get, put, query or batch"),
        ({"table": "t"}, "operation must be get, put, query or batch"),
        ({"operation": "get"}, "table must be named"),
        ({"operation": "get", "table": ""}, "table must be named"),
    ],
)
def test_a_query_that_is_not_sound_is_refused_alike(
    dynamodb_ops: Any, parameters: dict[str, str], told: str
) -> None:
    assert refusals(dynamodb_ops, query(dynamodb_ops, **parameters)) == {("InvalidEvent", told)}


def test_a_table_without_the_item_is_refused_alike(dynamodb_ops: Any) -> None:
    with dynamodb_ops.table() as table:
        refused = refusals(dynamodb_ops, query(dynamodb_ops, operation="get", table=table))
    assert refused == {("ItemNotFound", f"bench/item-00 in {table}")}


def test_a_name_that_no_table_can_have_is_refused_alike(dynamodb_ops: Any) -> None:
    (told,) = refusals(dynamodb_ops, query(dynamodb_ops, operation="put", table="a"))
    assert told[0] in ("ServiceError", "TableNotFound")


@pytest.mark.parametrize(
    "event",
    [{}, None, [], 7, {"requestContext": {"http": {"method": 7}}}, {"requestContext": None}],
    ids=repr,
)
def test_what_is_no_http_event_is_refused_by_all(dynamodb_ops: Any, event: Any) -> None:
    for kind, told in refusals(dynamodb_ops, event):
        assert kind
        assert told


def test_a_query_of_the_wrong_type_is_refused_by_all(dynamodb_ops: Any) -> None:
    for wrong in ("text", 7, ["operation"]):
        event = dynamodb_ops.event("get") | {"queryStringParameters": wrong}
        del event["rawQueryString"]
        for kind, told in refusals(dynamodb_ops, event):
            assert kind
            assert told


@pytest.mark.parametrize(
    ("variant", "provider"),
    [
        ("rust", "aws-lc"),
        ("rust-warmed", "aws-lc"),
        ("rust-plain", "aws-lc"),
        ("rust-no-jitter", "aws-lc"),
        ("rust-ring", "ring"),
    ],
)
def test_a_binary_holds_only_the_tls_provider_of_its_name(
    dynamodb_ops: Any, variant: str, provider: str
) -> None:
    with zipfile.ZipFile(dynamodb_ops.packages[variant]) as package:
        binary = package.read("bootstrap")
    assert [name for name, path in PATHS.items() if path in binary] == [provider]


@pytest.mark.parametrize("variant", ["rust", "rust-warmed", "rust-ring", "rust-no-jitter"])
def test_a_binary_before_it_is_stripped_has_symbols_of_that_provider_alone(
    dynamodb_ops: Any, variant: str
) -> None:
    about = next(one for one in dynamodb_ops.workload.variants if one.name == variant)
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--workspace"]
    command += ["--manifest-path", str(CRATE), "--bin", about.binary]
    command += ["--config", "profile.release.package.dynamodb-ops-rust.strip=false"]
    if about.features is not None:
        command += ["--no-default-features", "--features", ",".join(about.features)]
    folder = shared_target.folder()
    environment = os.environ | about.build_environment | {"CARGO_TARGET_DIR": str(folder)}
    subprocess.run(command, env=environment, check=True)
    names = subprocess.check_output(["nm", folder / "release" / about.binary], text=True)
    provider = "ring" if variant == "rust-ring" else "aws-lc"
    assert [name for name, symbol in SYMBOLS.items() if symbol in names] == [provider]
    assert (JITTER in names) == (variant in {"rust", "rust-warmed"})


@pytest.mark.parametrize("name", ["x" * 100_000, "\u00fc\u4e2d\U0001f600", "a b", "../t"])
def test_a_huge_or_odd_table_name_is_refused_alike(dynamodb_ops: Any, name: str) -> None:
    event = query(dynamodb_ops, operation="get", table="t")
    event["queryStringParameters"]["table"] = name
    del event["rawQueryString"]
    kinds = {kind for kind, _ in refusals(dynamodb_ops, event)}
    assert len(kinds) == 1
    assert kinds <= {"ServiceError", "TableNotFound"}
