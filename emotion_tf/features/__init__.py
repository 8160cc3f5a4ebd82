"""Features of waves and of words."""
