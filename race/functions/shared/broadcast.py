"""Sends messages to the connected pages, and keeps the list of connections.

A connection is an empty object below `connections/` in the race's bucket. $connect puts it,
$disconnect deletes it, and so does the runner if a page turns out to be gone. A lifecycle rule
deletes it after a day, because AWS does not guarantee that $disconnect is delivered:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PREFIX = "connections/"
# Sorts before any connection id, so recorders are in the list however many pages there are.
_RECORDER_PREFIX = f"{PREFIX}!"
# Twenty pages and a recorder; each costs the racers one request every 1,000 records.
MAX_CONNECTIONS = 21
# A race does not wait for a page that is slow to reach.
CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


def now_ms() -> float:
    """The `at_ms` of a message: Unix time by the sender's clock."""
    return round(time.time() * 1_000, 3)


def add_connection(s3: Any, bucket: str, connection: str, *, recorder: bool) -> None:
    """Send the messages of future races to this connection."""
    prefix = _RECORDER_PREFIX if recorder else PREFIX
    s3.put_object(Bucket=bucket, Key=prefix + connection, Body=b"")


def remove_connection(s3: Any, bucket: str, connection: str) -> None:
    """Send nothing more to this connection; $disconnect does not tell whether it is a recorder."""
    for prefix in (PREFIX, _RECORDER_PREFIX):
        s3.delete_object(Bucket=bucket, Key=prefix + connection)


def connections(s3: Any, bucket: str, requester: str) -> list[str]:
    """The requester's connection first, then others, at most `MAX_CONNECTIONS`."""
    objects = s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX, MaxKeys=MAX_CONNECTIONS)
    keys = (content["Key"] for content in objects.get("Contents", []))
    ids = [key.removeprefix(_RECORDER_PREFIX).removeprefix(PREFIX) for key in keys]
    return [requester, *(id_ for id_ in ids if id_ != requester)][:MAX_CONNECTIONS]


class Broadcast:
    """Sends messages to connections, one after the other; nothing more to those that are gone.

    Args:
        gateway: a client of `apigatewaymanagementapi`.
        connections: ids, in the order in which messages are sent.

    Attributes:
        connections: the ids that are not known to be gone.
        gone: the others.
    """

    def __init__(self, gateway: Any, connections: Iterable[str]) -> None:
        self._gateway = gateway
        self.connections = list(connections)
        self.gone: list[str] = []

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; a page that cannot be reached is only logged."""
        data = json.dumps(message).encode()
        for connection in tuple(self.connections):
            try:
                self._gateway.post_to_connection(ConnectionId=connection, Data=data)
            except ClientError as error:
                if error.response["Error"]["Code"] == "GoneException":
                    self.connections.remove(connection)
                    self.gone.append(connection)
                else:
                    _log(connection, error)
            except BotoCoreError as error:
                _log(connection, error)


def _log(connection: str, error: Exception) -> None:
    print(json.dumps({"not_sent_to": connection, "reason": str(error)}))
