"""Which requests a server on loopback serves, by Host, Origin and content type."""
