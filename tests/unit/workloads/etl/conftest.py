from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import boto3
import pytest

ETL = Path(__file__).resolve().parents[4] / "workloads" / "etl"
PLAIN = ("batch", "document", "handler", "retry")
TUNED = ("document", "handler", "lanes", "record", "retry", "source")


@pytest.fixture(scope="session")
def etl() -> Path:
    return ETL


@pytest.fixture(scope="session")
def python_variant() -> Iterator[SimpleNamespace]:
    yield from imported("python", PLAIN)


@pytest.fixture(scope="session")
def python_tuned() -> Iterator[SimpleNamespace]:
    yield from imported("python-tuned", TUNED)


def imported(folder: str, names: tuple[str, ...]) -> Iterator[SimpleNamespace]:
    """A function's modules, imported as Lambda does: from a folder that is the zip's root."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", "AKID")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "none")
        # Another test may have made it, with credentials of its own.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        patch.syspath_prepend(str(ETL / folder))
        # Another function's modules have the same names: neither is to be taken for the other.
        for name in names:
            sys.modules.pop(name, None)
        modules: dict[str, ModuleType] = {name: importlib.import_module(name) for name in names}
        for name in names:
            sys.modules.pop(name, None)
        yield SimpleNamespace(**modules)
