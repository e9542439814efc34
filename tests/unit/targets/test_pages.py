from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from lambdameter.targets import pages

ITEM = {"id": {"S": "a"}, "raw": {"B": "AAEC"}, "tags": {"SS": ["x", "y"]}, "n": {"N": "1.50"}}


class Raw(io.BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.getvalue()


@pytest.fixture
def client() -> Any:
    made = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    pages.decode_fast(made)
    yield made
    made.close()


def answer(client: Any, status: int, document: dict[str, Any]) -> None:
    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, status, HTTPHeaders(), Raw(json.dumps(document).encode()))

    client.meta.events.register_first("before-send.dynamodb", send)


def test_a_scans_items_are_the_json_as_it_came(client: Any) -> None:
    answer(client, 200, {"Items": [ITEM], "Count": 1, "LastEvaluatedKey": {"id": {"S": "a"}}})
    page = client.scan(TableName="t")
    assert page["Items"] == [ITEM]
    assert (page["Count"], page["LastEvaluatedKey"]) == (1, {"id": {"S": "a"}})


def test_a_single_item_is_the_json_as_it_came(client: Any) -> None:
    answer(client, 200, {"Item": ITEM})
    assert client.get_item(TableName="t", Key={"id": {"S": "a"}})["Item"] == ITEM


def test_an_item_that_is_not_there_is_not_there(client: Any) -> None:
    answer(client, 200, {})
    assert "Item" not in client.get_item(TableName="t", Key={"id": {"S": "a"}})


def test_a_refusal_stays_a_refusal(client: Any) -> None:
    answer(client, 400, {"__type": "x#ResourceNotFoundException", "message": "no such table"})
    with pytest.raises(ClientError, match="no such table"):
        client.scan(TableName="t")


def test_a_binary_key_goes_back_as_bytes_and_others_as_they_are() -> None:
    key = {"raw": {"B": "AAEC"}, "id": {"S": "a"}}
    assert pages.with_bytes(key) == {"raw": {"B": b"\x00\x01\x02"}, "id": {"S": "a"}}


def test_binary_values_become_bytes_wherever_they_are() -> None:
    raw = {"B": "AAEC"}
    item: dict[str, dict[str, Any]] = {
        "b": raw,
        "l": {"L": [raw, {"S": "x"}]},
        "m": {"M": {"b": raw}},
        "s": {"BS": ["AAEC"]},
    }
    plain = {"B": b"\0\1\2"}
    assert pages.with_bytes(item) == {
        "b": plain,
        "l": {"L": [plain, {"S": "x"}]},
        "m": {"M": {"b": plain}},
        "s": {"BS": [b"\0\1\2"]},
    }
