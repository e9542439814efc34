"""POST /runtime/init/error."""

from __future__ import annotations

import re

from lambdameter.emulator.execution.runtime_api.answers import ERROR_TYPE, accepted
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.http.messages import Request, Response

# Types of any other form are told as Runtime.Unknown (internal/lambda/fatalerror in AWS's own).
_KNOWN_FORM = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


def handle(peer: RuntimePeer, request: Request) -> Response:
    """Take the reason why the runtime cannot start."""
    named = request.headers.get(ERROR_TYPE, "")
    error_type = named if _KNOWN_FORM.search(named) else "Runtime.Unknown"
    peer.report_init_error(error_type, request.body or b"")
    return accepted()
