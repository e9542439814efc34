"""Build hook: puts the cargo-built binaries beside `lambdameter` in the venv's bin folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BINARIES = (
    "lambdameter-services",
    "lambdameter-launch",
    "lambdameter-slow-core",
    "lambdameter-kernel",
)


class CargoBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own is untyped
    """Runs the one cargo build of the workspace; a no-op where `make setup` has run before."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Build, then name the binaries as scripts of the wheel."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        target = Path(os.environ.get("CARGO_TARGET_DIR") or cache / "lambdameter" / "cargo-target")
        # The whole workspace in one call: features unify, so a call per member would build
        # some seventy crates twice.
        subprocess.run(
            ["cargo", "build", "--release", "--locked", "--workspace"],
            cwd=self.root,
            env={**os.environ, "CARGO_TARGET_DIR": str(target)},
            check=True,
        )
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["shared_scripts"] = {str(target / "release" / name): name for name in BINARIES}
