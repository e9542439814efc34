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
        port: port of the control API; 0: a free port.
        host: the IP address at which the control API, DynamoDB and S3 listen; 0.0.0.0 or ::, at
            every address of this machine.
        allow_hosts: further names and addresses by which clients may call these three.
        latency: service latency: "off", the median in ms, or a model file; None: the built-in
            model.
        faults: faults to inject, "throttle=0.05,cut=0.01"; None: no faults.
        seed: seed of service latency and faults; None: a random one.
        sandbox: "auto", or the name of a sandbox.
        speed: "host", or the file of a calibration: functions run at a Lambda vCPU's speed.
        overheads: whether what AWS adds to an environment is added.
        services: whether there are local services; False for our own tests only.
        websocket_api: a WebSocket API in front of the functions, on a port of its own; None: no
            such API.
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
    services: bool = True
    websocket_api: WebSocketApi | None = None


class EmulatorReady(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The one line that the emulator prints when it is ready.

    Attributes:
        endpoint: URL of the control API.
        dynamodb, s3, ca_bundle: URLs of the local services, and the file of whom to trust; None:
            there are no local services.
        cleared: remains of emulators that were killed, which this one has removed.
        websocket, connections: URLs of the WebSocket API and of its @connections; None: there is
            no such API.
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
    """The line that the emulator prints instead where it cannot start.

    Attributes:
        exit_code: as errors.py has it.
    """

    cause: str
    place: str | None
    next_step: str
    exit_code: int
