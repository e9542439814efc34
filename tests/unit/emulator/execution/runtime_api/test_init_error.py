from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("named", "taken"),
    [("Runtime.ImportModuleError", "Runtime.ImportModuleError"), ("KeyError", "Runtime.Unknown")],
)
async def test_an_init_error_of_another_form_is_unknown(
    ask: Any, peer: Any, named: str, taken: str
) -> None:
    headers = {"Lambda-Runtime-Function-Error-Type": named}
    assert (await ask("POST", "/init/error", b"{}", headers)).status == 202
    assert peer.calls == [("init", taken, b"{}")]
