"""What a run's figures say: who is faster and cheaper, what comes first, what to mind. Pure."""
