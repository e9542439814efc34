"""CreateFunction: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html."""

from __future__ import annotations

import re

import msgspec

from lambdameter.emulator.control.api.documents import CodeRequest, read_request
from lambdameter.emulator.control.api_errors import invalid_parameter, validation
from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.control.settings import SettingsRequest, refuse_unserved
from lambdameter.emulator.http.messages import Request, Response, json_response
from lambdameter.model.base import Architecture

_NAME = r"[a-zA-Z0-9-_]{1,64}"


class _Request(msgspec.Struct, kw_only=True, rename="pascal"):
    function_name: str
    code: CodeRequest
    architectures: tuple[Architecture, ...] | None = None


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Create a function; it is Pending until it has been prepared."""
    body = read_request(request, "CreateFunction")
    arguments = msgspec.json.decode(body, type=_Request)
    refuse_unserved(msgspec.json.decode(body))
    if not re.fullmatch(_NAME, arguments.function_name):
        constraint = f"Member must satisfy regular expression pattern: {_NAME}"
        raise validation(arguments.function_name, "functionName", constraint)
    if arguments.architectures not in (None, (plane.info.architecture,)):
        raise invalid_parameter(
            f"lambdameter's emulator runs functions only on this host's {plane.info.architecture}"
        )
    settings = msgspec.json.decode(body, type=SettingsRequest).settings()
    function = await plane.create(arguments.function_name, settings, arguments.code.package())
    return json_response(function.document(), status=201)
