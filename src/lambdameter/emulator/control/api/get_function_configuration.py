"""GetFunctionConfiguration.

https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
"""

from __future__ import annotations

from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.http.messages import Request, Response, json_response


async def handle(plane: ControlPlane, request: Request) -> Response:
    """The configuration."""
    function = plane.functions.get(request.parameters["name"], request.query.get("Qualifier"))
    return json_response(function.document())
