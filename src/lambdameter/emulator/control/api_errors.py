"""The Lambda API's errors: AWS's codes, AWS's words.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html and each operation's page.
"""

from __future__ import annotations

import msgspec


class ApiError(Exception):
    """An answer other than 2xx.

    Args:
        code: goes to X-Amzn-ErrorType; boto3 names its exception after it.
        user: whether the caller caused the error; goes to `Type`.
        extra: further members of the document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        user: bool = True,
        extra: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.type = "User" if user else "Service"
        self.extra = extra or {}

    def document(self) -> bytes:
        """The body."""
        return msgspec.json.encode({"Type": self.type, "Message": self.message} | self.extra)


def not_found(arn: str) -> ApiError:
    """There is no function of that name."""
    return ApiError(404, "ResourceNotFoundException", f"Function not found: {arn}")


def exists(name: str) -> ApiError:
    """CreateFunction for a name that is taken."""
    return ApiError(409, "ResourceConflictException", f"Function already exist: {name}")


def in_progress(arn: str) -> ApiError:
    """A change while another change is in progress."""
    return ApiError(
        409,
        "ResourceConflictException",
        "The operation cannot be performed at this time. "
        f"An update is in progress for resource: {arn}",
    )


def wrong_state(state: str) -> ApiError:
    """Invoke for a function that is not active."""
    return ApiError(
        409,
        "ResourceConflictException",
        "The operation cannot be performed at this time. "
        f"The function is currently in the following state: {state}",
    )


def invalid_parameter(message: str) -> ApiError:
    """A value that Lambda does not accept."""
    return ApiError(400, "InvalidParameterValueException", message)


def validation(value: object, field: str, constraint: str) -> ApiError:
    """A value that breaks the API model's own constraints."""
    return ApiError(
        400,
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy "
        f"constraint: {constraint}",
    )


def precondition_failed() -> ApiError:
    """RevisionId is not the current one."""
    return ApiError(
        412,
        "PreconditionFailedException",
        "The RevisionId provided does not match the latest RevisionId. Call the "
        "GetFunction/GetAlias API to retrieve the latest RevisionId",
    )


def request_entity_too_large(limit: int, operation: str) -> ApiError:
    """A request larger than the control API accepts."""
    return ApiError(
        413,
        "RequestEntityTooLargeException",
        f"Request must be smaller than {limit} bytes for the {operation} operation",
    )


def payload_too_large(limit: int) -> ApiError:
    """Invoke with a payload over 6 MB."""
    return ApiError(
        413,
        "RequestTooLargeException",
        f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
    )


def not_json(cause: str) -> ApiError:
    """Invoke with a payload that is not JSON."""
    return ApiError(
        400,
        "InvalidRequestContentException",
        f"Could not parse request body into json: {cause}",
    )


def too_many_requests(reason: str) -> ApiError:
    """The invocation is throttled; `reason` in AWS's words."""
    return ApiError(429, "TooManyRequestsException", "Rate Exceeded.", extra={"Reason": reason})


def access_denied(message: str) -> ApiError:
    """A request that the guard refuses."""
    return ApiError(403, "AccessDeniedException", message)


def unknown_operation(operation: str) -> ApiError:
    """An operation that the emulator does not have."""
    return ApiError(
        404, "UnknownOperationException", f"lambdameter's emulator does not serve {operation}"
    )


def service(message: str) -> ApiError:
    """The emulator, its sandbox or its local services have failed."""
    return ApiError(500, "ServiceException", message, user=False)
