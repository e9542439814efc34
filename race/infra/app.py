"""The CDK app with one stack. `lambdameter deploy` builds the packages and runs it.

Context: `packages` (a JSON file: function name -> zip file), `architecture` (arm64, x86_64) and
`token_sha256`.
"""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import cdk_nag
from race_stack import RaceStack, Settings

from lambdameter.race import declaration, staging
from lambdameter.workload import loader


def main() -> None:
    """Synthesise the stack; a finding of cdk-nag's AWS Solutions rules without a reason fails."""
    app = cdk.App(analytics_reporting=False)
    context = app.node.get_context
    race = declaration.load()
    settings = Settings(
        packages=json.loads(Path(context("packages")).read_text()),
        architecture=context("architecture"),
        token_sha256=context("token_sha256"),
        table_key=staging.table(loader.load(race.workload)).partition_key.name,
    )
    RaceStack(app, race, settings)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
