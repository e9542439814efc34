"""What CPU time a call takes more after a rest than at once: most of that is waiting for memory.

    .venv/bin/python benchmarks/cold.py   # three minutes, on an idle machine; prints what
                                          # docs/benchmarks/cold.txt holds for each host

A process of the interpreter that serves python3.13 calls GetItem on the local DynamoDB through
boto3, at this host's own speed and without limits, after rests whose lengths are drawn at random.
Each length's median CPU time is held against that of the shortest; the intervals are bootstraps.
A slowed CPU makes waiting for memory slower as well, which is as long on Lambda as here:
published.toml says how much CPU time after a rest is therefore not slowed, and rests on this.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import boto3
import numpy as np
from rich.console import Console
from rich.table import Table

from lambdameter import binaries
from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.execution.interpreters import find_interpreter
from lambdameter.emulator.speed import store
from lambdameter.emulator.speed.keep_awake import KeepAwake

RESTS_MS = (0, 2, 5, 10, 20, 50, 100, 300)
CALLS, WARM_UP, DRAWS = 60, 30, 10_000
CALLER = """
import json, random, sys, time, boto3
endpoint, bundle, rests, calls, warm_up = json.loads(sys.argv[1])
client = boto3.client("dynamodb", endpoint_url=endpoint, verify=bundle, region_name="us-east-1",
                      aws_access_key_id="AKIDBENCHMARK", aws_secret_access_key="any")
client.create_table(TableName="cold", BillingMode="PAY_PER_REQUEST",
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
client.put_item(TableName="cold", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
plan = rests * calls
random.Random(1).shuffle(plan)
for rest_ms in [0] * warm_up + plan:
    time.sleep(rest_ms / 1e3)
    began = time.process_time()
    client.get_item(TableName="cold", Key={"pk": {"S": "a"}})
    print(rest_ms, (time.process_time() - began) * 1e3)
"""


@contextlib.contextmanager
def services() -> Iterator[dict[str, str]]:
    """The local services, as they announce themselves."""
    with tempfile.TemporaryDirectory() as state:
        command = [str(binaries.find("lambdameter-services")), "--state", state, "--latency", "off"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
            if process.stdout is None:
                raise SystemExit("the services have no stdout")
            yield json.loads(process.stdout.readline())
            process.terminate()


def measure() -> dict[int, np.ndarray]:
    """CPU time of each call, ms, by the rest before it."""
    python = asyncio.run(find_interpreter("python3.13"))
    with services() as announced:
        told = [announced["dynamodb"], announced["ca_bundle"], RESTS_MS, CALLS, WARM_UP]
        packages = str(Path(boto3.__file__).parents[1])
        done = subprocess.run(
            [python.program, "-c", CALLER, json.dumps(told)],
            env={"PYTHONPATH": packages},
            capture_output=True,
            text=True,
            check=True,
        )
    lines = [line.split() for line in done.stdout.splitlines()[WARM_UP:]]
    return {
        rest: np.array([float(cpu) for ms, cpu in lines if int(ms) == rest]) for rest in RESTS_MS
    }


def more(of: np.ndarray, than: np.ndarray) -> Sequence[float]:
    """By how much one median is above another, with the bounds of a 95 % interval."""
    rng = np.random.default_rng(1)
    drawn = [np.median(rng.choice(one, (DRAWS, len(one))), axis=1) for one in (of, than)]
    low, high = np.percentile(drawn[0] - drawn[1], (2.5, 97.5))
    return float(np.median(of) - np.median(than)), float(low), float(high)


def main() -> None:
    """Measure and print."""
    with KeepAwake.throughout(SystemClock()):
        taken = measure()
    shown = Table("rest, ms", "CPU, ms (median)", "more than at once", "95 %", header_style="")
    for rest, cpu in taken.items():
        by, low, high = more(cpu, taken[0])
        shown.add_row(f"{rest}", f"{np.median(cpu):.2f}", f"{by:.2f}", f"{low:.2f} to {high:.2f}")
    console = Console(width=80, highlight=False)
    console.print(f"{store.cpu_model()}, GetItem by boto3, {CALLS} calls each")
    console.print(shown)


if __name__ == "__main__":
    main()
