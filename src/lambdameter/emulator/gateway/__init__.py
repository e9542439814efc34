"""The WebSocket API in front of the functions: protocol without I/O, a thin shell around it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
"""
