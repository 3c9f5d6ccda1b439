"""A padding token for vocabularies without one, such as GPT-2's.

With one token for both, whoever hides padding from a loss or from a mask hides the end of the text too, and the network
never learns to stop.
"""

from __future__ import annotations

import json
from dataclasses import replace

from tokenizers import AddedToken, Tokenizer

from calque.text.codec import Codec

NAME = "<pad>"


def padded(codec: Codec, starts_with_end: bool = False) -> Codec:
    """The codec with a padding token that neither begins nor ends a text, added where there is none; other ids stay.

    Where `starts_with_end`, texts begin with the token that ends them. That is no ambiguity: only the first token
    begins, and it is never predicted.
    """
    special = replace(codec.special, bos=codec.special.eos) if starts_with_end else codec.special
    if special.pad not in (special.bos, special.eos):
        return codec.framed(special)
    tokenizer = Tokenizer.from_str(json.dumps(codec.description))
    tokenizer.add_special_tokens([AddedToken(NAME, special=True, normalized=False)])
    pad = tokenizer.get_vocab(with_added_tokens=True)[NAME]
    return Codec(tokenizer, replace(special, pad=pad), codec.max_length)
