"""Evaluation: scores of translations, the floors they must lie above, and the report of both."""
