"""How the emulator is started, and what it answers: the records that cross its process's border."""

from __future__ import annotations

import msgspec

from lambdameter.emulator.gateway.declaration import WebSocketApi
from lambdameter.emulator.http.binding import LOOPBACK

# The value of `Options.speed` that leaves the CPUs as fast as they are.
HOST_SPEED = "host"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the emulator is started with.

    Attributes:
        port: of the control API; 0 takes a free one.
        host: the IP address at which it, DynamoDB and S3 listen; 0.0.0.0 or ::, at every one.
        allow_hosts: names and addresses that clients may call these three by, beside loopback's
            and `host`.
        latency: "off", the services' median in ms, a model's file, or None for the data plane's
            own default.
        faults: what the data plane is to inject, "throttle=0.05,cut=0.01"; None: nothing.
        sandbox: "auto" or a way of enforcing by its name.
        speed: "host", or the file of a calibration: functions run at a Lambda vCPU's speed.
        overheads: whether what AWS adds to an environment is added.
        data_plane: without one, functions run and have no services; for our own tests.
        websocket_api: one in front of the functions, on a port of its own.
    """

    port: int = 0
    host: str = LOOPBACK
    allow_hosts: tuple[str, ...] = ()
    latency: str | None = None
    faults: str | None = None
    seed: int | None = None
    sandbox: str = "auto"
    speed: str = HOST_SPEED
    overheads: bool = True
    region: str = "us-east-1"
    data_plane: bool = True
    websocket_api: WebSocketApi | None = None


class EmulatorReady(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The one line that the emulator prints when it is ready; None: no data plane.

    Attributes:
        cleared: what it removed first, since an emulator that was killed had left it.
        websocket: the WebSocket API's URL, ws://; connections: of its @connections.
    """

    endpoint: str
    dynamodb: str | None
    s3: str | None
    ca_bundle: str | None
    region: str
    cleared: tuple[str, ...] = ()
    websocket: str | None = None
    connections: str | None = None


class EmulatorFailed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The one line that it prints instead, where it cannot start; exit_code is errors.py's."""

    cause: str
    place: str | None
    next_step: str
    exit_code: int
