"""A template's YAML with the line of each value and CloudFormation's short forms expanded. Pure.

`!Ref X` is `{"Ref": X}`, `!Sub X` is `{"Fn::Sub": X}`, and so on:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from lambdameter.errors import BadInputError

_STANDARD = "tag:yaml.org,2002:"
# Functions whose long form does not begin with Fn::.
_BARE = ("Ref", "Condition")
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_MOST_BYTES = 1_000_000


class Node(NamedTuple):
    """A scalar, a list of nodes, or a map of names to nodes; `line` is from 1."""

    value: Any
    line: int

    def get(self, name: str) -> Node | None:
        """The value of a name; None where there is none, or this is not a map."""
        return self.value.get(name) if isinstance(self.value, dict) else None

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def parse(content: bytes, file: str) -> Node:
    """The document as a tree.

    Raises:
        BadInputError: the content is not YAML or JSON, or too large; `file` is its name.
    """
    if len(content) > _MOST_BYTES:
        raise _malformed(file, None, "the file is larger than 1 MB, CloudFormation's limit")
    loader = None
    try:
        loader = yaml.SafeLoader(content)
        root = loader.get_single_node()
        if root is None:
            raise _malformed(file, None, "the file is empty")
        return _Reader(loader, file).read(root)
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        raise _malformed(
            file, mark.line + 1 if mark else None, failure.problem or "the file is not valid YAML"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as failure:
        raise _malformed(file, None, str(failure).splitlines()[0]) from None
    except RecursionError:
        raise _malformed(file, None, "the file is nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


def _malformed(file: str, line: int | None, why: str) -> BadInputError:
    return BadInputError(
        f"The template cannot be read: {why}",
        place=f"{file}:{line}" if line else file,
        next_step="Correct the YAML there; `sam validate --lint` checks the rest.",
    )


class _Reader:
    """Converts PyYAML's nodes; aliased nodes are converted once."""

    def __init__(self, loader: yaml.SafeLoader, file: str) -> None:
        self._loader = loader
        self._file = file
        self._read: dict[int, Node | None] = {}

    def read(self, node: yaml.Node) -> Node:
        if id(node) not in self._read:
            self._read[id(node)] = None
            self._read[id(node)] = self._converted(node)
        tree = self._read[id(node)]
        if tree is None:
            raise _malformed(self._file, node.start_mark.line + 1, "an alias refers to itself")
        return tree

    def _converted(self, node: yaml.Node) -> Node:
        line = node.start_mark.line + 1
        function = None if node.tag.startswith(_STANDARD) else node.tag.removeprefix("!")
        if function is None:
            return Node(self._value(node, line), line)
        value: Any = self._value(node, line, plain=True)
        if function == "GetAtt" and isinstance(value, str):
            value = [Node(part, line) for part in value.split(".", 1)]
        name = function if function in _BARE else f"Fn::{function}"
        return Node({name: Node(value, line)}, line)

    def _value(self, node: yaml.Node, line: int, *, plain: bool = False) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child) for child in node.value]
        if isinstance(node, yaml.MappingNode):
            names = [str(key.value) for key, _ in node.value]
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise _malformed(self._file, line, f"{twice[0]!r} appears twice in one mapping")
            self._loader.flatten_mapping(node)  # merge keys; the map's own come last
            return {str(key.value): self.read(value) for key, value in node.value}
        return str(node.value) if plain else self._loader.construct_object(node)
