"""What readers make of it: tags, tallies, scores."""
