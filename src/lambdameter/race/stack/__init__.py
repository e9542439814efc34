"""The race on AWS: deployed by the CDK command line; data and removal by boto3."""
