"""How fast the local S3 answers the duel's reads, beside another build of it.

    .venv/bin/python -P benchmarks/s3.py --before OLD/lambdameter-services
                                        # a minute, on an idle machine; prints what
                                        # docs/benchmarks/s3.txt holds

Objects of the sizes that the duel reads (7.8 MB of CSV, 17.1 MB of JSON) are read whole over TLS,
by one client that keeps its connection: by boto3, as the functions do, and by Python's own HTTP
client, which spends less time itself. Both services stand at once, and each round reads from both,
in random order. A ratio is the median over rounds of the rounds' own ratios; its interval is a
bootstrap over rounds. CPU is the service's own, of all its threads.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import platform
import random
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import msgspec
import numpy as np
from botocore.config import Config
from rich.console import Console
from rich.table import Table

from lambdameter import binaries

BUCKET = "duel"
SIZES = {"7.8 MB": 7_800_000, "17.1 MB": 17_100_000}
ROUNDS, READS, DRAWS = 40, 4, 10_000
Read = Callable[[str], int]


class Service(msgspec.Struct, frozen=True):
    """One build, running."""

    pid: int
    engine: str
    ways: dict[str, Read]

    def cpu_s(self) -> float:
        """The CPU time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def started(binary: Path) -> Iterator[Service]:
    """A build with the objects in it."""
    with contextlib.ExitStack() as stack:
        state = stack.enter_context(tempfile.TemporaryDirectory())
        command = [str(binary), "--state", state, "--latency", "off"]
        process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(process.kill)
        assert process.stdout is not None  # noqa: S101 - PIPE
        announced = json.loads(process.stdout.readline())
        client = boto3.client(
            "s3",
            endpoint_url=announced["s3"],
            verify=announced["ca_bundle"],
            region_name="us-east-1",
            aws_access_key_id="AKIDBENCHMARK",
            aws_secret_access_key="any",  # noqa: S106 - none is needed
            config=Config(retries={"total_max_attempts": 1}),
        )
        stack.callback(client.close)
        client.create_bucket(Bucket=BUCKET)
        for name, size in SIZES.items():
            body = random.Random(size).randbytes(size)  # noqa: S311 - the same in both
            client.put_object(Bucket=BUCKET, Key=name, Body=body)
        ways = {"boto3": by_boto3(client), "HTTPS": by_https(announced)}
        yield Service(process.pid, announced["engines"]["s3"], ways)


def by_boto3(client: Any) -> Read:
    """As the duel's Python functions read."""
    return lambda key: len(client.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def by_https(announced: dict[str, Any]) -> Read:
    """By Python's own client."""
    at = urlsplit(announced["s3"])
    trust = ssl.create_default_context(cafile=announced["ca_bundle"])
    connection = http.client.HTTPSConnection(at.hostname or "", at.port, context=trust)

    def read(key: str) -> int:
        connection.request("GET", f"/{BUCKET}/{key.replace(' ', '%20')}")
        return len(connection.getresponse().read())

    return read


def measured(service: Service, way: str, key: str) -> tuple[float, float]:
    """Milliseconds and the service's CPU milliseconds of a read, over a few of them."""
    cpu, start = service.cpu_s(), time.perf_counter()
    for _ in range(READS):
        if service.ways[way](key) != SIZES[key]:
            sys.exit(f"{key} was not read whole")
    return (
        (time.perf_counter() - start) * 1e3 / READS,
        (service.cpu_s() - cpu) * 1e3 / READS,
    )


def ratio(before: list[float], after: list[float]) -> str:
    """The median of the rounds' ratios, with its interval."""
    ratios = np.array(after) / np.array(before)
    draws = np.random.default_rng(1).choice(ratios, size=(DRAWS, len(ratios)))
    low, high = np.quantile(np.median(draws, axis=1), [0.025, 0.975])
    return f"{np.median(ratios):.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Measures both builds, and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="the other build's executable")
    parser.add_argument("--after", type=Path, default=binaries.find("lambdameter-services"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    order = random.Random(1)  # noqa: S311 - no secret
    table = Table("object", "client", "before ms", "after ms", "ratio", "CPU before", "CPU after")
    with started(options.before) as before, started(options.after) as after:
        for key in SIZES:
            for way in before.ways:
                sides: dict[int, list[tuple[float, float]]] = {before.pid: [], after.pid: []}
                for _ in range(options.rounds + 1):
                    for service in order.sample([before, after], 2):
                        sides[service.pid].append(measured(service, way, key))
                # The first round opens connections.
                (old, old_cpu), (new, new_cpu) = (
                    zip(*sides[service.pid][1:], strict=True) for service in (before, after)
                )
                table.add_row(
                    key,
                    way,
                    f"{np.median(old):.1f}",
                    f"{np.median(new):.1f}",
                    ratio(list(old), list(new)),
                    f"{np.mean(old_cpu):.1f}",
                    f"{np.mean(new_cpu):.1f}",
                )
    console = Console(width=100)
    console.print(
        f"Generated by benchmarks/s3.py: {options.rounds} rounds of {READS} reads from each build; "
        f"{os.cpu_count()} CPUs, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.release()}."
    )
    console.print(table)
    load = os.getloadavg()[0]
    console.print(
        f"Before: {before.engine}; after: {after.engine}. Ratios are after / before, with "
        f"intervals of 95 %; CPU is ms a read. The host's load was {load:.1f} at the end."
    )


if __name__ == "__main__":
    main()
