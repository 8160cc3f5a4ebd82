"""Recordings: how they are read, what disturbs them, and whose voice they hold."""
