"""Templates of the AWS Serverless Application Model -> workloads."""
