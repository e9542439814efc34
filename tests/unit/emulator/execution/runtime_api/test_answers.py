from __future__ import annotations

import json

from lambdameter.emulator.execution.runtime_api.answers import accepted, refusal


def test_what_is_taken_is_202() -> None:
    assert (accepted().status, accepted().body) == (202, b'{"status":"OK"}')


def test_a_refusal_is_awss_error_document() -> None:
    answer = refusal(403, "InvalidStateTransition", "no")
    assert answer.status == 403
    assert json.loads(answer.body) == {
        "errorMessage": "no",
        "errorType": "InvalidStateTransition",
    }
