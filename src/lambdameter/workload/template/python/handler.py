"""What an order costs, in whole cents."""

from typing import Any


class InvalidOrder(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """The event is not an order."""


def handler(event: Any, _context: Any) -> dict[str, int]:
    """Add up the lines of an order and take off its discount, rounded down."""
    try:
        lines, percent = event["lines"], event.get("discount_percent")
        amounts = [whole(line["quantity"]) * whole(line["unit_cents"]) for line in lines]
    except (AttributeError, LookupError, TypeError) as wrong:
        raise InvalidOrder(str(wrong)) from wrong
    if not isinstance(lines, list):
        raise InvalidOrder("lines is not a list")
    total = sum(amounts)
    discount = total * (0 if percent is None else whole(percent)) // 100
    return {
        "lines": len(amounts),
        "total_cents": total,
        "discount_cents": discount,
        "to_pay_cents": total - discount,
    }


def whole(value: Any) -> int:
    """A number as Rust's u64 takes it."""
    if type(value) is not int or value < 0:
        raise InvalidOrder(f"{value!r} is not a whole number")
    return value
