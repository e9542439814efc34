"""POST /runtime/init/error."""

from __future__ import annotations

import re

from lambdameter.emulator.execution.runtime_api.answers import ERROR_TYPE, accepted
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.http.messages import Request, Response

# AWS reports types of any other form as Runtime.Unknown (internal/lambda/fatalerror in its RIE).
_ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


def handle(peer: RuntimePeer, request: Request) -> Response:
    """Take the reason why the runtime cannot start."""
    error_type = request.headers.get(ERROR_TYPE, "")
    if not _ERROR_TYPE.search(error_type):
        error_type = "Runtime.Unknown"
    peer.report_init_error(error_type, request.body or b"")
    return accepted()
