"""The stream of a decoder alone: a source in its prompt and, behind it, the target. Both sides have one vocabulary, and
what stands around the texts are the frames of their codecs, so that training and generation see exactly the same ids.
"""

from __future__ import annotations

from dataclasses import replace

from calque.text.codec import Codec

SOURCE, TARGET = "{source}", "{target}"


def whole(source: Codec, target: Codec) -> Codec:
    """A codec whose frame is the whole prompt: what it makes of a text is ready to be gone on with."""
    before, after = source.special.frame
    behind = tuple(after + target.special.frame[0])
    return source.framed(replace(source.special, before=tuple(before), after=behind))


def spelled(source: Codec, target: Codec) -> str:
    """The stream in words, special tokens written out, with {source} and {target} in the places of the texts."""
    before, after = source.special.frame
    start, end = target.special.frame
    first, second, last = (source.decode(ids, special=True) for ids in (before, after + start, end))
    return f"{first}{SOURCE}{second}{TARGET}{last}"
