from __future__ import annotations

import importlib
import inspect
import pkgutil

import msgspec
import pytest

from lambdameter import model
from lambdameter.model.workload import TableKey

# Headers and the race's messages are read by other versions too, which may know less of them.
OPEN = {"report_line", "race_messages"}
MODULES = [
    importlib.import_module(f"{model.__name__}.{found.name}")
    for found in pkgutil.iter_modules(model.__path__)
    if found.name not in OPEN
]
RECORDS = [
    record
    for module in MODULES
    for _, record in inspect.getmembers(module, inspect.isclass)
    if issubclass(record, msgspec.Struct) and record.__module__ == module.__name__
]


EACH = pytest.mark.parametrize(
    "record", RECORDS, ids=lambda record: f"{record.__module__}.{record.__name__}"
)


@EACH
def test_every_record_is_frozen_and_closed(record: type[msgspec.Struct]) -> None:
    config = record.__struct_config__
    assert (config.frozen, config.forbid_unknown_fields) == (True, True)


@EACH
def test_no_record_takes_positional_arguments(record: type[msgspec.Struct]) -> None:
    parameters = inspect.signature(record).parameters.values()
    assert {parameter.kind for parameter in parameters} <= {inspect.Parameter.KEYWORD_ONLY}


def test_there_are_records() -> None:
    assert len(RECORDS) > 100


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `colour`"):
        msgspec.json.decode(b'{"name":"a","type":"S","colour":1}', type=TableKey)
