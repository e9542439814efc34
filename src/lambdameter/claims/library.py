"""The published texts with their figures, and the experiments that judge them."""

from __future__ import annotations

from importlib import resources

import msgspec

from lambdameter.model.claim import ClaimSource, Experiment, FidelityError, Tolerance

_PROTOCOL = ("experiments.toml", "tolerances.toml")


class _Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    experiments: tuple[Experiment, ...] = ()
    tolerances: tuple[FidelityError, ...] = ()


def tables() -> dict[str, bytes]:
    """The tables of the published texts, for an audit: id -> CSV."""
    folder = resources.files("lambdameter.claims") / "tables"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".csv"): file.read_bytes()
        for file in files
        if file.name.endswith(".csv")
    }


def sources() -> tuple[ClaimSource, ...]:
    """Every published text, ordered by id."""
    files = (
        file
        for file in resources.files("lambdameter.claims").iterdir()
        if file.name.endswith(".toml") and file.name not in _PROTOCOL
    )
    claim_sources = (msgspec.toml.decode(file.read_bytes(), type=ClaimSource) for file in files)
    return tuple(sorted(claim_sources, key=lambda source: source.id))


def experiments() -> tuple[Experiment, ...]:
    """The experiments that judge the rows; if several have a cell, the first is used."""
    return _read("experiments.toml").experiments


def tolerances() -> dict[tuple[str, Tolerance], FidelityError]:
    """(source id, kind of figure) -> stated error."""
    read = _read("tolerances.toml").tolerances
    return {(error.source, error.tolerance): error for error in read}


def _read(name: str) -> _Protocol:
    file = resources.files("lambdameter.claims") / name
    return msgspec.toml.decode(file.read_bytes(), type=_Protocol)
