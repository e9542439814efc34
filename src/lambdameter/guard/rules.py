"""Which requests a server on loopback serves: those of programs, not those of foreign pages. Pure.

A browser lets any page send requests to loopback. It states the page's origin in Origin and
Sec-Fetch-Site, and the name that led it here in Host; requests without a preflight have one of
three content types. These rules apply to every listener; the Rust services have the same rules
(crates/services/src/guard.rs), and tests/guard/requests.toml tests both. docs/security.md describes
the rules for users.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from lambdameter.guard.authority import Authority, Origin, authority, origin, origin_of

# Content types that need no preflight: https://fetch.spec.whatwg.org/#cors-safelisted-request-header
_FORM = "application/x-www-form-urlencoded"
_SIMPLE = frozenset({"text/plain", _FORM, "multipart/form-data"})
# https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte excludes more; anything else is not
# a content type: https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1
_ESSENCE = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+/[a-z0-9!#$%&'*+.^_`|~-]+")
_CHANGING = frozenset({"POST", "PUT", "PATCH"})
# https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
_OWN_SITES = frozenset({"same-origin", "none"})
_MAX_QUOTED = 80
_MAX_CACHED = 300
_HARMLESS = re.compile(r"[^\w !#$%()*+,./:;=?@\[\]^{|}~-]", re.ASCII)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The Content-Types that the clients of one kind of listener send.

    Attributes:
        content_type: the type to send, for messages.
        typed: whether every client sends a type.
        untyped: paths that need no type, although `typed` is set.
        curl: paths that accept the type of `curl --data`.
        agents: prefixes of the User-Agent of clients that may send any type. A page cannot set
            this header without a preflight.
    """

    content_type: str
    typed: bool = False
    untyped: re.Pattern[str] | None = None
    curl: re.Pattern[str] | None = None
    agents: tuple[str, ...] = ()


# Every operation with a JSON body has application/json, from botocore (serialize.py), the Rust SDK
# and the JavaScript SDK alike. These three have a blob for a body, and botocore sends no type.
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_BLOBS = re.compile(
    r"/[^/]+/functions/[^/]+/(?:invocations|invoke-async|response-streaming-invocations)"
)
CONTROL_API = Profile(
    content_type="application/json (curl --json)",
    typed=True,
    untyped=_BLOBS,
    # `curl -d`: https://github.com/aws/aws-lambda-runtime-interface-emulator#readme
    curl=re.compile(r"/[^/]+/functions/[^/]+/invocations"),
)
RUNTIME_API = Profile(
    content_type="application/json",
    # A runtime in bash answers by `curl -d`:
    # https://docs.aws.amazon.com/lambda/latest/dg/runtimes-walkthrough.html
    curl=re.compile(r"/.*"),
    # C++ and Go send the type that a handler names, Ruby the form's type where it names none:
    # https://github.com/awslabs/aws-lambda-cpp/blob/master/src/runtime.cpp
    # https://github.com/aws/aws-lambda-go/blob/main/lambda/invoke_loop.go
    # https://github.com/aws/aws-lambda-ruby-runtime-interface-client/blob/main/lib/aws_lambda_ric/lambda_server.rb
    agents=("AWS_Lambda_", "aws-lambda-"),
)
GATEWAY = Profile(
    content_type="application/octet-stream",
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
    curl=re.compile(r"/[^/]+/@connections/[^/]+"),
)
PAGE = Profile(content_type="application/json")


