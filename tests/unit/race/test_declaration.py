from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdameter.errors import BadInputError
from lambdameter.model.race_declaration import RaceResources
from lambdameter.race import declaration
from lambdameter.workload import loader

RESOURCES = RaceResources(
    bucket="b", connections_url="https://x/race", token_sha256="5e", table_key="registration_id"
)


def test_race_has_five_functions() -> None:
    names = [function.name for function in declaration.load().functions]
    assert names == ["connection", "runner", "verifier", "racer-python", "racer-rust"]


def test_a_function_gets_the_variables_that_it_names_and_no_others() -> None:
    race = declaration.load()
    for function in race.functions:
        assert set(declaration.environment(race, function, RESOURCES)) == set(function.environment)


def test_on_the_local_lambda_functions_are_told_where_it_is() -> None:
    race = declaration.load()
    local = msgspec.structs.replace(RESOURCES, functions_url="http://127.0.0.1:1")
    for function in race.functions:
        variables = declaration.environment(race, function, local)
        assert variables.pop("AWS_ENDPOINT_URL_LAMBDA") == "http://127.0.0.1:1"
        assert variables == declaration.environment(race, function, RESOURCES)


def test_only_the_connection_handler_knows_the_tokens_hash() -> None:
    knowing = [
        function.name
        for function in declaration.load().functions
        if "TOKEN_SHA256" in function.environment
    ]
    assert knowing == ["connection"]


def test_racers_run_on_what_their_variants_are_measured_on() -> None:
    race = declaration.load()
    variants = {variant.name: variant for variant in loader.load(race.workload).variants}
    for lane in declaration.LANES:
        assert race.function(f"racer-{lane}").runtime == variants[lane].runtime


def test_the_objects_are_those_of_the_workloads_cases() -> None:
    cases = loader.load(declaration.load().workload).cases
    assert {case.name for case in cases} == set(declaration.FORMATS)
    assert all(declaration.object_key(case.name).endswith(case.object or "none") for case in cases)


@pytest.mark.parametrize("text", [None, "schema = 2", "name = 1", "unknown = 1", "["])
def test_a_race_that_cannot_be_read_is_bad_input(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "race.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInputError, match="The race cannot be read"):
        declaration.load(file)
