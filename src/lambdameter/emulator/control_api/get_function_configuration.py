"""GetFunctionConfiguration.

https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lambdameter.emulator.control_api.documents import json_response
from lambdameter.emulator.control_plane import ControlPlane


async def handle(plane: ControlPlane, request: Request) -> Response:
    """The configuration."""
    function = plane.functions.get(
        request.path_params["name"], request.query_params.get("Qualifier")
    )
    return json_response(function.document())
