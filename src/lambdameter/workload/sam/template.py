"""The functions of a SAM template, with its Globals, as far as a local run needs them. Pure.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.base import Architecture
from lambdameter.workload.sam.document import Node, parse
from lambdameter.workload.sam.intrinsics import NO_VALUE, Resolver, text

FUNCTION = "AWS::Serverless::Function"
RUNTIMES = ("python3.11", "python3.12", "python3.13", "provided.al2023")
OS_ONLY = RUNTIMES[-1]
# The properties that a local run uses; others (Events, Policies, Tracing, …) do not change answers.
_USED = (
    "CodeUri",
    "Handler",
    "Runtime",
    "MemorySize",
    "Timeout",
    "Environment",
    "Architectures",
)
_INTRINSIC = re.compile(r"(Ref|Condition|Fn::\w+)$")
_ZIP = "Give the function CodeUri, Handler and Runtime, and remove PackageType."
# Properties that are errors: without them the function would not be the deployed one.
_REFUSED = {
    "ImageUri": ("only zip packages are supported", _ZIP),
    "InlineCode": (
        "code must be in a folder",
        "Put the code into a file, and give its folder as CodeUri.",
    ),
    "Layers": (
        "the local Lambda has no layers",
        "Put the content of the layers into the folder of CodeUri.",
    ),
}
_NEEDED = {
    "CodeUri": "Add the folder of the function's code, here or under Globals.",
    "Handler": "Add the handler, here or under Globals.",
    "Runtime": "Add the runtime, here or under Globals.",
}


class _Properties(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    code_uri: str
    handler: str
    runtime: str
    memory_size: int = 128
    timeout: int = 3
    environment: dict[str, str] = {}
    architectures: Annotated[tuple[Architecture, ...], msgspec.Meta(min_length=1)] = ("x86_64",)


class SamFunction(msgspec.Struct, frozen=True, kw_only=True):
    """One function; defaults are SAM's.

    Attributes:
        code_uri: as written, relative to the template.
        place: file and line of the resource.
    """

    logical_id: str
    code_uri: str
    handler: str
    runtime: str
    place: str
    memory_mb: int = 128
    timeout_s: int = 3
    environment: dict[str, str] = {}
    architecture: Architecture = "x86_64"
    binary: str | None = None


class Template:
    """A parsed template.

    Args:
        content: the file's content.
        file: the file, for errors.
        settings: values of its Parameters.
        region: value of AWS::Region.
    """

    def __init__(
        self, content: bytes, file: str, settings: Mapping[str, str], region: str = "us-east-1"
    ) -> None:
        self._root = parse(content, file)
        self._file = file
        self._resolver = Resolver(self._root, file, settings, region)
        resources = self._root.get("Resources")
        if resources is None or not isinstance(resources.value, dict):
            raise self._fault(
                "The template has no Resources",
                self._root,
                "Check that this file is a SAM template.",
            )
        self._resources: dict[str, Node] = resources.value
        parameters = self._root.get("Parameters")
        declared = (
            list(parameters.value) if parameters and isinstance(parameters.value, dict) else []
        )
        for name in settings:
            if name not in declared:
                raise BadInputError(
                    f"The template has no parameter named {name!r}",
                    place="--set",
                    next_step=f"Its Parameters are: {', '.join(declared) or 'none'}.",
                )

    def function_ids(self) -> tuple[str, ...]:
        """The logical ids of the functions, in the template's order."""
        return tuple(
            name
            for name, resource in self._resources.items()
            if (kind := resource.get("Type")) and kind.value == FUNCTION
        )

    def functions(self, ids: Sequence[str]) -> tuple[SamFunction, ...]:
        """The functions with these logical ids.

        Raises:
            BadInputError: a function does not exist, or its properties are not valid. If several
                values cannot be resolved, the others are notes.
        """
        unresolved: list[BadInputError] = []
        converted = [self._function(name, unresolved) for name in ids]
        if unresolved:
            # An error under Globals is an error of every function, but reported once.
            first, *others = {str(error): error for error in unresolved}.values()
            for other in others:
                first.add_note(str(other))
            raise first
        return tuple(function for function in converted if function is not None)

    def _function(self, name: str, unresolved: list[BadInputError]) -> SamFunction | None:
        resource = self._resources.get(name)
        kind = resource.get("Type") if resource else None
        if resource is None or kind is None or kind.value != FUNCTION:
            raise BadInputError(
                f"{name} is not an {FUNCTION}",
                place=f"{self._file}:{resource.line}" if resource else self._file,
                next_step=f"Its functions are: {', '.join(self.function_ids()) or 'none'}.",
            )
        nodes = self._properties(resource)
        for refused, (why, how) in _REFUSED.items():
            if refused in nodes:
                raise self._fault(f"{name} has {refused}: {why}", nodes[refused], how)
        package = nodes.get("PackageType")
        if package is not None and package.value != "Zip":
            raise self._fault(
                f"{name} is a container image, and only zip packages are supported", package, _ZIP
            )
        before = len(unresolved)
        values = {key: self._resolved(key, nodes[key], unresolved) for key in _USED if key in nodes}
        values = {key: value for key, value in values.items() if value is not NO_VALUE}
        if len(unresolved) > before:
            return None
        return self._function_of(name, resource, nodes, values)

    def _properties(self, resource: Node) -> dict[str, Node]:
        """The resource's own properties, merged over those of Globals, with the variables of both.

        https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
        """
        shared = self._root.get("Globals")
        shared = shared.get("Function") if shared else None
        own = resource.get("Properties")
        layers = [
            section.value
            for section in (shared, own)
            if section and isinstance(section.value, dict)
        ]
        merged: dict[str, Node] = {}
        for layer in layers:
            merged |= layer
        variables: dict[str, Node] = {}
        for layer in layers:
            if "Environment" in layer:
                variables |= self._variables(layer["Environment"])
        merged["Environment"] = Node(variables, resource.line)
        return merged

    def _variables(self, environment: Node) -> dict[str, Node]:
        listed = environment.get("Variables")
        variables = listed.value if listed else None
        if isinstance(variables, dict) and not any(_INTRINSIC.match(name) for name in variables):
            return variables
        if environment.value in ({}, None):
            return {}
        raise self._fault(
            "The Environment has no list of Variables", environment, "List each variable by name."
        )

    def _resolved(self, key: str, node: Node, unresolved: list[BadInputError]) -> Any:
        if key == "Environment":
            values = {
                name: self._resolved("", variable, unresolved)
                for name, variable in node.value.items()
            }
            return {name: text(value) for name, value in values.items() if value is not NO_VALUE}
        try:
            return self._resolver.resolve(node)
        except BadInputError as fault:
            unresolved.append(fault)
            return NO_VALUE

    def _function_of(
        self, name: str, resource: Node, nodes: Mapping[str, Node], values: Mapping[str, Any]
    ) -> SamFunction:
        for needed, how in _NEEDED.items():
            if needed not in values:
                raise self._fault(f"{name} has no {needed}", resource, how)
        try:
            read = msgspec.convert(values, _Properties, strict=False)
        except msgspec.ValidationError as failure:
            cause, _, at = str(failure).partition(" - at `$.")
            key = at.rstrip("`").partition("[")[0]
            raise self._fault(
                f"The value of {key} in {name} is not valid: {cause}",
                nodes.get(key, resource),
                "Write a value that SAM accepts.",
            ) from None
        if read.runtime not in RUNTIMES:
            raise self._fault(
                f"{name} uses the runtime {read.runtime}, which the local Lambda does not have",
                nodes["Runtime"],
                f"The local Lambda has python3.11 to python3.13 and {OS_ONLY}.",
            )
        return SamFunction(
            logical_id=name,
            code_uri=read.code_uri,
            handler=read.handler,
            runtime=read.runtime,
            place=f"{self._file}:{nodes['CodeUri'].line}",
            memory_mb=read.memory_size,
            timeout_s=read.timeout,
            environment=read.environment,
            architecture=read.architectures[-1],
            binary=self._binary(resource),
        )

    def _binary(self, resource: Node) -> str | None:
        """The binary of the crate, if the template names it.

        https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/building-rust.html
        """
        node: Node | None = resource
        for name in ("Metadata", "BuildProperties", "Binary"):
            node = node.get(name) if node else None
        return text(node.value) if node else None

    def _fault(self, cause: str, node: Node, how: str) -> BadInputError:
        return BadInputError(cause, place=f"{self._file}:{node.line}", next_step=how)
