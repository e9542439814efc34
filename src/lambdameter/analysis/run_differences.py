"""What differed between two runs besides the code, and how much each difference matters. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from lambdameter.model.gate import ConditionDifference
from lambdameter.model.sample import Manifest

_Pair = tuple[str, Any, Any]

_NOTHING = "none"
# Fields of an enforcement that change no figure.
_WORDS = {"isolation", "missing"}


def differences(base: Manifest, head: Manifest) -> tuple[ConditionDifference, ...]:
    """Every difference except the code's, the most important first."""
    items = [*_work(base, head), *_figures(base, head), *_background(base, head)]
    return tuple(item for item in items if item.base != item.head or item.topic == _FAULTS)


_FAULTS = "injected faults"


def _work(base: Manifest, head: Manifest) -> Iterator[ConditionDifference]:
    pairs: list[_Pair] = [("workload", base.workload.name, head.workload.name)]
    pairs += _each("parameters", base.parameters, head.parameters)
    pairs += _each("data", _data(base), _data(head))
    if base.target.faults or head.target.faults:
        pairs.append((_FAULTS, base.target.faults, head.target.faults))
    yield from _differences("work", pairs)


def _figures(base: Manifest, head: Manifest) -> Iterator[ConditionDifference]:
    pairs: list[_Pair] = [
        (f"target: {name}", getattr(base.target, name), getattr(head.target, name))
        for name in ("name", "region", "architecture", "latency_model", "overheads")
    ]
    pairs += _each("enforcement", _enforcement(base), _enforcement(head))
    pairs.append(("calibration", _calibration(base), _calibration(head)))
    pairs.append(("priced as", base.conditions.architecture, head.conditions.architecture))
    if _own_speed(base) and _own_speed(head):
        pairs.append(("CPU", base.host.get("cpu"), head.host.get("cpu")))
    yield from _differences("figures", pairs)


def _background(base: Manifest, head: Manifest) -> Iterator[ConditionDifference]:
    pairs: list[_Pair] = [
        ("lambdameter", base.lambdameter, head.lambdameter),
        ("memory sizes", _listed(base.memory_mb), _listed(head.memory_mb)),
        ("variants", _listed(_variants(base)), _listed(_variants(head))),
    ]
    pairs += _each("engine", base.target.engines, head.target.engines)
    pairs += _each("runtime", base.target.runtimes, head.target.runtimes)
    both_own = _own_speed(base) and _own_speed(head)
    hosts = [
        {key: value for key, value in manifest.host.items() if not (both_own and key == "cpu")}
        for manifest in (base, head)
    ]
    pairs += _each("host", *hosts)
    yield from _differences("told", pairs)


def _differences(weight: Any, pairs: list[_Pair]) -> Iterator[ConditionDifference]:
    for topic, base, head in pairs:
        yield ConditionDifference(topic=topic, base=_text(base), head=_text(head), weight=weight)


def _each(name: str, base: Any, head: Any) -> list[_Pair]:
    """Two nested mappings, leaf by leaf."""
    if not isinstance(base, dict) or not isinstance(head, dict):
        return [(name, base, head)]
    return [
        pair
        for key in dict.fromkeys([*base, *head])
        for pair in _each(f"{name}: {key}", base.get(key), head.get(key))
    ]


def _data(manifest: Manifest) -> dict[str, dict[str, str]]:
    """The expected results: two generators that agree on these made the same task."""
    return {
        call: {
            case: f"{expected.count} records, sha256 {expected.digest[:12]}"
            for case, expected in dataset.expected.items()
        }
        for call, dataset in manifest.datasets.items()
    }


def _enforcement(manifest: Manifest) -> dict[str, Any] | None:
    if manifest.target.enforcement is None:
        return None
    fields: dict[str, Any] = msgspec.to_builtins(manifest.target.enforcement)
    return {key: value for key, value in fields.items() if key not in _WORDS}


def _calibration(manifest: Manifest) -> str | None:
    """The factors that the CPUs were slowed by; the date of the calibration does not matter."""
    calibration = manifest.target.calibration
    if calibration is None:
        return None
    pythons = calibration.interpreters or {"interpreters": calibration.interpreter}
    factors = ", ".join(f"{name} {speed.factor:.3f}" for name, speed in pythons.items())
    return f"{calibration.architecture}: {factors}, compiled code {calibration.compiled.factor:.3f}"


def _own_speed(manifest: Manifest) -> bool:
    return manifest.target.name == "local" and manifest.target.calibration is None


def _variants(manifest: Manifest) -> list[str]:
    planned = {trial.variant for trial in manifest.plan}
    return [variant.name for variant in manifest.workload.variants if variant.name in planned]


def _listed(items: Any) -> str:
    return ", ".join(map(str, items))


def _text(value: Any) -> str:
    return _NOTHING if value is None or value == "" else str(value)
