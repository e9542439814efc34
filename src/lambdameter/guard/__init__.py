"""Who may speak to a server on loopback: Host, Origin and content type. Pure but for ASGI."""
