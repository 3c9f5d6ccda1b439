"""A file in, its segments out, the translated file back. Nothing here knows the translator: records go in and out."""
