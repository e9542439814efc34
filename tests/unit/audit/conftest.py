from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdameter.audit import rules, table
from lambdameter.cost import price_list
from lambdameter.model.audit import Audit, Finding, PublishedTable

Read = Callable[[str], PublishedTable]
SERVICES = {"dynamodb.WriteRequestUnit", "s3.GetObject"}


@pytest.fixture
def read() -> Read:
    return lambda text: table.read(text.encode(), "mine.csv", SERVICES)


@pytest.fixture
def audited(read: Read) -> Callable[[str], Audit]:
    return lambda text: rules.audit(read(text), price_list.latest())


@pytest.fixture
def found(audited: Callable[[str], Audit]) -> Callable[[str, str], list[Finding]]:
    """What one rule finds in a table."""
    return lambda rule, text: [one for one in audited(text).findings if one.rule == rule]
