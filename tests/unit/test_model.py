from __future__ import annotations

import inspect

import msgspec
import pytest

from lambdameter import model

RECORDS = [
    record
    for _, record in inspect.getmembers(model, inspect.isclass)
    if issubclass(record, msgspec.Struct)
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_record_is_frozen_and_closed(record: type[msgspec.Struct]):
    config = record.__struct_config__
    assert (config.frozen, config.forbid_unknown_fields) == (True, True)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_no_record_takes_positional_arguments(record: type[msgspec.Struct]):
    parameters = inspect.signature(record).parameters.values()
    assert {parameter.kind for parameter in parameters} <= {inspect.Parameter.KEYWORD_ONLY}


def test_an_unknown_key_is_refused():
    with pytest.raises(msgspec.ValidationError, match="unknown field `colour`"):
        msgspec.json.decode(b'{"name":"a","type":"S","colour":1}', type=model.TableKey)
