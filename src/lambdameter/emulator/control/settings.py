"""A function's configuration, read from a request and checked; the error texts are AWS's.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from lambdameter.emulator.control.api_errors import ApiError, invalid_parameter, validation
from lambdameter.emulator.execution.process_environment import RESERVED
from lambdameter.model.base import MAX_MEMORY_MB, MIN_MEMORY_MB

MANAGED_RUNTIMES = ("python3.11", "python3.12", "python3.13")
OS_ONLY_RUNTIMES = ("provided.al2023",)
RUNTIMES = MANAGED_RUNTIMES + OS_ONLY_RUNTIMES

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_TIMEOUT_S = 900
MAX_VARIABLES_BYTES = 4_096

_ROLE = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
_VARIABLE = r"[a-zA-Z]([a-zA-Z0-9_])+"

# AWS accepts these and we do not serve them: refused, rather than ignored silently.
_NOT_SERVED = (
    "Layers",
    "FileSystemConfigs",
    "ImageConfig",
    "CapacityProviderConfig",
    "DeadLetterConfig",
)
# Served with AWS's default only.
_FIXED = {
    "EphemeralStorage": {"Size": 512},
    "LoggingConfig": {"LogFormat": "Text"},
    "SnapStart": {"ApplyOn": "None"},
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A function's configuration; sizes in MB, times in seconds."""

    runtime: str
    handler: str
    role: str
    description: str = ""
    timeout: int = 3
    memory_size: int = 128
    variables: dict[str, str] = {}


class _Environment(msgspec.Struct):
    variables: dict[str, str] = msgspec.field(default_factory=dict, name="Variables")


class SettingsRequest(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The members of CreateFunction and UpdateFunctionConfiguration that are served."""

    runtime: str | None = None
    handler: str | None = None
    role: str | None = None
    description: str | None = None
    timeout: int | None = None
    memory_size: int | None = None
    environment: _Environment | None = None

    def settings(self, current: Settings | None = None) -> Settings:
        """The requested configuration; what is not requested stays as in `current`.

        Raises:
            ApiError: ValidationException or InvalidParameterValueException.
        """
        values = {
            name: value
            for name in ("runtime", "handler", "role", "description", "timeout", "memory_size")
            if (value := getattr(self, name)) is not None
        }
        if self.environment is not None:
            values["variables"] = self.environment.variables
        if current is None:
            for name in ("runtime", "handler", "role"):
                if name not in values:
                    raise validation("null", name, "Member must not be null")
            settings = Settings(**values)
        else:
            settings = msgspec.structs.replace(current, **values)
        _check(settings)
        return settings


def refuse_unserved(request: dict[str, Any]) -> None:
    """Refuse what AWS serves and the emulator does not.

    Raises:
        ApiError: InvalidParameterValueException.
    """
    for name in _NOT_SERVED:
        if request.get(name):
            raise invalid_parameter(f"lambdameter's emulator does not serve {name}")
    for name, fixed in _FIXED.items():
        if request.get(name, fixed) != fixed:
            default = msgspec.json.encode(fixed).decode()
            raise invalid_parameter(f"lambdameter's emulator serves {name} only as {default}")
    if request.get("PackageType", "Zip") != "Zip":
        raise invalid_parameter("lambdameter's emulator runs zip packages, not images")


def _check(settings: Settings) -> None:
    _check_range("memorySize", settings.memory_size, MIN_MEMORY_MB, MAX_MEMORY_MB)
    _check_range("timeout", settings.timeout, 1, MAX_TIMEOUT_S)
    if not re.fullmatch(_ROLE, settings.role):
        constraint = f"Member must satisfy regular expression pattern: {_ROLE}"
        raise validation(settings.role, "role", constraint)
    if settings.runtime not in RUNTIMES:
        raise invalid_parameter(
            f"Value {settings.runtime} at 'runtime' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(RUNTIMES)}] or be a valid ARN"
        )
    _check_variables(settings.variables)


def _check_range(field: str, value: int, least: int, most: int) -> None:
    if value < least:
        raise validation(value, field, f"Member must have value greater than or equal to {least}")
    if value > most:
        raise validation(value, field, f"Member must have value less than or equal to {most}")


def _check_variables(variables: dict[str, str]) -> None:
    for name in variables:
        if not re.fullmatch(_VARIABLE, name) and name not in RESERVED:
            constraint = f"Member must satisfy regular expression pattern: {_VARIABLE}"
            raise _variables_refused(f"the key {name} is not valid. {constraint}")
    reserved = [name for name in variables if name in RESERVED]
    if reserved:
        raise _variables_refused(
            "the environment variables you have provided contains reserved keys that are "
            "currently not supported for modification. Reserved keys used in this request: "
            + ", ".join(reserved)
        )
    document = msgspec.json.encode(variables)
    if len(document) > MAX_VARIABLES_BYTES:
        raise _variables_refused(
            "the environment variables you have provided exceeded the 4KB limit. "
            f"String measured: {document.decode()}"
        )


def _variables_refused(because: str) -> ApiError:
    return invalid_parameter(
        f"Lambda was unable to configure your environment variables because {because}"
    )
