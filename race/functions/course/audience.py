"""The pages that watch: who is there, and how they are told.

A connection is an empty object below `connections/` in the race's bucket: put by $connect, deleted
by $disconnect, and by the runner where it finds it gone. The bucket forgets them after a day, since
AWS does its best to deliver $disconnect and promises nothing:
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
# Before any id, so that whoever records is listed, and told, however many pages there are.
_FIRST = f"{PREFIX}!"
# Twenty pages and a recorder; each costs the racers one request every 1,000 records.
LARGEST = 21
# A page that is slow to reach is left behind: a race waits for nobody.
PROMPT = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


def now_ms() -> float:
    """Every message's `at_ms`: Unix epoch by the sender's clock."""
    return round(time.time() * 1_000, 3)


def join(s3: Any, bucket: str, connection: str, *, records: bool) -> None:
    """From now on this page is told of races that start."""
    s3.put_object(Bucket=bucket, Key=(_FIRST if records else PREFIX) + connection, Body=b"")


def leave(s3: Any, bucket: str, connection: str) -> None:
    """From now on it is not; $disconnect does not say which of the two it was."""
    for prefix in (PREFIX, _FIRST):
        s3.delete_object(Bucket=bucket, Key=prefix + connection)


def present(s3: Any, bucket: str, first: str) -> list[str]:
    """The connections that are told: the one that asked first, and no more than `LARGEST`."""
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX, MaxKeys=LARGEST)
    keys = (found["Key"] for found in listed.get("Contents", []))
    others = [key.removeprefix(_FIRST).removeprefix(PREFIX) for key in keys]
    return [first, *(one for one in others if one != first)][:LARGEST]


class Audience:
    """Tells every connection, one after the other; one that is gone is told nothing more.

    Args:
        gateway: a client of `apigatewaymanagementapi`.
        connections: in the order in which they are told.

    Attributes:
        connections: those of them that are not gone.
        gone: the others.
    """

    def __init__(self, gateway: Any, connections: Iterable[str]) -> None:
        self._gateway = gateway
        self.connections = list(connections)
        self.gone: list[str] = []

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message; that one page cannot be told is no reason not to go on."""
        data = json.dumps(message).encode()
        for connection in tuple(self.connections):
            try:
                self._gateway.post_to_connection(ConnectionId=connection, Data=data)
            except ClientError as error:
                if error.response["Error"]["Code"] == "GoneException":
                    self.connections.remove(connection)
                    self.gone.append(connection)
                else:
                    print(json.dumps({"not_told": connection, "why": str(error)}))
            except BotoCoreError as error:
                print(json.dumps({"not_told": connection, "why": str(error)}))
