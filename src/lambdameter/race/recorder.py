"""Records races: connects to the WebSocket API and writes each message to disk as it arrives.

Each race is a folder, named by its id: `race.json` (where the race ran, and under which conditions)
and `messages.ndjson`, one message a line. A message is on disk before the next one is read.
"""

from __future__ import annotations

import asyncio
import os
from http import HTTPStatus
from pathlib import Path

import msgspec
from websockets.asyncio.client import connect
from websockets.client import process_exception
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from lambdameter.errors import HostError, TargetError
from lambdameter.model.race_messages import RaceMessage, Verified
from lambdameter.model.race_records import RaceHead, RaceSite
from lambdameter.race import recordings

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_MAX_MESSAGE_BYTES = 128 * 1024
# A recorder gets the messages of each race, however many pages are connected
# (race/functions/shared/broadcast.py).
_AS_RECORDER = "?recorder=1"


class Recorder:
    """Writes messages into the folders of their races.

    Args:
        folder: the folder of all races; it is created with the first message.
        site: where the races run.

    Attributes:
        recorded: ids of the races that have a message.
        current: id of the race that is running, or ran last.
    """

    def __init__(self, folder: Path, site: RaceSite) -> None:
        self._folder = folder
        self._site = msgspec.structs.replace(site, token=None, websocket=None)
        self.recorded: set[str] = set()
        self.current: str | None = None

    def record(self, text: str | bytes) -> None:
        """Write a message from the WebSocket API, unless it belongs to no race.

        Raises:
            HostError: the message cannot be written.
        """
        try:
            message = msgspec.json.decode(text, type=RaceMessage)
        except msgspec.MsgspecError:
            return
        if not recordings.is_id(message.race):
            return
        folder = self._folder / message.race
        is_verdict = isinstance(message, Verified)
        if is_verdict and not folder.exists():
            return  # the race ran while nothing was recording
        try:
            if message.race not in self.recorded:
                self._start(folder, message.race)
            with (folder / recordings.MESSAGES).open("ab") as file:
                # All of the message, also fields that this version does not know.
                file.write(msgspec.json.encode(msgspec.json.decode(text)) + b"\n")
        except OSError as failure:
            raise HostError(
                f"The race cannot be recorded: {failure.strerror}",
                place=str(folder),
                next_step="Free some space, or choose another folder with --out.",
            ) from failure
        if not is_verdict:
            self.current = message.race

    def _start(self, folder: Path, race: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        head = folder / recordings.HEAD
        if not head.exists():
            part = head.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(RaceHead(race=race, site=self._site)))
            part.rename(head)
        _drop_incomplete_line(folder / recordings.MESSAGES)
        self.recorded.add(race)


def _drop_incomplete_line(file: Path) -> None:
    """If a recorder was killed while writing, the next message would continue its last line."""
    if file.exists():
        whole = file.read_bytes().rfind(b"\n") + 1
        os.truncate(file, whole)


async def record(url: str, recorder: Recorder, connected: asyncio.Event) -> None:
    """Record until cancelled; reconnect after each disconnection.

    Args:
        url: of the WebSocket API.
        recorder: writes the messages.
        connected: set with the first connection.

    Raises:
        HostError: a message cannot be written.
        TargetError: the first connection is refused.
    """

    def fatal(failure: Exception) -> Exception | None:
        return _fatal(failure) if connected.is_set() else failure

    try:
        async for gateway in connect(
            url + _AS_RECORDER, max_size=_MAX_MESSAGE_BYTES, process_exception=fatal, proxy=None
        ):
            connected.set()
            try:
                async for message in gateway:
                    recorder.record(message)
            except ConnectionClosed:
                continue
    except (OSError, InvalidHandshake, InvalidURI) as refusal:
        raise TargetError(
            f"The WebSocket API refuses connections: {str(refusal) or 'it does not answer'}",
            place=url,
            next_step="Check that the WebSocket API exists; on AWS, `lambdameter deploy` "
            "creates it.",
        ) from refusal


def _fatal(failure: Exception) -> Exception | None:
    """None if connecting again may help: what the library says, and 429 because it passes.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
    """
    status = failure.response.status_code if isinstance(failure, InvalidStatus) else None
    return None if status == HTTPStatus.TOO_MANY_REQUESTS else process_exception(failure)
