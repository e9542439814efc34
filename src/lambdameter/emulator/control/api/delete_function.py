"""DeleteFunction: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html."""

from __future__ import annotations

from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.http.messages import Request, Response


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Delete a function; its busy environments finish their invocation first."""
    await plane.delete(plane.functions.get(request.parameters["name"]))
    return Response(status=204)
