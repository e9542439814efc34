"""One trial's answer and table compared with the expected result. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from lambdameter.errors import TargetError
from lambdameter.model.artifact import Expected
from lambdameter.model.sample import RecordDifference, TrialEquality
from lambdameter.model.workload import Workload
from lambdameter.verify import canonical
from lambdameter.verify import response as answers
from lambdameter.verify import table as tables
from lambdameter.verify.canonical import Item


class ItemSources(msgspec.Struct, frozen=True, kw_only=True):
    """Functions that read items; each is called only if needed.

    Attributes:
        scan: all items of the trial's table, in any order.
        get: one item by its key attributes, typed.
        expected: all items that must be in the table.
        initial: all items that were in the table before the call.
    """

    scan: Callable[[], Iterable[Item]]
    get: Callable[[dict[str, Any]], Item | None]
    expected: Callable[[], Iterable[Item]]
    initial: Callable[[], Iterable[Item]]


def rule(workload: Workload) -> tables.Rule | None:
    """The rule for digests of the workload's table; None: the workload has no table."""
    if workload.table is None:
        return None
    return tables.Rule(
        table=workload.table, ignored=frozenset(field.field for field in workload.equality.table)
    )


def canonical_response(workload: Workload, response: Any) -> str:
    """The part of an answer that must be the same in all variants."""
    return answers.canonical(response, workload.equality)


def check(workload: Workload, must: Expected, response: Any, sources: ItemSources) -> TrialEquality:
    """Compare a trial with the expected result; without a table, only the answer.

    Raises:
        TargetError: the table has an item that DynamoDB cannot have.
    """
    wrong = answers.compare(must.response, response, workload.equality)
    how = rule(workload)
    if how is None:
        return TrialEquality(
            equal=not wrong,
            expected_count=0,
            actual_count=0,
            expected_digest=must.digest,
            actual_digest=must.digest,
            write_units=0,
            differing=0,
            response_differences=wrong,
        )
    try:
        before = tables.digest(sources.initial(), how) if must.initial_count else None
        actual = tables.digest(sources.scan(), how, before)
    except ValueError as failure:
        raise TargetError(
            f"The table's scan returned an item that no table can hold: {failure}",
            next_step='Check the DynamoDB engine that the report names under "What ran".',
        ) from failure
    keys: list[bytes] = []
    if actual.digest != must.digest:
        keys = tables.compare(tables.digest(sources.expected(), how), actual).keys
    return TrialEquality(
        equal=not keys and not wrong,
        expected_count=must.count,
        actual_count=actual.count,
        expected_digest=must.digest,
        actual_digest=actual.digest,
        write_units=actual.write_units,
        differing=len(keys),
        differences=_first(keys[: tables.LISTED], sources, how),
        response_differences=wrong,
    )


def _first(
    keys: list[bytes], sources: ItemSources, how: tables.Rule
) -> tuple[RecordDifference, ...]:
    wanted = set(keys)
    expected = {
        key: item
        for item in (sources.expected() if keys else ())
        if (key := canonical.key(canonical.item(item), how.table)) in wanted
    }
    return tables.differences(
        keys, expected.get, lambda key: sources.get(msgspec.json.decode(key)), how.ignored
    )
