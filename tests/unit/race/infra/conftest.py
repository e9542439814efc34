"""The stack as CDK synthesises it, once: jsii and node take some ten seconds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lambdameter.race import declaration


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `race/infra/app.py` writes; where it fails, cdk-nag found something."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("CDK needs node")
    folder = tmp_path_factory.mktemp("infra")
    packages = {}
    for function in declaration.load().functions:
        packages[function.name] = str(folder / f"{function.name}.zip")
        with zipfile.ZipFile(packages[function.name], "w") as package:
            package.writestr("name", function.name)
    (folder / "packages.json").write_text(json.dumps(packages))
    context = {
        "packages": str(folder / "packages.json"),
        "architecture": "arm64",
        "token_sha256": "5e" * 32,
    }
    done = subprocess.run(
        [sys.executable, str(declaration.ROOT / "race" / "infra" / "app.py")],
        env=os.environ
        | {
            "CDK_OUTDIR": str(folder / "out"),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="session")
def template_file(assembly: Path) -> Path:
    return assembly / f"{declaration.load().name}.template.json"


@pytest.fixture(scope="session")
def resources(template_file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(template_file.read_text())["Resources"]
    return found
