"""Recipes: every setting there is, each written once as a field of a frozen pydantic model.

Nouns (`Parallel`, `Vocabulary`, `Search`, ...) are grouped one per file and combined, flat, into one recipe a command.
From a recipe come the command's flags, `recipe.toml`, the help and the reference page.
"""
