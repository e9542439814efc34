"""The fixture `lambda_duel`, for anybody's tests; docs/pytest.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lambdameter.pytest_plugin.duel import Duel


@pytest.fixture(scope="session")
def lambda_duel(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Duel]:
    """`lambda_duel(workload, variants=..., cold=..., ...)` measures, and gives a `Duel`.

    Its arguments are those of `lambdameter.pytest_plugin.duel.fight`, but for `out`.
    """
    # pytest loads this module wherever lambdameter is installed: those who do not ask for a duel
    # are not to wait for boto3.
    from lambdameter.pytest_plugin.duel import fight  # noqa: PLC0415

    def measured(workload: str | Path, **arguments: Any) -> Duel:
        return fight(workload, tmp_path_factory.mktemp("duel"), **arguments)

    return measured
