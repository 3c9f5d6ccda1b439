"""The command line: one command per file, each of which parses, makes one call and prints."""
