"""`--latency 6`: a model in which every request to a service takes that long at the median.

Every one, so there is no connection in it that would have the first take longer.

The data plane reads it as it reads any model's file; crates/services/latency.toml tells the format.
"""

from __future__ import annotations

import math

from lambdameter.errors import BadInputError

OFF = "off"
# No request that a function waits for takes longer.
MOST_MS = 60_000
# ASSUMPTION, that of crates/services/latency.toml: how far the 99th percentile is from the median.
_SPREAD = 2
_MODEL = """\
as_of = "asked for"
mode = "total"

[dynamodb]
# As in the built-in model: no function waits for these.
undelayed = ["CreateTable", "DeleteTable", "DescribeTable", "ListTables", "Scan"]
default = {{ p50_ms = {p50!r}, p99_ms = {p99!r} }}

[s3]
default = {{ p50_ms = {p50!r}, p99_ms = {p99!r} }}
"""


def median_ms(told: str) -> float | None:
    """The median that `told` names; None: it is no number, but "off" or a file.

    Raises:
        BadInputError: no service can take as long.
    """
    try:
        value = float(told)
    except ValueError:
        return None
    if not 0 <= value <= MOST_MS or math.copysign(1, value) < 0:
        raise BadInputError(
            f"A service latency cannot be {told.strip()} ms",
            place="--latency",
            next_step=f"Give milliseconds from 0 to {MOST_MS:,}.",
        )
    return value


def model(p50_ms: float) -> str:
    """The text of the model's file, of a median above 0."""
    return _MODEL.format(p50=p50_ms, p99=_SPREAD * p50_ms)


def line(p50_ms: float, seed: int | None) -> str:
    """One line that names the model, the same wherever its file lay."""
    if p50_ms == 0:
        return "0 ms: the services take only as long as they take on this host"
    seeded = "" if seed is None else f", seed {seed}"
    return (
        f"{p50_ms:.10g} ms per request at the median, {_SPREAD * p50_ms:.10g} ms "
        f"at the 99th percentile, the same for DynamoDB and S3{seeded}"
    )
