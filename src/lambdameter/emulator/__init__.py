"""The local Lambda: control API, Runtime API, execution environments, data plane."""
