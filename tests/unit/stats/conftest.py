from __future__ import annotations

import pytest

from lambdameter.model.sample import Conditions, Manifest, TargetInfo
from lambdameter.model.workload import Calls, Case, ResponseShape, Variant, Workload


def variant(name: str) -> Variant:
    return Variant(
        name=name,
        title=name,
        language="python",
        runtime="python3.12",
        handler="h.h",
        source=name,
        build="copy",
    )


@pytest.fixture
def plain_manifest(conditions: Conditions) -> Manifest:
    """A run of two variants on one case, with nothing planned yet."""
    workload = Workload(
        name="w",
        title="W",
        root="/w",
        timeout_s=10,
        parameters={},
        calls=Calls(),
        generator="generate.py",
        cases=(Case(name="csv", title="CSV", object="o", event={}),),
        variants=(variant("a"), variant("b")),
        response=ResponseShape(count="n", unit="record", total="t"),
    )
    target = TargetInfo(
        name="local",
        region="us-east-1",
        architecture="x86_64",
        enforcement=None,
        engines={},
        runtimes={},
        latency_model=None,
    )
    return Manifest(
        schema=1,
        run="r",
        created_at="2026-11-21T00:00:00Z",
        lambdameter="0.1.0",
        host={},
        target=target,
        workload=workload,
        parameters={},
        datasets={},
        artifacts=(),
        memory_mb=(128,),
        plan=(),
        conditions=conditions,
    )
