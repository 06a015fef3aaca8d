"""Other shapes of the same numbers."""
