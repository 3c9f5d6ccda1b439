"""A file in, its segments out, the translated file back."""
