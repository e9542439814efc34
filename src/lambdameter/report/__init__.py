"""One run, told: in the terminal and as JSON. Pure but for printing."""
