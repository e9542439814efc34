"""A template of the AWS Serverless Application Model -> the functions that it describes."""
