"""Measurements: each command runs both sides of a claim in one run and prints their ratio or difference."""
