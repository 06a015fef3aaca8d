"""What all layers share: weights, masks, the one door into a layer, checks."""
