"""The local services: the process that plays DynamoDB and S3, and how long they take."""
