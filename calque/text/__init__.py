"""Text: how it becomes token ids and back, where it may be split, what is left of it when it is normalised."""
