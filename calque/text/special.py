"""Special tokens that language models need beside those that begin and end a text: masks and languages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tokenizers import AddedToken, Tokenizer

from calque.text.codec import Codec


def with_special(codec: Codec, names: Sequence[str]) -> Codec:
    """The same codec with these special tokens beside its own, behind all other pieces; those it has stay."""
    tokenizer = Tokenizer.from_str(json.dumps(codec.description))
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    return Codec(tokenizer, codec.special, codec.max_length)


def special_ids(codec: Codec) -> dict[str, int]:
    """The ids of all special tokens by their surface."""
    pieces = codec.pieces()
    return {pieces[number]: number for number in sorted(codec.hidden)}
