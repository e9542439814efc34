"""What the table of `dynamodb-ops` holds before and after each operation, and the answers."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

PARTITION = "bench"
DATA_BYTES = 1_000
ITEMS = 25  # what Query reads and BatchWriteItem writes

# Case -> the sort keys that it adds, and how many items it reads or writes.
CASES = {
    "get": ([], 1),
    "put": (["put-00"], 1),
    "query": ([], ITEMS),
    "batch": ([f"batch-{i:02}" for i in range(ITEMS)], ITEMS),
}


def item(sort: str) -> dict[str, Any]:
    """An item as the workload describes it; below 1,024 bytes, so that a write is one unit."""
    return {"pk": {"S": PARTITION}, "sk": {"S": sort}, "data": {"S": "x" * DATA_BYTES}}


def main() -> None:
    """Write initial.ndjson, and a folder for each case with what must be afterwards."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parameters", type=json.loads, required=True)
    asked = parser.parse_args()
    if asked.parameters:
        sys.exit(f"no parameter is known, and these were given: {asked.parameters}")
    there = [f"item-{i:02}" for i in range(ITEMS)]
    write_items(asked.out / "initial.ndjson", there)
    for case, (added, items) in CASES.items():
        folder = asked.out / case
        folder.mkdir()
        write_items(folder / "expected.ndjson", there + added)
        body = {"operation": case, "items": items, "data_bytes": items * DATA_BYTES}
        response = {"statusCode": 200, "body": body}
        expected = {"count": len(there) + len(added), "response": response}
        (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def write_items(file: Path, sorts: list[str]) -> None:
    """One item a line."""
    lines = "".join(json.dumps(item(sort)) + "\n" for sort in sorts)
    file.write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
