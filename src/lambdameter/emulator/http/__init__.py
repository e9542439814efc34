"""HTTP/1.1 as the emulator's listeners serve it: connections, messages, routes."""
