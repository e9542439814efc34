"""The local Lambda: control API, Runtime API, execution environments, local services."""
