"""What the table of `light` holds after a call, and the answer."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ITEMS = 5
TIMESTAMP_MS = 1_764_201_600_000  # the event's
DAY_S = 86_400


def item(number: int) -> dict[str, Any]:
    """An item as the workload describes it."""
    return {
        "pk": {"S": f"test-{TIMESTAMP_MS}-{number}"},
        "sk": {"S": "light"},
        "timestamp": {"N": str(TIMESTAMP_MS + number)},
        "ttl": {"N": str(TIMESTAMP_MS // 1_000 + DAY_S)},
        "workload": {"S": "light"},
        "runtime": {"S": "any"},
        "architecture": {"S": "any"},
        "data": {"S": f"benchmark test data - any runtime, any - item {number}"},
    }


def main() -> None:
    """Write expected.ndjson and expected.json; the table is empty before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parameters", type=json.loads, required=True)
    asked = parser.parse_args()
    if asked.parameters:
        sys.exit(f"no parameter is known, and these were given: {asked.parameters}")
    lines = "".join(json.dumps(item(number)) + "\n" for number in range(ITEMS))
    (asked.out / "expected.ndjson").write_text(lines, encoding="utf-8")
    response = {
        "success": True,
        "workloadType": "light",
        "itemsWritten": ITEMS,
        "itemsRead": ITEMS,
        "allDataMatches": True,
    }
    expected = {"count": ITEMS, "response": response}
    (asked.out / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    main()
