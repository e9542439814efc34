"""Bills and prices, in exact decimals."""
