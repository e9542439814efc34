"""The race on AWS: CDK's command line, and what is done before and after it by boto3."""
