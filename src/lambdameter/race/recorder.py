"""Watches a gateway, and writes down what it tells, as it comes.

Each race is a folder, named by its id: `race.json` (where, under which conditions) and
`messages.ndjson`, one message a line. A message that has come is on disk before the next is read.
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
from lambdameter.model.live import LiveSite, Message, RaceHead
from lambdameter.race import races

# The gateway's: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_LARGEST_MESSAGE = 128 * 1024
# So it is told of each race, however many pages there are (race/functions/course/audience.py).
_AS_RECORDER = "?recorder=1"


class Recorder:
    """Takes messages down.

    Args:
        out: the folder of all races; it is made when there is something to write.
        site: where they are held.

    Attributes:
        begun: the races that something was told of.
        current: the one that is on, or was on last.
    """

    def __init__(self, out: Path, site: LiveSite) -> None:
        self._out = out
        self._site = msgspec.structs.replace(site, token=None, websocket=None)
        self.begun: set[str] = set()
        self.current: str | None = None

    def hear(self, text: str | bytes) -> None:
        """One message of the gateway's; what is of no race is not kept.

        Raises:
            HostError: it cannot be written.
        """
        try:
            message = msgspec.json.decode(text, type=Message)
        except msgspec.MsgspecError:
            return  # nothing of the race's functions
        race = message.get("race")
        if not races.is_id(race):
            return
        folder = self._out / race
        verdict = message.get("type") == "verified"
        if verdict and not folder.exists():
            return  # on a race that was held while nobody recorded
        try:
            if race not in self.begun:
                self._begin(folder, race)
            with (folder / races.MESSAGES).open("ab") as file:
                file.write(msgspec.json.encode(message) + b"\n")
        except OSError as failure:
            raise HostError(
                f"The race cannot be recorded: {failure.strerror}",
                place=str(folder),
                next_step="Free some space, or choose another folder with --out.",
            ) from failure
        if not verdict:
            self.current = race

    def _begin(self, folder: Path, race: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        head = folder / races.HEAD
        if not head.exists():
            part = head.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(RaceHead(race=race, site=self._site)))
            part.rename(head)
        _mend(folder / races.MESSAGES)
        self.begun.add(race)


def _mend(file: Path) -> None:
    """A last line that was cut off, when a recorder was killed, would run into the next."""
    if file.exists():
        whole = file.read_bytes().rfind(b"\n") + 1
        os.truncate(file, whole)


async def record(url: str, recorder: Recorder, watching: asyncio.Event) -> None:
    """Watch for good; a connection that is cut is made again.

    Args:
        url: of the gateway.
        recorder: takes down what comes.
        watching: set when races are heard of.

    Raises:
        HostError: a message cannot be written.
        TargetError: there is no gateway at the start, or none that lets us in.
    """

    def fatal(failure: Exception) -> Exception | None:
        return _fatal(failure) if watching.is_set() else failure

    try:
        async for gateway in connect(
            url + _AS_RECORDER, max_size=_LARGEST_MESSAGE, process_exception=fatal, proxy=None
        ):
            watching.set()
            try:
                async for message in gateway:
                    recorder.hear(message)
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
    """None where another try may help: what the library says, and where all of us are too many.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
    """
    status = failure.response.status_code if isinstance(failure, InvalidStatus) else None
    return None if status == HTTPStatus.TOO_MANY_REQUESTS else process_exception(failure)
