"""The progress of a build on a console."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from lambdameter.build.compiled import Build

# Where the console is a file, a line now and then instead of a bar.
_LINE_EVERY_S = 30.0
_MINUTE_MS = 60_000
# The share of the work from which on the speed so far predicts the rest.
_ENOUGH = 0.05


def left_ms(build: Build, weight: Mapping[str, int], elapsed_s: float) -> float | None:
    """Time left, ms, at the speed so far; None while too little is done.

    Args:
        build: the build so far.
        weight: package id -> its weight.
        elapsed_s: time since the first crate was started, seconds.
    """
    done = sum(weight.get(package, 0) for package in build.built)
    rest = sum(weight[package] for package in weight.keys() - build.built - build.fresh)
    if done < _ENOUGH * (done + rest) or not done:
        return None
    return elapsed_s * 1000 * rest / done


def counts(build: Build, weight: Mapping[str, int]) -> tuple[int, int]:
    """Numbers of crates done and of all crates, without those that were built before."""
    return len(build.built), len(build.built | (weight.keys() - build.fresh))


class Bar:
    """A bar on a terminal, a line every half minute elsewhere."""

    def __init__(self, console: Console, weight: Mapping[str, int]) -> None:
        self._console = console
        self._weight = weight
        self._next_line_s = 0.0
        self._began_s: float | None = None
        self._bar = Progress(
            TextColumn("Building"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f} crates"),
            TextColumn("{task.fields[left]}"),
            TextColumn("[dim]{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=1, left="")
        self._bar.start()

    def show(self, build: Build, elapsed_s: float) -> None:
        """Show the current state."""
        done, total = counts(build, self._weight)
        if self._began_s is None and build.compiling:
            self._began_s = elapsed_s
        if self._began_s is None:
            remaining = build.current or "waiting for cargo"
        else:
            remaining = left_text(left_ms(build, self._weight, elapsed_s - self._began_s))
        self._bar.update(
            self._task,
            completed=done,
            total=total,
            left=remaining,
            description=build.current[:30] if build.compiling else "",
        )
        if not self._console.is_terminal and elapsed_s >= self._next_line_s:
            self._next_line_s = elapsed_s + _LINE_EVERY_S
            self._console.print(
                f"Building: {done}/{total} crates, {remaining}", markup=False, highlight=False
            )

    def close(self) -> None:
        """Remove the bar."""
        self._bar.stop()


def left_text(remaining_ms: float | None) -> str:
    """The time left in words, rounded."""
    if remaining_ms is None:
        return "remaining time not known yet"
    if remaining_ms < _MINUTE_MS:
        return f"about {round(remaining_ms / 1000)} s left"
    return f"about {round(remaining_ms / _MINUTE_MS)} min left"
