"""Claim K12: a call that does not end by itself before its timeout."""

from __future__ import annotations

import time
from typing import Any

_LONGER_THAN_ANY_TIMEOUT_S = 1_000


def handler(_event: Any, _context: Any) -> dict[str, Any]:
    """Wait: what is billed is the timeout."""
    time.sleep(_LONGER_THAN_ANY_TIMEOUT_S)
    return {}
