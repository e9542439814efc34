"""mypy --strict over every Python file of the repository; ends with 1 where it finds something.

What is imported by unique names is one run (`files` in pyproject.toml). The functions are not: each
package has a `handler` like the others', and imports what lies beside it. So there is one more run
for each package, on the folders that are put into it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

Package = tuple[Path, ...]
"""The folders that a function's package is made of, relative to the repository."""


def packages() -> Iterator[Package]:
    """Each Python package: of the workloads' variants, and of the race."""
    for variant in sorted({path.parent for path in ROOT.glob("workloads/*/*/*.py")}):
        yield (variant.relative_to(ROOT),)
    for function in tomllib.loads((ROOT / "race" / "race.toml").read_text())["functions"]:
        if function["build"] == "copy":
            yield tuple(Path(source) for source in function["sources"])


def checked(folders: Package = ()) -> bool:
    """Whether mypy finds nothing in them; without any: in `files` of pyproject.toml."""
    names = [str(folder) for folder in folders]
    environment = os.environ | {"MYPYPATH": os.pathsep.join(names)}
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *names]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def main() -> int:
    """All of them, also after one has failed."""
    found_nothing = [checked(), *(checked(package) for package in packages())]
    return 0 if all(found_nothing) else 1


if __name__ == "__main__":
    sys.exit(main())
