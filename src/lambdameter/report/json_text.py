"""Records as JSON text, and their JSON Schemas."""

from __future__ import annotations

import msgspec


def encode(document: msgspec.Struct) -> str:
    """A document, indented, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def schema(document: type[msgspec.Struct]) -> str:
    """The JSON Schema of a kind of document, indented, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(document))).decode() + "\n"
