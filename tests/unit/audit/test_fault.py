from __future__ import annotations

import pytest

from lambdameter.audit.fault import Fault, refuse
from lambdameter.errors import BadInputError


def test_the_first_line_is_the_error_and_the_others_its_notes() -> None:
    with pytest.raises(BadInputError) as raised:
        refuse("t.csv", [Fault(9, "n", "Later", "Do."), Fault(2, "", "Sooner", "Mend.")])
    assert (raised.value.cause, raised.value.place) == ("Sooner", "t.csv:2")
    assert raised.value.__notes__ == ["t.csv:9, column n: Later. Do."]


def test_a_long_list_is_cut_and_counted() -> None:
    with pytest.raises(BadInputError) as raised:
        refuse("t.csv", [Fault(line, "", "Bad", "Mend.") for line in range(1, 31)])
    assert raised.value.__notes__[-1] == "and 9 more errors"
