"""race/race.toml -> Race, and what its functions find in their environment, here and on AWS."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.race import Race, RaceFunction, RaceSite

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "race" / "race.toml"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
STAGE = "race"
ROUTES = ("$connect", "$disconnect", "$default", "warmup", "run", "verify")
LANES = ("python", "rust")
FORMATS = ("csv", "json")
EXPECTED = "data/expected.ndjson"


def load(file: Path = FILE) -> Race:
    """The race of the checkout that this package was installed from. Raises BadInputError."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Race)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInputError(
            f"The race cannot be read: {error}",
            place=str(file),
            next_step="Run lambdameter from a checkout: its wheel does not contain the functions.",
        ) from error


def resource(race: Race, name: str) -> str:
    """The name of a function or table on a target."""
    return f"{race.name}-{name}"


def object_key(form: str) -> str:
    """Where the bucket has the records in this format."""
    return f"data/registrations.{form}"


def environment(race: Race, function: RaceFunction, site: RaceSite) -> dict[str, str]:
    """The variables of one function.

    The SDKs of both languages take the WebSocket API's address from a variable of their own:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    values = {
        "BUCKET": site.bucket,
        "TABLE_KEY": site.table_key,
        "TOKEN_SHA256": site.token_sha256,
        "RUNNER": resource(race, "runner"),
        "VERIFIER": resource(race, "verifier"),
        "OBJECT_EXPECTED": EXPECTED,
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": site.connections_url,
    }
    values |= {f"TABLE_{lane.upper()}": resource(race, lane) for lane in LANES}
    values |= {f"RACER_{lane.upper()}": resource(race, f"racer-{lane}") for lane in LANES}
    values |= {f"OBJECT_{form.upper()}": object_key(form) for form in FORMATS}
    found = {name: values[name] for name in function.environment}
    # On AWS every SDK knows by itself where Lambda is.
    return found | ({"AWS_ENDPOINT_URL_LAMBDA": site.functions_url} if site.functions_url else {})
