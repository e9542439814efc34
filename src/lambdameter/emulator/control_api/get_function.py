"""GetFunction: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lambdameter.emulator.control_api.documents import json_response
from lambdameter.emulator.control_plane import ControlPlane


async def handle(plane: ControlPlane, request: Request) -> Response:
    """The configuration, and where the code lies: in the emulator's own folder, not in S3."""
    function = plane.functions.get(
        request.path_params["name"], request.query_params.get("Qualifier")
    )
    code = {"RepositoryType": "lambdameter", "Location": f"file://{function.code.folder}"}
    return json_response({"Configuration": function.document(), "Code": code})
