"""SAGE: an any-horizon agent that answers questions about long videos."""
