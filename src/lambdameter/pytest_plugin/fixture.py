"""The pytest fixture `lambda_duel`; docs/pytest.md describes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lambdameter.pytest_plugin.duel import Duel


@pytest.fixture(scope="session")
def lambda_duel(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Duel]:
    """`lambda_duel(workload, variants=..., cold=..., ...)` measures a workload: a `Duel`.

    The arguments are those of `lambdameter.pytest_plugin.duel.fight`, without `out`.
    """
    # pytest loads this module wherever lambdameter is installed: tests without this fixture should
    # not wait for boto3.
    from lambdameter.pytest_plugin.duel import fight  # noqa: PLC0415

    def measured(workload: str | Path, **arguments: Any) -> Duel:
        return fight(workload, tmp_path_factory.mktemp("duel"), **arguments)

    return measured
