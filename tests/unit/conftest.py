from __future__ import annotations

import pytest

from lambdameter.model import Conditions


@pytest.fixture
def conditions() -> Conditions:
    """As `lambdameter run` has them, where nothing is asked for."""
    return Conditions(
        target="local",
        region="us-east-1",
        architecture="arm64",
        role=None,
        latency=None,
        faults=None,
        sandbox="auto",
        seed=1,
    )
