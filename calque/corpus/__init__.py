"""Parallel text: where it is, reading it, what is wrong with it, writing it."""
