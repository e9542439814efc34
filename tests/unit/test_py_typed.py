from __future__ import annotations

from importlib import resources


def test_type_checkers_of_others_read_our_types() -> None:
    """https://peps.python.org/pep-0561/#packaging-type-information."""
    assert (resources.files("lambdameter") / "py.typed").is_file()
