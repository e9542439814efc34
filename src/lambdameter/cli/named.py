"""What a user names to be run: a built-in workload, a folder, or a SAM template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lambdameter import case_files
from lambdameter import workload as workloads
from lambdameter.errors import BadInputError
from lambdameter.model import Architecture, Workload
from lambdameter.sam import duel
from lambdameter.sam.template import FUNCTION, Template

_SUFFIXES = (".yaml", ".yml", ".template")
_A_DUEL = 2


class Named(NamedTuple):
    """A workload, and what the template that it was made of says besides.

    Attributes:
        architecture: of its functions; None: it is no template's.
    """

    workload: Workload
    architecture: Architecture | None = None


def is_template(named: str) -> bool:
    """Whether this is the name of a template, and not of a workload."""
    return Path(named).suffix in _SUFFIXES


def load(
    named: str,
    variants: Sequence[str] | None,
    events: Sequence[Path],
    settings: Mapping[str, str],
    region: str,
) -> Named:
    """Read what was named.

    Args:
        named: as the user typed it.
        variants: of a template: logical ids of its functions; None: all, if they are two at most.
        events: of a template: its cases.
        settings: of a template: values of its Parameters.
        region: of a template: what AWS::Region is.

    Raises:
        BadInputError: it is not what it should be.
    """
    if not is_template(named):
        if events:
            raise BadInputError(
                "A workload has events of its own",
                place="--event",
                next_step=f"Add a case to its {workloads.FILE}; --event is for templates.",
            )
        return Named(workloads.load(named))
    file = Path(named)
    template = Template(_content(file), named, settings, region)
    functions = template.functions(_chosen(template, named, variants))
    architectures = {one.architecture for one in functions}
    if len(architectures) > 1:
        raise BadInputError(
            "The functions have different Architectures, and one is priced",
            place=named,
            next_step="Give both the same, or measure one after the other with --variants.",
        )
    known = {str(one): case_files.read_json(one) for one in events}
    return Named(duel.workload(file, functions, known), architectures.pop())


def check_events(named: str, events: Sequence[Path]) -> None:
    """A template says nothing of what its functions are called with. Raises BadInputError."""
    if is_template(named) and not events:
        raise BadInputError(
            "A template names no event that its functions are called with",
            place=named,
            next_step="Give a JSON file with --event; `sam local generate-event` makes one.",
        )
    names = [duel.slug(one.stem) for one in events]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise BadInputError(
            f"Two events would both be named {twice[0]}",
            place="--event",
            next_step="Rename one of the files: a case is named for its file.",
        )


def read_settings(given: Sequence[str]) -> dict[str, str]:
    """The values of `--set name=value`. Raises BadInputError."""
    settings = {}
    for one in given:
        name, separator, value = one.partition("=")
        if not separator or not name:
            raise BadInputError(
                f"{one!r} sets nothing",
                place="--set",
                next_step="Give name=value, for instance records=2000.",
            )
        settings[name.strip()] = value.strip()
    return settings


def read_tiers(listed: str) -> tuple[int, ...]:
    """The memory sizes of `--memory 128,1024`. Raises BadInputError."""
    try:
        return tuple(int(one) for one in listed.split(","))
    except ValueError:
        raise BadInputError(
            f"{listed!r} is no list of tiers",
            place="--memory",
            next_step="Give whole MB separated by commas, for instance 128,1024.",
        ) from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as failure:
        raise BadInputError(
            f"The template cannot be read: {failure.strerror}",
            place=str(file),
            next_step="Name a template.yaml that is there and that you may read.",
        ) from failure


def _chosen(template: Template, named: str, variants: Sequence[str] | None) -> Sequence[str]:
    ids = template.function_ids()
    if variants is not None:
        return tuple(dict.fromkeys(variants))
    if not ids:
        raise BadInputError(
            f"The template has no {FUNCTION}",
            place=named,
            next_step="Name a template that has the functions to be measured.",
        )
    if len(ids) > _A_DUEL:
        raise BadInputError(
            f"The template has {len(ids)} functions",
            place=named,
            next_step=f"Say which do the same, with --variants: {', '.join(ids)}.",
        )
    return ids
