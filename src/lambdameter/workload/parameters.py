"""The parameters of a workload's calls, with the user's settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from lambdameter.errors import BadInputError
from lambdameter.model.base import CALLS, Call, ParameterValue
from lambdameter.model.workload import Workload

_TRUTH = {"true": True, "false": False}


def apply_settings(
    workload: Workload, settings: Mapping[str, str]
) -> dict[Call, dict[str, ParameterValue]]:
    """The parameters of each call, with a user's `--set name=value` and `--set cold.name=value`.

    A plain name sets the default, which a call's own value in workload.toml still overrides. A name
    with a call as prefix sets the parameter only for that call. Values have the type of the
    default.

    Raises:
        BadInputError: a parameter is unknown, or a value has another type.
    """
    defaults = dict(workload.parameters)
    own: dict[Call, dict[str, ParameterValue]] = {
        call: dict(getattr(workload.calls, call)) for call in CALLS
    }
    layers: dict[str, dict[str, ParameterValue]] = {"": defaults} | {
        str(call): own[call] for call in CALLS
    }
    for name, text in settings.items():
        call, _, parameter = name.rpartition(".")
        if parameter not in defaults or call not in layers:
            names = ", ".join(sorted(defaults))
            raise BadInputError(
                f"Workload {workload.name} has no parameter named {name!r}",
                place="--set",
                next_step=f"Its parameters are {names}; the prefix cold. or warm. sets a "
                "parameter for these calls only.",
            )
        value = _typed(parameter, text, workload.parameters[parameter])
        layers[call][parameter] = value
    return {call: defaults | own[call] for call in CALLS}


def _typed(name: str, text: str, default: ParameterValue) -> ParameterValue:
    try:
        if isinstance(default, bool):
            return _TRUTH[text.lower()]
        return type(default)(text)
    except (KeyError, ValueError):
        raise BadInputError(
            f"{text!r} is not of the type {type(default).__name__}",
            place=f"--set {name}",
            next_step=f"Give a value like {default}.",
        ) from None
