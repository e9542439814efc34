"""How long all Rust variants take to build where crates are downloaded and nothing is built yet.

    .venv/bin/python benchmarks/clean_build.py > docs/benchmarks/clean-build.txt    # ten minutes

Each built-in workload's cargo variants are packaged into a new cache folder, one after the other,
as `lambdameter run` does, so what one builds the next may use. A variant's share is what it adds.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lambdameter.build import artifact
from lambdameter.model.base import Architecture
from lambdameter.workload import loader


def built(cache: Path) -> list[tuple[str, str, float, int]]:
    """Workload, variant, seconds, bytes of the zip; in the order in which they are built."""
    here: Architecture = "arm64" if platform.machine() == "aarch64" else "x86_64"
    found = []
    for name in loader.names():
        task = loader.load(name)
        for variant in task.variants:
            if variant.build == "cargo":
                began = time.monotonic()
                made = artifact.make(task, variant, here, Console(stderr=True), cache / "packages")
                found.append((name, variant.name, time.monotonic() - began, made.zip_bytes))
    return found


def main() -> None:
    """Build all in a cache that is taken away again."""
    with tempfile.TemporaryDirectory(prefix="lambdameter-clean-build-") as cache:
        # Cargo's own downloads stay where they are: what is timed is the compiler.
        os.environ["XDG_CACHE_HOME"] = cache
        found = built(Path(cache))
    console = Console(width=100, highlight=False)
    console.print(
        f"benchmarks/clean_build.py: {len(found)} Rust variants, nothing built before; "
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()} {platform.machine()}"
    )
    table = Table("workload", "variant", box=None)
    for head in ("adds s", "zip bytes"):
        table.add_column(head, justify="right")
    for name, variant, seconds, size in found:
        table.add_row(name, variant, f"{seconds:.0f}", f"{size:,}")
    table.add_row("all", "", f"{sum(one[2] for one in found):.0f}", "")
    console.print(table)


if __name__ == "__main__":
    main()
