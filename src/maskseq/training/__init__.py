"""Training: what joins a model, losses, metrics and an optimizer. Imported when it is needed."""