def never_simple(profile: Profile) -> frozenset[str | None]:
    """Content types (None: without a type) that every path of the listener accepts."""
    common = {"application/json", "application/octet-stream"}
    return frozenset(common if profile.typed else {*common, None})


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one listener.

    Attributes:
        hosts: allowed hosts besides loopback, in the form of `authority.host`.
        origins: allowed origins of pages besides the server's own.
        remedy: next step for a Host that is not allowed.
    """

    profile: Profile
    hosts: frozenset[str] = frozenset()
    origins: frozenset[Origin] = frozenset()
    scheme: str = "http"
    remedy: str = "Call 127.0.0.1 or localhost."


class Refusal(NamedTuple):
    """The first rule that a request breaks, and the message for its sender."""

    rule: str
    message: str


def refusal(method: str, target: str, headers: Mapping[str, str], rules: Rules) -> Refusal | None:
    """Why a request is refused; None: it is allowed.

    Args:
        method: method in the request line.
        target: target in the request line.
        headers: names in lower case; the values of a repeated header are joined by ", ".
        rules: the listener's rules.
    """
    if not target.startswith("/"):
        message = (
            f'The target "{quoted(target)}" is not a path. Send only the path, and a Host header.'
        )
        return Refusal("target", message)
    server = authority(headers.get("host", ""))
    if server is None or not (server.loopback or server.host in rules.hosts):
        return Refusal("host", _no_host(headers.get("host"), rules))
    if "origin" in headers or "sec-fetch-site" in headers:
        refused = _of_a_page(server, headers, rules)
        if refused is not None:
            return refused
    if method in _CHANGING:
        return _of_a_form(target, headers, rules.profile)
    return None


def add(headers: dict[str, str], name: bytes, value: bytes) -> None:
    """Add a header in the form for `refusal`: repeated headers are joined, white space is removed.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.3 and #section-5.5
    """
    key, text = name.decode("latin-1").lower(), value.decode(errors="replace").strip(" \t")
    headers[key] = f"{headers[key]}, {text}" if key in headers else text


def quoted(text: str) -> str:
    """A client's text, shortened and without characters that matter in any kind of document."""
    short = text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}..."
    return _HARMLESS.sub("?", short)


def _no_host(host: str | None, rules: Rules) -> str:
    if host is None:
        return f"The request has no Host header. {rules.remedy}"
    return f'Host "{quoted(host)}" is not this machine\'s loopback. {rules.remedy}'


def _of_a_page(server: Authority, headers: Mapping[str, str], rules: Rules) -> Refusal | None:
    sender, site = headers.get("origin"), headers.get("sec-fetch-site")
    if sender is not None:
        page = origin(sender)
        if page is not None and page in rules.origins:
            return None
        if page is None or page != origin_of(rules.scheme, server):
            return Refusal(
                "origin",
                f'Origin "{quoted(sender)}" is not this server\'s. Web pages of others are not '
                "served: call from a program.",
            )
    if site is not None and site.lower() not in _OWN_SITES:
        return Refusal(
            "site",
            f'Sec-Fetch-Site "{quoted(site)}" tells of another site\'s page. Type the address '
            "into the browser, or call from a program.",
        )
    return None


def _of_a_form(target: str, headers: Mapping[str, str], profile: Profile) -> Refusal | None:
    path = target.partition("?")[0]
    declared = headers.get("content-type")
    if declared is None:
        if not profile.typed or (profile.untyped and profile.untyped.fullmatch(path)):
            return None
        message = f"The request has no Content-Type. Send {profile.content_type}."
        return Refusal("type", message)
    judge = _is_beyond_a_page if len(declared) <= _MAX_CACHED else _is_beyond_a_page.__wrapped__
    if judge(declared):
        return None
    agent = headers.get("user-agent", "")
    if agent.startswith(profile.agents) or (
        profile.curl
        and profile.curl.fullmatch(path)
        and agent.startswith("curl/")
        and _essence(declared) == _FORM
    ):
        return None
    return Refusal(
        "form",
        f'Content-Type "{quoted(declared)}" is one that any web page can send. '
        f"Send {profile.content_type}.",
    )


@functools.lru_cache(maxsize=256)
def _is_beyond_a_page(content_type: str) -> bool:
    """Whether a page needs a preflight for this type; it needs none if the type is not valid."""
    essence = _essence(content_type)
    return essence not in _SIMPLE and bool(_ESSENCE.fullmatch(essence))


def _essence(content_type: str) -> str:
    """https://mimesniff.spec.whatwg.org/#mime-type-essence."""
    return content_type.partition(";")[0].strip(" \t\r\n").lower()
