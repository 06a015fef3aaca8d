"""From raw numbers, ids and text to what a model computes with."""
