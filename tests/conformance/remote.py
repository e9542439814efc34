"""These tests against AWS itself: who may run them, what they make there, and its removal."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient

ACCOUNT, ROLE = "LAMBDAMETER_AWS_ACCOUNT", "LAMBDAMETER_AWS_ROLE"
LOOKS = 6
GONE = "ResourceNotFoundException"
# The column of docs/fidelity.md that says when a row's tests last ran on AWS.
ON_AWS = 2


class RefusedError(Exception):
    """Nothing was asked of Lambda."""


class LeftError(Exception):
    """Something that was made is still there."""


class Remote:
    """An account of AWS's that its owner has named for this."""

    def __init__(self, session: boto3.Session, account: str, caller: str, role: str) -> None:
        self.session = session
        self.account = account
        self.caller = caller
        self.role = role
        self.prefix = f"lambdameter-conformance-{secrets.token_hex(4)}"
        self.functions: list[str] = []
        self._numbers = itertools.count(1)

    @property
    def about(self) -> str:
        """What will be made, and where: told before anything is."""
        return (
            f"target: AWS account {self.account} in {self.session.region_name}, as "
            f"{self.caller}; makes the functions {self.prefix}-1, -2, ... and their log "
            f"groups /aws/lambda/{self.prefix}-*, and removes all of them at the end"
        )

    def client(self) -> LambdaClient:
        """One that repeats no invocation."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=910)
        return self.session.client("lambda", config=config)

    def name(self) -> str:
        """Of one more function; from now on it is one to be removed."""
        self.functions.append(f"{self.prefix}-{next(self._numbers)}")
        return self.functions[-1]

    def remove_all(self, late_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Functions first: Lambda makes a log group again for what their functions still wrote.

        Args:
            late_s: how long after the end of a function its log group may come again.
            sleep: waits.

        Raises:
            LeftError: with the commands that remove what is left.
        """
        functions, logs = self.session.client("lambda"), self.session.client("logs")
        left = []
        for name in self.functions:
            why = _refusal(functools.partial(functions.delete_function, FunctionName=name))
            if why:
                left.append(f"aws lambda delete-function --function-name {name}  # {why}")
        for _ in range(LOOKS):
            sleep(late_s / LOOKS)
            problem = _refusal(functools.partial(self._remove_log_groups, logs))
        if problem:
            groups = f"/aws/lambda/{self.prefix}-"
            left.append(
                f"aws logs describe-log-groups --log-group-name-prefix {groups}  # {problem}"
            )
        if left:
            raise LeftError("\n".join(["Not removed. Next:", *left]))

    def _remove_log_groups(self, logs: CloudWatchLogsClient) -> None:
        pages = logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=f"/aws/lambda/{self.prefix}-"
        )
        for group in [one for page in pages for one in page["logGroups"]]:
            logs.delete_log_group(logGroupName=group["logGroupName"])


def admitted(environment: Mapping[str, str], session: boto3.Session | None = None) -> Remote:
    """The account that these credentials are for, if it is the one that was named.

    Raises:
        RefusedError: it is not, or something else that AWS needs was not said.
    """
    wanted, role = environment.get(ACCOUNT), environment.get(ROLE)
    if not wanted:
        raise RefusedError(
            f"--target=aws creates functions in an AWS account, and {ACCOUNT} does not name one. "
            f"Next: set {ACCOUNT} to the number of an account that may be used for that."
        )
    if not role:
        raise RefusedError(
            f"Functions on AWS need an execution role, and {ROLE} does not name one. "
            f"Next: set {ROLE} to the ARN of a role that Lambda may assume; it needs no permission."
        )
    used = session or boto3.Session()
    if not used.region_name:
        raise RefusedError("No region of AWS is set. Next: set AWS_DEFAULT_REGION.")
    try:
        caller = used.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise RefusedError(f"AWS does not say whose credentials these are: {error}") from error
    if caller["Account"] != wanted:
        raise RefusedError(
            f"The credentials are for the account {caller['Account']}, and {ACCOUNT} names "
            f"{wanted}. Next: use the credentials of {wanted}, or change {ACCOUNT}."
        )
    return Remote(used, caller["Account"], caller["Arn"], role)


def local_only(fixtures: Collection[str], reason: str | None) -> str | None:
    """Why a test says nothing about AWS; None: it speaks Lambda's public API and nothing else."""
    if reason is None and "deploy" not in fixtures:
        return "local only: it is about a listener or a command of lambdameter's"
    return f"local only: {reason}" if reason else None


def dated(page: str, passed: Mapping[str, bool], today: dt.date) -> str:
    """docs/fidelity.md, with today in each row of whose tests some ran and none failed."""
    return "\n".join(_dated_row(line, passed, today) for line in page.split("\n"))


def _dated_row(line: str, passed: Mapping[str, bool], today: dt.date) -> str:
    named = re.findall(r"\[`(\w+)`\]\(\.\./tests/conformance/", line)
    ran = [passed[test] for test in named if test in passed]
    cells = line.split(" | ")
    if not line.startswith("| ") or not ran or not all(ran):
        return line
    cells[ON_AWS] = today.isoformat()
    return " | ".join(cells)


def _refusal(ask: Callable[[], object]) -> str | None:
    """Why it could not be removed; None: it is gone."""
    try:
        ask()
    except ClientError as error:
        return None if error.response["Error"]["Code"] == GONE else str(error)
    except BotoCoreError as error:
        return str(error)
    return None
