"""What stands on the coast: asset classes, and how much of each a depth of water damages."""
