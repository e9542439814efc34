from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ETL = Path(__file__).resolve().parents[4] / "workloads" / "etl"
MODULES = ("batch", "document", "handler")


@pytest.fixture(scope="session")
def etl() -> Path:
    return ETL


@pytest.fixture(scope="session")
def python_variant() -> Iterator[SimpleNamespace]:
    """The function's modules, imported as Lambda does: from a folder that is the zip's root."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.syspath_prepend(str(ETL / "python"))
        modules: dict[str, ModuleType] = {name: importlib.import_module(name) for name in MODULES}
        # Another workload's function may have modules of the same names.
        for name in MODULES:
            del sys.modules[name]
        yield SimpleNamespace(**modules)
