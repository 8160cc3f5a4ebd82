"""From the wave to features, inside the graph."""
