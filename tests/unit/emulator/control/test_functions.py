from __future__ import annotations

import itertools

import pytest

from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.control.code_store import Code
from lambdameter.emulator.control.functions import Function, Functions
from lambdameter.emulator.control.settings import Settings

CODE = Code(folder="/code", sha256="sha=", size=10)
SETTINGS = Settings(runtime="python3.12", handler="h.f", role="arn:aws:iam::000000000000:role/r")


@pytest.fixture
def functions() -> Functions:
    revisions = (f"revision-{number}" for number in itertools.count(1))
    return Functions("eu-west-1", "x86_64", lambda: 1_700_000_000_123.0, lambda: next(revisions))


def active(functions: Functions) -> Function:
    functions.settled(functions.create("f", SETTINGS, CODE), None)
    return functions.get("f")


def code_of(error: pytest.ExceptionInfo[ApiError]) -> str:
    return error.value.code


def test_a_new_function_is_pending_and_cannot_be_invoked(functions: Functions) -> None:
    function = functions.create("f", SETTINGS, CODE)
    assert function.document()["State"] == "Pending"
    with pytest.raises(ApiError) as error:
        functions.serving(function)
    assert code_of(error) == "ResourceConflictException"
    assert error.value.message.endswith("currently in the following state: Pending")


def test_a_settled_function_is_active_and_successful(functions: Functions) -> None:
    document = active(functions).document()
    assert (document["State"], document["LastUpdateStatus"]) == ("Active", "Successful")
    assert document["FunctionArn"] == "arn:aws:lambda:eu-west-1:000000000000:function:f"
    assert document["LastModified"] == "2023-11-14T22:13:20.123+0000"


def test_a_name_is_given_once(functions: Functions) -> None:
    active(functions)
    with pytest.raises(ApiError) as error:
        functions.create("f", SETTINGS, CODE)
    assert error.value.message == "Function already exist: f"


def test_the_old_revision_serves_until_the_new_one_is_settled(functions: Functions) -> None:
    before = active(functions)
    changed = functions.change(before, code=CODE)
    assert changed.document()["LastUpdateStatus"] == "InProgress"
    assert functions.serving(changed) == before
    assert functions.settled(changed, None) == before
    assert functions.serving(changed).revision == changed.revision != before.revision


def test_two_changes_at_once_are_a_conflict(functions: Functions) -> None:
    changed = functions.change(active(functions), code=CODE)
    with pytest.raises(ApiError) as error:
        functions.check_change(changed, None)
    assert code_of(error) == "ResourceConflictException"


def test_a_change_of_another_revision_than_the_callers_is_refused(functions: Functions) -> None:
    function = active(functions)
    functions.check_change(function, function.revision)
    with pytest.raises(ApiError) as error:
        functions.check_change(function, "another")
    assert code_of(error) == "PreconditionFailedException"


def test_a_failed_change_says_why_and_the_old_revision_serves_on(functions: Functions) -> None:
    before = active(functions)
    functions.settled(functions.change(before, code=CODE), "no interpreter")
    after = functions.get("f")
    assert after.document()["LastUpdateStatus"] == "Failed"
    assert after.document()["LastUpdateStatusReason"] == "no interpreter"
    assert functions.serving(after) == before


def test_a_failed_creation_leaves_the_function_failed(functions: Functions) -> None:
    functions.settled(functions.create("f", SETTINGS, CODE), "no interpreter")
    assert functions.get("f").document()["StateReason"] == "no interpreter"
    assert functions.get("f").state == "Failed"


@pytest.mark.parametrize(
    "identifier",
    [
        "f",
        "f:$LATEST",
        "000000000000:function:f",
        "arn:aws:lambda:eu-west-1:000000000000:function:f",
        "arn:aws:lambda:eu-west-1:000000000000:function:f:$LATEST",
    ],
)
def test_a_function_answers_to_its_name_and_its_arns(functions: Functions, identifier: str) -> None:
    active(functions)
    assert functions.get(identifier).name == "f"


@pytest.mark.parametrize(("identifier", "qualifier"), [("g", None), ("f:1", None), ("f", "live")])
def test_what_is_not_there_is_not_found(
    functions: Functions, identifier: str, qualifier: str | None
) -> None:
    active(functions)
    with pytest.raises(ApiError) as error:
        functions.get(identifier, qualifier)
    assert (error.value.status, code_of(error)) == (404, "ResourceNotFoundException")


def test_settling_a_deleted_function_changes_nothing(functions: Functions) -> None:
    function = functions.create("f", SETTINGS, CODE)
    functions.delete(function)
    assert functions.settled(function, None) is None
    assert functions.all() == []
