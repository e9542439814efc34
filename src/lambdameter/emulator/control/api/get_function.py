"""GetFunction: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html."""

from __future__ import annotations

from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.http.messages import Request, Response, json_response


async def handle(plane: ControlPlane, request: Request) -> Response:
    """The configuration, and where the code is: in the emulator's own folder, not in S3."""
    function = plane.functions.get(request.parameters["name"], request.query.get("Qualifier"))
    code = {"RepositoryType": "lambdameter", "Location": f"file://{function.code.folder}"}
    return json_response({"Configuration": function.document(), "Code": code})
