"""Build hook: puts the cargo-built binaries beside `lambdameter` in the venv's bin folder.

The live race's page goes into the wheel where it is built; an editable install finds it in the
cache.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BINARIES = (
    "lambdameter-services",
    "lambdameter-launch",
    "lambdameter-slow-core",
    "lambdameter-kernel",
)


class CargoBuildHook(BuildHookInterface[BuilderConfig]):
    """Runs the one cargo build of the workspace; a no-op where `make setup` has run before."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, then name the binaries as scripts of the wheel."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        target = Path(os.environ.get("CARGO_TARGET_DIR") or cache / "lambdameter" / "cargo-target")
        # With the features that the whole workspace asks for, as `make setup` and whoever builds
        # a function do: else some seventy crates would be built twice.
        programs = [word for name in BINARIES for word in ("--bin", name)]
        subprocess.run(
            ["cargo", "build", "--release", "--locked", "--workspace", *programs],
            cwd=self.root,
            env={**os.environ, "CARGO_TARGET_DIR": str(target)},
            check=True,
        )
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["shared_scripts"] = {str(target / "release" / name): name for name in BINARIES}
        page = _built_page(Path(self.root))
        if version != "editable" and page.is_file():
            build_data["force_include"][str(page)] = "lambdameter/build/page.html"


def _built_page(root: Path) -> Path:
    """Where `make setup` puts the page. Its module is loaded by itself: others need packages."""
    sys.path.insert(0, str(root / "src"))
    try:
        spec = importlib.util.spec_from_file_location(
            "page", root / "src" / "lambdameter" / "build" / "page.py"
        )
        if spec is None or spec.loader is None:
            raise ImportError(name="page")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        built: Path = module.built(root / "race" / "page")
        return built
    finally:
        sys.path.pop(0)
