"""What `overrun` must answer: nothing, since it never does."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main() -> None:
    """Write expected.json; there is no table, and nothing to read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parameters", type=json.loads, required=True)
    asked = parser.parse_args()
    if asked.parameters:
        sys.exit(f"no parameter is known, and these were given: {asked.parameters}")
    expected = json.dumps({"count": 0, "response": {}})
    (asked.out / "expected.json").write_text(expected, encoding="utf-8")


if __name__ == "__main__":
    main()
