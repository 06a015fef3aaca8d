"""How a call on symbolic tensors is recorded, and the plan by which a model runs. No arithmetic."""
