"""All errors for users: each has a cause, a place and a next step.

The exit codes are the command line's contract (see docs/exit-codes.md):

==== =======================================================
0    done
1    a negative verdict (unequal, slower than the gate)
2    usage or bad input
3    the environment (missing tool, no permission, port taken)
4    the target failed
5    cannot tell (too few samples)
==== =======================================================
"""

from __future__ import annotations


class LambdameterError(Exception):
    """An error that users see without a traceback.

    Args:
        cause: what is wrong, in one sentence.
        place: the file (with line or key), flag or resource with the error.
        next_step: what to type or change.
    """

    exit_code = 4

    def __init__(self, cause: str, *, next_step: str, place: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.place = place
        self.next_step = next_step

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.cause}{where}. {self.next_step}"


class NegativeVerdictError(LambdameterError):
    """The question was answered, and the answer is no."""

    exit_code = 1


class BadInputError(LambdameterError):
    """A flag, file or value is not valid."""

    exit_code = 2


class HostError(LambdameterError):
    """This machine lacks something: a tool, a permission, a free port."""

    exit_code = 3


class TargetError(LambdameterError):
    """The target (the emulator or AWS) did not do what its API promises."""

    exit_code = 4


class CannotTellError(LambdameterError):
    """Too few samples for an answer."""

    exit_code = 5


def of_exit_code(code: int) -> type[LambdameterError]:
    """The kind of error of a process of ours with this exit code."""
    kinds = {kind.exit_code: kind for kind in LambdameterError.__subclasses__()}
    return kinds.get(code, TargetError)
