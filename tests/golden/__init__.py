"""A hash of what every layer and operation answers, committed: no bit changes unseen."""
