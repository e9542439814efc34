"""Lambda's API: functions, their code, invocations by name, events that wait."""
