"""race/race.toml, and the environment variables of the race's functions on each target."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.race_declaration import RaceDeclaration, RaceFunction, RaceResources
from lambdameter.model.race_messages import Action, Format

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "race" / "race.toml"
STAGE = "race"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
ROUTES = ("$connect", "$disconnect", "$default", *get_args(Action))
LANES = ("python", "rust")
FORMATS: tuple[Format, ...] = get_args(Format)
EXPECTED = "data/expected.ndjson"


def load(file: Path = FILE) -> RaceDeclaration:
    """The race of the checkout that this package is installed from. Raises BadInputError."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=RaceDeclaration)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInputError(
            f"The race cannot be read: {error}",
            place=str(file),
            next_step="Run lambdameter from a checkout: its wheel does not contain the functions.",
        ) from error


def resource(race: RaceDeclaration, name: str) -> str:
    """The name that a function or table has on a target."""
    return f"{race.name}-{name}"


def object_key(records_format: str) -> str:
    """The key of the object with the records in this format."""
    return f"data/registrations.{records_format}"


def environment(
    race: RaceDeclaration, function: RaceFunction, resources: RaceResources
) -> dict[str, str]:
    """The environment variables of a function.

    The SDKs of both languages read the address of `@connections` from a variable of their own:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    values = {
        "BUCKET": resources.bucket,
        "TABLE_KEY": resources.table_key,
        "TOKEN_SHA256": resources.token_sha256,
        "RUNNER": resource(race, "runner"),
        "VERIFIER": resource(race, "verifier"),
        "OBJECT_EXPECTED": EXPECTED,
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": resources.connections_url,
    }
    values |= {f"TABLE_{lane.upper()}": resource(race, lane) for lane in LANES}
    values |= {f"RACER_{lane.upper()}": resource(race, f"racer-{lane}") for lane in LANES}
    values |= {f"OBJECT_{name.upper()}": object_key(name) for name in FORMATS}
    # On AWS every SDK knows the address of the Lambda API.
    local = {"AWS_ENDPOINT_URL_LAMBDA": resources.functions_url} if resources.functions_url else {}
    return {name: values[name] for name in function.environment} | local
