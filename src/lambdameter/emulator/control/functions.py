"""Control-plane state: the functions that exist, their configurations and their states.

Pure, apart from the time and the revision ids, which are injected. Both state machines are AWS's:
https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import msgspec

from lambdameter.emulator.control.api_errors import (
    exists,
    in_progress,
    not_found,
    precondition_failed,
    wrong_state,
)
from lambdameter.emulator.control.code_store import Code
from lambdameter.emulator.control.settings import Settings
from lambdameter.model.base import Architecture

# A local Lambda has no account.
ACCOUNT = "000000000000"
VERSION = "$LATEST"

_NAME = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_]{1,64})(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function as GetFunctionConfiguration shows it.

    Attributes:
        revision: RevisionId; every change makes a new one, so it names what environments run.
        modified_ms: LastModified, ms since 1970.
        state: Pending, Active or Failed.
        update: LastUpdateStatus: InProgress, Successful or Failed.
        reason: why state or update is Failed.
    """

    name: str
    arn: str
    settings: Settings
    code: Code
    architecture: Architecture
    revision: str
    modified_ms: float
    state: str = "Pending"
    update: str = "InProgress"
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """FunctionConfiguration, as the API has it."""
        modified = dt.datetime.fromtimestamp(self.modified_ms / 1000, tz=dt.UTC)
        document: dict[str, Any] = {
            "FunctionName": self.name,
            "FunctionArn": self.arn,
            "Runtime": self.settings.runtime,
            "Role": self.settings.role,
            "Handler": self.settings.handler,
            "CodeSize": self.code.size,
            "Description": self.settings.description,
            "Timeout": self.settings.timeout,
            "MemorySize": self.settings.memory_size,
            "LastModified": modified.isoformat(timespec="milliseconds").replace("+00:00", "+0000"),
            "CodeSha256": self.code.sha256,
            "Version": VERSION,
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": self.revision,
            "State": self.state,
            "LastUpdateStatus": self.update,
            "PackageType": "Zip",
            "Architectures": [self.architecture],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.name}"},
        }
        if self.settings.variables:
            document["Environment"] = {"Variables": self.settings.variables}
        return document | self._reasons()

    def _reasons(self) -> dict[str, str]:
        if self.state == "Pending":
            return {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
        if self.state == "Failed":
            return {"StateReason": self.reason, "StateReasonCode": "InternalError"}
        if self.update == "InProgress":
            return {
                "LastUpdateStatusReason": "The function is being created.",
                "LastUpdateStatusReasonCode": "Creating",
            }
        if self.update == "Failed":
            return {
                "LastUpdateStatusReason": self.reason,
                "LastUpdateStatusReasonCode": "InternalError",
            }
        return {}


class Functions:
    """All functions of a region, by name.

    Args:
        region: for their ARNs.
        architecture: of all of them.
        now_ms: tells the time since 1970.
        new_revision: makes a RevisionId.
    """

    def __init__(
        self,
        region: str,
        architecture: Architecture,
        now_ms: Callable[[], float],
        new_revision: Callable[[], str],
    ) -> None:
        self._region = region
        self._architecture = architecture
        self._now_ms = now_ms
        self._new_revision = new_revision
        self._latest: dict[str, Function] = {}
        self._serving: dict[str, Function] = {}

    def get(self, identifier: str, qualifier: str | None = None) -> Function:
        """Look a function up by name, ARN or partial ARN; $LATEST is the only version.

        Raises:
            ApiError: ResourceNotFoundException.
        """
        match = _NAME.fullmatch(identifier)
        name = match["name"] if match else identifier
        qualifier = qualifier or (match["qualifier"] if match else None)
        if qualifier not in (None, VERSION):
            raise not_found(f"{self.arn(name)}:{qualifier}")
        if name not in self._latest:
            raise not_found(self.arn(name))
        return self._latest[name]

    def all(self) -> list[Function]:
        """Every function, sorted by name."""
        return [self._latest[name] for name in sorted(self._latest)]

    def arn(self, name: str) -> str:
        """The unqualified ARN."""
        return f"arn:aws:lambda:{self._region}:{ACCOUNT}:function:{name}"

    def create(self, name: str, settings: Settings, code: Code) -> Function:
        """Make a new function, Pending until `settled`.

        Raises:
            ApiError: ResourceConflictException.
        """
        if name in self._latest:
            raise exists(name)
        function = Function(
            name=name,
            arn=self.arn(name),
            settings=settings,
            code=code,
            architecture=self._architecture,
            revision=self._new_revision(),
            modified_ms=self._now_ms(),
        )
        self._latest[name] = function
        return function

    def check_change(self, function: Function, revision: str | None) -> None:
        """Check that a change may begin.

        Raises:
            ApiError: ResourceConflictException or PreconditionFailedException.
        """
        if function.state == "Pending" or function.update == "InProgress":
            raise in_progress(function.arn)
        if revision is not None and revision != function.revision:
            raise precondition_failed()

    def change(
        self, function: Function, *, settings: Settings | None = None, code: Code | None = None
    ) -> Function:
        """Make a new revision, InProgress until `settled`; until then the old revision serves."""
        changed = msgspec.structs.replace(
            function,
            settings=settings or function.settings,
            code=code or function.code,
            revision=self._new_revision(),
            modified_ms=self._now_ms(),
            update="InProgress",
        )
        self._latest[function.name] = changed
        return changed

    def is_latest(self, function: Function) -> bool:
        """False: the function was changed or deleted since it was looked up."""
        return self._latest.get(function.name) is function

    def settled(self, function: Function, error: str | None) -> Function | None:
        """End a creation or change; `error` says why it failed, None: it succeeded.

        Returns:
            The revision that served until now and is replaced; None: there is none.
        """
        if not self.is_latest(function):
            return None
        if error is not None:
            state = "Failed" if function.state == "Pending" else function.state
            self._latest[function.name] = msgspec.structs.replace(
                function, state=state, update="Failed", reason=error
            )
            return None
        active = msgspec.structs.replace(function, state="Active", update="Successful", reason="")
        before = self._serving.get(function.name)
        self._latest[function.name] = self._serving[function.name] = active
        return before

    def serving(self, function: Function) -> Function:
        """The revision that serves invocations now.

        Raises:
            ApiError: ResourceConflictException while no revision serves.
        """
        serving = self._serving.get(function.name)
        if serving is None:
            raise wrong_state(function.state)
        return serving

    def delete(self, function: Function) -> Function | None:
        """Remove a function; returns the revision that served until now, if one did."""
        del self._latest[function.name]
        return self._serving.pop(function.name, None)
