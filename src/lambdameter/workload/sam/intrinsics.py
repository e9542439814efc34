"""CloudFormation's intrinsic functions, as far as they can be resolved without AWS. Pure.

Ref and Fn::Sub of parameters and pseudo parameters, Fn::Join and Fn::FindInMap. A value that
depends on deployed resources is an error with its line and a next step.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambdameter.errors import BadInputError
from lambdameter.workload.sam.document import Node

# `${Name}` and `${Name.Attribute}`; `${!Name}` stands for itself.
_SUBSTITUTED = re.compile(r"\$\{([^}]*)\}")
_ACCOUNT = "000000000000"  # as the local Lambda has it
_STACK = "lambdameter"


class _Nothing:
    """The type of AWS::NoValue, which removes a property."""


NO_VALUE = _Nothing()


class Resolver:
    """Resolves values of one template.

    Args:
        template: the whole document.
        file: the template's file, for errors.
        parameters: values of parameters, instead of their defaults.
        region: value of AWS::Region.
    """

    def __init__(
        self, template: Node, file: str, parameters: Mapping[str, str], region: str
    ) -> None:
        self._template = template
        self._file = file
        self._parameters = parameters
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": _ACCOUNT,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{_ACCOUNT}:stack/{_STACK}/local",
            "AWS::StackName": _STACK,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def resolve(self, node: Node) -> Any:
        """The resolved value of a node.

        Raises:
            BadInputError: the value depends on something that is not in the template.
        """
        value = node.value
        if isinstance(value, list):
            return [element for element in map(self.resolve, value) if element is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._named(str(argument.value), node)
            if name.startswith("Fn::"):
                return self._function(name, argument, node)
        resolved = {name: self.resolve(child) for name, child in value.items()}
        return {name: plain for name, plain in resolved.items() if plain is not NO_VALUE}

    def _function(self, name: str, argument: Node, node: Node) -> Any:
        arguments = argument.value if isinstance(argument.value, list) else [argument]
        match name, len(arguments):
            case "Fn::Sub", 1 | 2:
                own = self.resolve(arguments[1]) if len(arguments) > 1 else {}
                return self._substituted(str(arguments[0].value), own, node)
            case "Fn::Join", 2:
                parts = self.resolve(arguments[1])
                if isinstance(parts, list):
                    return str(arguments[0].value).join(map(text, parts))
            case "Fn::FindInMap", 3:
                return self._mapped([text(self.resolve(argument)) for argument in arguments], node)
        raise self._unresolved(f"{name} cannot be resolved without AWS", node)

    def _substituted(self, template: str, own: Mapping[str, Any], node: Node) -> str:
        def replaced(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            return text(own[name] if name in own else self._named(name, node))

        return _SUBSTITUTED.sub(replaced, template)

    def _named(self, name: str, node: Node) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        parameters = self._template.get("Parameters")
        parameter = parameters.get(name) if parameters else None
        if parameter is not None:
            default = parameter.get("Default")
            if default is None:
                raise self._unresolved(
                    f"The parameter {name} has no Default",
                    node,
                    f"give it a value with --set {name}=…",
                )
            return default.value
        resources = self._template.get("Resources")
        if resources and resources.get(name.partition(".")[0]):
            raise self._unresolved(f"{name} is known only after a deployment", node)
        raise self._unresolved(f"The template has no {name}", node, "give an existing name")

    def _mapped(self, path: list[str], node: Node) -> Any:
        mapping = self._template.get("Mappings")
        for name in path:
            mapping = mapping.get(name) if mapping else None
        if mapping is None:
            raise self._unresolved(
                f"Mappings has no {'.'.join(path)}", node, "give an existing name"
            )
        return self.resolve(mapping)

    def _unresolved(self, cause: str, node: Node, how: str | None = None) -> BadInputError:
        how = how or "write the value itself, or Ref a parameter and set it with --set NAME=…"
        return BadInputError(
            cause, place=f"{self._file}:{node.line}", next_step=f"{how[0].upper()}{how[1:]}."
        )


def text(value: Any) -> str:
    """A scalar as CloudFormation converts it to a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)
