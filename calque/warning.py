"""What `Translation.warnings` may say: each sentence here, its variable parts in braces.

Nothing else makes such sentences, so that a face can say them in another language: the page names its strings by them.
"""

from __future__ import annotations

# texts that the model does not take as they are
PARTS = "longer than the {longest} tokens that the model takes: translated in {parts} parts"
UNSEEN = "the model's vocabulary sees nothing in it: copied"
UNKNOWN = "{unknown} of {pieces} pieces are unknown to the model"
CUT = "the translation did not end by itself: it was cut at the longest that the model writes"

# what the guard saw, and no further search mended
EMPTY = "the model says nothing: the text is left as it is"
LOOP = "the translation repeats itself"
RUNAWAY = "the translation is far longer than its source"
COPY = "the source is repeated, not translated"

# what must not change
INSERTED = "what must not change was put where it seems to belong"
AROUND = "what must not change was translated around: the words beside it may not fit one another"
LOST = "what must not change did not come through: the text is left as it is"
NO_PLACE = "the glossary's {terms} found no place in the translation"

# ways between languages
THROUGH = "translated through {language}: there is no direct model"
ON_THE_WAY = "on the way: {warning}"
SAME = "source and target are the same language: copied"
