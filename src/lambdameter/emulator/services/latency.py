"""`--latency 6`: a model in which every request to a service takes 6 ms at the median.

The first request of a connection takes no longer than the others. The local services read this
model as any other model file; crates/services/latency.toml explains the format.
"""

from __future__ import annotations

import math

from lambdameter.errors import BadInputError

OFF = "off"
# The longest median: a function does not wait longer for a request.
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


def median_ms(option: str) -> float | None:
    """The median in the option --latency; None: it is not a number, but "off" or a file.

    Raises:
        BadInputError: the median is negative or too long.
    """
    try:
        value = float(option)
    except ValueError:
        return None
    if not 0 <= value <= MOST_MS or math.copysign(1, value) < 0:
        raise BadInputError(
            f"A service latency cannot be {option.strip()} ms",
            place="--latency",
            next_step=f"Give milliseconds from 0 to {MOST_MS:,}.",
        )
    return value


def model(p50_ms: float) -> str:
    """The text of the model file for a median above 0."""
    return _MODEL.format(p50=p50_ms, p99=_SPREAD * p50_ms)


def line(p50_ms: float, seed: int | None) -> str:
    """One line that names the model, without the path of its file."""
    if p50_ms == 0:
        return "0 ms: the services take only as long as they take on this host"
    seeded = "" if seed is None else f", seed {seed}"
    return (
        f"{p50_ms:.10g} ms per request at the median, {_SPREAD * p50_ms:.10g} ms "
        f"at the 99th percentile, the same for DynamoDB and S3{seeded}"
    )
