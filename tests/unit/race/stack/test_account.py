from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdameter.errors import HostError, TargetError
from lambdameter.race.stack.account import Account

Deployed = Callable[..., None]


def test_no_credentials_are_the_hosts_lack(account: Account, aws: Any) -> None:
    aws.has_credentials = False
    with pytest.raises(HostError, match=r"No AWS credentials.*aws configure"):
        account.check()


def test_files_are_uploaded_under_their_keys(account: Account, aws: Any) -> None:
    account.upload("b", {"data/x.csv": Path("/x.csv")})
    assert aws.objects == {"data/x.csv": "/x.csv"}


def test_there_is_no_bucket_without_the_stack(account: Account) -> None:
    assert account.bucket("race") is None


def test_the_bucket_is_emptied_before_the_stack_is_deleted(
    account: Account, aws: Any, deployed: Deployed
) -> None:
    deployed("data/x.csv", "races/current.json")
    assert account.remove("race")
    assert aws.done == ["emptied", "deleted"]
    assert (aws.objects, aws.stacks) == ({}, set())


def test_a_bucket_of_many_objects_is_emptied_whole(
    account: Account, aws: Any, deployed: Deployed
) -> None:
    deployed(*(f"races/{number}" for number in range(2_500)))
    account.remove("race")
    assert aws.objects == {}


def test_a_page_that_comes_in_between_does_not_keep_the_stack(
    account: Account, aws: Any, deployed: Deployed
) -> None:
    deployed("data/x.csv")
    aws.late = ["connections/late"]
    account.remove("race")
    assert (aws.objects, aws.stacks) == ({}, set())


def test_a_stack_that_does_not_go_is_told(account: Account, aws: Any, deployed: Deployed) -> None:
    deployed()
    aws.late = ["connections/1", "connections/2", "connections/3"]
    with pytest.raises(TargetError, match=r"CloudFormation failed.*DELETE_FAILED"):
        account.remove("race")


def test_an_object_that_cannot_be_deleted_is_named(
    account: Account, aws: Any, deployed: Deployed
) -> None:
    deployed("data/x.csv")
    aws.undeletable = {"data/x.csv"}
    with pytest.raises(TargetError, match=r"Access Denied \(data/x\.csv\)"):
        account.remove("race")
    assert "deleted" not in aws.done


def test_no_stack_is_nothing_to_remove(account: Account, aws: Any) -> None:
    assert not account.remove("race")
    assert aws.done == []
