"""The CDK app: one stack. `lambdameter deploy` runs it, with what it built in the context.

Context: `packages` (a JSON file: function name -> zip), `architecture` (arm64, x86_64) and
`token_sha256`.
"""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import cdk_nag
from race_stack import RaceStack, Settings

from lambdameter.race import declaration as race
from lambdameter.workload import loader as workload


def main() -> None:
    """Synthesise, checked by cdk-nag's AWS Solutions rules: a finding without a reason fails."""
    app = cdk.App(analytics_reporting=False)
    asked = app.node.get_context
    the_race = race.load()
    table = workload.load(the_race.workload).table
    if table is None:
        raise ValueError(f"the workload {the_race.workload} has no table to race for")
    settings = Settings(
        packages=json.loads(Path(asked("packages")).read_text()),
        architecture=asked("architecture"),
        token_sha256=asked("token_sha256"),
        table_key=table.partition_key.name,
    )
    RaceStack(app, the_race, settings)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
