"""Styles of reports: one colour per variant, and marks that also work without colours.

The colours are the Okabe-Ito set, which the colour-blind can distinguish:
https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.style import Style
from rich.text import Text

from lambdameter.model.workload import Variant

WIDTH = 100
_SHORTEST = 8
BLUE = "#0072B2"
VERMILION = "#D55E00"
BY_LANGUAGE = {"python": BLUE, "rust": VERMILION}
FURTHER = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")

HEAD = Style(bold=True)
QUIET = Style(dim=True)
BETTER = Style(bold=True)
# Published and modelled figures; each also carries a mark of its own.
NOT_MEASURED = Style(dim=True, italic=True)
# No colour: the colours are the variants'.
ALARM = Style(bold=True, reverse=True)
BAD = Style(bold=True)


def variant_styles(variants: Sequence[Variant]) -> dict[str, Style]:
    """Variant name -> style: the colour of its language if it is free, otherwise the next one."""
    free = iter(FURTHER)
    used: set[str] = set()
    styles = {}
    for variant in variants:
        colour = BY_LANGUAGE.get(variant.language)
        if colour is None or colour in used:
            colour = next(free, None)
        if colour is not None:
            used.add(colour)
        styles[variant.name] = Style(color=colour)
    return styles


def published(figure: str) -> Text:
    """A published figure, in parentheses that hang, so that digits stay aligned."""
    return Text(f"({figure})", style=NOT_MEASURED)


def modelled(figure: str) -> Text:
    """A figure that one of our own models computed."""
    return Text(f"≈{figure} ", style=NOT_MEASURED)


def measured(figure: str, *, better: bool = False) -> Text:
    """A figure that was measured here."""
    return Text(f"{figure} ", style=BETTER if better else "")


@dataclass(frozen=True)
class Label:
    """Case and variant of a row, aligned with those of other rows.

    Attributes:
        width: width of the longest case title, in cells.
    """

    case: str
    variant: Text
    width: int

    def text(self, *, less: int = 0) -> Text:
        """Both titles; the case is cut to `less` cells less than the width."""
        case = Text(self.case)
        room = max(self.width - less, min(self.width, _SHORTEST))
        case.truncate(room, overflow="ellipsis", pad=True)
        return case.append(" ").append_text(self.variant)

    def followed_by(self, text: str, style: Style | str = "") -> Label:
        """This label with more text after the variant."""
        return replace(self, variant=Text().append_text(self.variant).append(text, style))


def prose(sentence: str, *, label: str = "", indent: int = 0) -> str:
    """A sentence in lines of at most WIDTH cells, after a label that hangs to its left."""
    return textwrap.fill(
        sentence,
        WIDTH,
        initial_indent=f"{label:<{indent}}",
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )


def labelled(label: str, value: str, indent: int) -> Text:
    """A sentence as `prose` wraps it, after its label in a quiet style."""
    text = Text(prose(value, label=label, indent=indent))
    text.stylize(QUIET, 0, indent)
    return text
