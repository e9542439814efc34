"""Lambda's REPORT line and the x-lambdameter-* headers: written by the emulator, read by a target.

Both sides share this module, so that they cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from lambdameter.model.sample import Meter, Modelled, Report, ServiceTime, TargetInfo

# The REPORT line's fields and their order, as AWS writes them:
# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
_REPORT = re.compile(
    r"REPORT RequestId: (?P<request_id>\S+)\t"
    r"Duration: (?P<duration_ms>[\d.]+) ms\t"
    r"Billed Duration: (?P<billed_ms>\d+) ms\t"
    r"Memory Size: (?P<memory_mb>\d+) MB\t"
    r"Max Memory Used: (?P<max_memory_mb>\d+) MB\t?"
    r"(?:Init Duration: (?P<init_ms>[\d.]+) ms\t?)?"
    r"(?P<rest>[^\n]*)"
)
_STATUS = re.compile(r"Status: (\S+)")
_ERROR_TYPE = re.compile(r"Error Type: (\S+)")

ENVIRONMENT = "x-lambdameter-environment"
CPU_MS = "x-lambdameter-cpu-ms"
THROTTLED_MS = "x-lambdameter-throttled-ms"
INIT_CPU_MS = "x-lambdameter-init-cpu-ms"
PEAK_MEMORY_MB = "x-lambdameter-peak-memory-mb"
DISTURBED_MS = "x-lambdameter-disturbed-ms"
INIT_DISTURBED_MS = "x-lambdameter-init-disturbed-ms"
SERVICE = "x-lambdameter-service"
MODELLED = "x-lambdameter-modelled"
HOST = "x-lambdameter-host"


def format_report(report: Report) -> str:
    """The line as AWS prints it, with tabs and final newline."""
    fields = [
        f"REPORT RequestId: {report.request_id}",
        f"Duration: {report.duration_ms:.2f} ms",
        f"Billed Duration: {report.billed_ms} ms",
        f"Memory Size: {report.memory_mb} MB",
        f"Max Memory Used: {report.max_memory_mb} MB",
    ]
    if report.init_ms is not None:
        fields.append(f"Init Duration: {report.init_ms:.2f} ms")
    if report.status is not None:
        fields.append(f"Status: {report.status}")
    if report.error_type is not None:
        fields.append(f"Error Type: {report.error_type}")
    return "\t".join(fields) + "\t\n"


def parse_report(log: str) -> Report | None:
    """The last REPORT line in a log tail; None where there is none: it may be cut off."""
    matches = list(_REPORT.finditer(log))
    if not matches:
        return None
    last = matches[-1]
    status = _STATUS.search(last["rest"])
    error_type = _ERROR_TYPE.search(last["rest"])
    return Report(
        request_id=last["request_id"],
        duration_ms=float(last["duration_ms"]),
        billed_ms=int(last["billed_ms"]),
        memory_mb=int(last["memory_mb"]),
        max_memory_mb=int(last["max_memory_mb"]),
        init_ms=float(last["init_ms"]) if last["init_ms"] else None,
        status=status[1] if status else None,
        error_type=error_type[1] if error_type else None,
    )


def format_meter(meter: Meter) -> dict[str, str]:
    """Header name -> value, for every known figure."""
    headers = {ENVIRONMENT: meter.environment}
    for name, value in (
        (CPU_MS, meter.cpu_ms),
        (THROTTLED_MS, meter.throttled_ms),
        (INIT_CPU_MS, meter.init_cpu_ms),
        (PEAK_MEMORY_MB, meter.peak_memory_mb),
        (DISTURBED_MS, meter.disturbed_ms),
        (INIT_DISTURBED_MS, meter.init_disturbed_ms),
    ):
        if value is not None:
            headers[name] = f"{value:.3f}"
    if meter.service is not None:
        headers[SERVICE] = msgspec.json.encode(meter.service).decode()
    if meter.modelled is not None:
        headers[MODELLED] = msgspec.json.encode(meter.modelled).decode()
    return headers


def parse_meter(headers: Mapping[str, str]) -> Meter | None:
    """The meter in an answer's headers; None where the target is not the emulator."""
    if ENVIRONMENT not in headers:
        return None

    def figure(name: str) -> float | None:
        return float(headers[name]) if name in headers else None

    return Meter(
        environment=headers[ENVIRONMENT],
        cpu_ms=figure(CPU_MS),
        throttled_ms=figure(THROTTLED_MS),
        init_cpu_ms=figure(INIT_CPU_MS),
        peak_memory_mb=figure(PEAK_MEMORY_MB),
        disturbed_ms=figure(DISTURBED_MS),
        init_disturbed_ms=figure(INIT_DISTURBED_MS),
        service=msgspec.json.decode(headers[SERVICE], type=ServiceTime)
        if SERVICE in headers
        else None,
        modelled=msgspec.json.decode(headers[MODELLED], type=Modelled)
        if MODELLED in headers
        else None,
    )


def format_host(info: TargetInfo) -> dict[str, str]:
    """The header that every answer of the emulator carries."""
    return {HOST: msgspec.json.encode(info).decode()}


def parse_host(headers: Mapping[str, str]) -> TargetInfo | None:
    """What the emulator says of itself; None where the target is not the emulator."""
    return msgspec.json.decode(headers[HOST], type=TargetInfo) if HOST in headers else None
