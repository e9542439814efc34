"""DynamoDB as boto3 sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

TABLE = "registrations"


@pytest.fixture
def dynamodb(plane: Any, make_table: Callable[[Any, str], None]) -> Any:
    client = plane.client("dynamodb")
    make_table(client, TABLE)
    return client


def _item(number: int) -> dict[str, Any]:
    return {
        "id": {"S": f"R-{number:05}"},
        "name": {"S": "Zoë Łuczak, 東京 \N{PARTY POPPER}\n“quoted”"},
        "amount_paid": {"N": "1234567890.12"},
        "seat": {"NULL": True},
        "tags": {"L": [{"S": "a"}, {"BOOL": False}, {"M": {"deep": {"N": "-0.5"}}}]},
    }


def test_a_batch_of_25_items_reads_back_as_written(dynamodb: Any) -> None:
    items = [_item(number) for number in range(25)]

    answer = dynamodb.batch_write_item(
        RequestItems={TABLE: [{"PutRequest": {"Item": item}} for item in items]}
    )
    scanned = dynamodb.scan(TableName=TABLE)

    assert answer["UnprocessedItems"] == {}
    assert sorted(scanned["Items"], key=lambda item: item["id"]["S"]) == items


def test_a_batch_of_26_items_is_refused(dynamodb: Any) -> None:
    requests = [{"PutRequest": {"Item": _item(number)}} for number in range(26)]

    with pytest.raises(dynamodb.exceptions.ClientError) as refused:
        dynamodb.batch_write_item(RequestItems={TABLE: requests})

    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_get_query_and_delete_work_on_one_item(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=_item(1))
    key = {"id": {"S": "R-00001"}}

    got = dynamodb.get_item(TableName=TABLE, Key=key)
    queried = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": "R-00001"}},
    )
    dynamodb.delete_item(TableName=TABLE, Key=key)

    assert got["Item"] == _item(1)
    assert queried["Items"] == [_item(1)]
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=key)


def test_a_missing_table_is_told_as_dynamodb_tells_it(dynamodb: Any) -> None:
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.put_item(TableName="absent", Item=_item(1))


def test_an_answer_larger_than_a_network_buffer_arrives_whole(dynamodb: Any) -> None:
    large = {"id": {"S": "large"}, "data": {"S": "x" * 390_000}}
    dynamodb.put_item(TableName=TABLE, Item=large)

    assert dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "large"}})["Item"] == large


def test_plain_http_is_answered_at_the_same_port(plane: Any, dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=_item(1))
    plain = plane.client("dynamodb", plain=True)
    read = plain.get_item(TableName=TABLE, Key={"id": {"S": "R-00001"}})
    assert read["Item"] == _item(1)
