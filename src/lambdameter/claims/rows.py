"""Every row of a published text: each figure, and each further statement."""

from __future__ import annotations

import msgspec

from lambdameter.model.claim import ClaimRow, ClaimSource, PublishedFigure, Quantity, Tolerance

# Name and unit of each metric; a phase has its own name.
_METRICS: dict[str, tuple[str, str]] = {
    "init_ms": ("Init", "ms"),
    "duration_ms": ("first", "ms"),
    "second_ms": ("second", "ms"),
    "billed_ms": ("billed", "ms"),
    "max_memory_mb": ("Max Memory", "MB"),
    "zip_bytes": ("package", "B"),
    "binary_bytes": ("binary", "B"),
    "mean_ms": ("mean", "ms"),
    "least_ms": ("least", "ms"),
    "most_ms": ("most", "ms"),
    "mean_billed_ms": ("billed, mean", "ms"),
    "total_ms": ("total", "ms"),
    "per_1000_ms": ("per 1,000", "ms"),
}
# Ranges over several environments; for warm calls they are ranges over the calls of one.
_RANGES = {
    "least_init_ms": "init_ms",
    "most_init_ms": "init_ms",
    "least_ms": "duration_ms",
    "most_ms": "duration_ms",
    "least_second_ms": "second_ms",
    "most_second_ms": "second_ms",
}
_TOLERANCES: dict[str, Tolerance] = {
    "max_memory_mb": "memory",
    "zip_bytes": "size",
    "binary_bytes": "size",
}


def rows(source: ClaimSource) -> tuple[ClaimRow, ...]:
    """All rows, ordered by claim; an explicit row replaces the figure with the same id."""
    by_id: dict[str, ClaimRow] = {}
    for figure in source.figures:
        row = _row(figure)
        by_id[row.id] = _joined(by_id[row.id], row) if row.id in by_id else row
    by_id |= {row.id: row for row in source.rows}
    return tuple(sorted(by_id.values(), key=lambda row: _order(row.claim)))


def _order(claim: str) -> tuple[str, int]:
    """Sort key of a claim: K2 is before K10."""
    letters = claim.rstrip("0123456789")
    return letters, int(claim[len(letters) :] or 0)


def _row(figure: PublishedFigure) -> ClaimRow:
    ranged = figure.call == "cold" and figure.metric in _RANGES
    metric = _RANGES[figure.metric] if ranged else figure.metric
    name, unit = _METRICS.get(metric, (metric, "ms"))
    # The second call of an environment is a warm call, also in a table of cold calls.
    call = "warm" if metric == "second_ms" else figure.call
    parts = (figure.variant, figure.case, f"{figure.memory_mb}", figure.call, metric)
    return ClaimRow(
        id=".".join((figure.claim, *parts)),
        claim=figure.claim,
        title=f"{figure.variant} {figure.case} {figure.call}: {name}",
        unit=unit,
        value=None if ranged else figure.value,
        low=figure.value if ranged else None,
        high=figure.value if ranged else None,
        of=(
            Quantity(
                workload=figure.workload,
                variant=figure.variant,
                case=figure.case,
                memory_mb=figure.memory_mb,
                call=call,
                metric=metric,
            ),
        ),
        tolerance=_TOLERANCES.get(metric, "time"),
    )


def _joined(first: ClaimRow, second: ClaimRow) -> ClaimRow:
    """One row with a value and the ends of its range."""
    ends = [end for row in (first, second) for end in (row.low, row.high) if end is not None]
    value = first.value if first.value is not None else second.value
    return msgspec.structs.replace(
        first, value=value, low=min(ends, default=None), high=max(ends, default=None)
    )
