"""The workload that a user names: a built-in workload, a folder, or a SAM template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lambdameter.errors import BadInputError
from lambdameter.model.base import Architecture
from lambdameter.model.workload import Workload
from lambdameter.workload import case_files, loader
from lambdameter.workload.sam import workload as sam
from lambdameter.workload.sam.template import FUNCTION, Template

_SUFFIXES = (".yaml", ".yml", ".template")
_MOST_BY_DEFAULT = 2


class NamedWorkload(NamedTuple):
    """A workload, with the architecture from its template.

    Attributes:
        architecture: architecture of the template's functions; None: not from a template.
    """

    workload: Workload
    architecture: Architecture | None = None


def is_template(named: str) -> bool:
    """Whether a name is that of a template instead of a workload."""
    return Path(named).suffix in _SUFFIXES


def load(
    named: str,
    variants: Sequence[str] | None,
    events: Sequence[Path],
    settings: Mapping[str, str],
    region: str,
) -> NamedWorkload:
    """Read a workload or a template; all arguments but the first are for templates.

    Args:
        named: the name, as the user typed it.
        variants: logical ids of functions; None: all, if there are at most two.
        events: files with events, one for each case.
        settings: values of the template's Parameters.
        region: value of AWS::Region.

    Raises:
        BadInputError: the workload or template is not valid.
    """
    if not is_template(named):
        if events:
            raise BadInputError(
                "Events cannot be given to a workload that has its own",
                place="--event",
                next_step=f"Add a case to the workload's {loader.FILE}; --event is only "
                "for SAM templates.",
            )
        return NamedWorkload(loader.load(named))
    file = Path(named)
    template = Template(_content(file), named, settings, region)
    functions = template.functions(_chosen(template, named, variants))
    architectures = {function.architecture for function in functions}
    if len(architectures) > 1:
        raise BadInputError(
            "The functions have different Architectures, and a bill has only one",
            place=named,
            next_step="Give both functions the same Architectures, or measure them one "
            "after the other with --variants.",
        )
    by_file = {str(path): case_files.read_json(path) for path in events}
    return NamedWorkload(sam.workload(file, functions, by_file), architectures.pop())


def check_events(named: str, events: Sequence[Path]) -> None:
    """Check that a template has events with different names. Raises BadInputError."""
    if is_template(named) and not events:
        raise BadInputError(
            "A SAM template does not contain events to call its functions with",
            place=named,
            next_step="Give a JSON file with --event; `sam local generate-event` makes one.",
        )
    names = [sam.slug(event.stem) for event in events]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise BadInputError(
            f"Two events would have the same name {twice[0]}",
            place="--event",
            next_step="Rename one of the files: the file name becomes the case's name.",
        )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as failure:
        raise BadInputError(
            f"The template cannot be read: {failure.strerror}",
            place=str(file),
            next_step="Give an existing template.yaml that you can read.",
        ) from failure


def _chosen(template: Template, named: str, variants: Sequence[str] | None) -> Sequence[str]:
    ids = template.function_ids()
    if variants is not None:
        return tuple(dict.fromkeys(variants))
    if not ids:
        raise BadInputError(
            f"The template has no {FUNCTION}",
            place=named,
            next_step="Give a template that contains the functions to measure.",
        )
    if len(ids) > _MOST_BY_DEFAULT:
        raise BadInputError(
            f"The template has {len(ids)} functions",
            place=named,
            next_step=f"Choose functions that do the same with --variants: {', '.join(ids)}.",
        )
    return ids
