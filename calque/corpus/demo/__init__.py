"""A corpus that calque generates from a synchronous grammar of its own: see `corpus.generate`."""
