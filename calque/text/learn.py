"""A new vocabulary, learnt from text: lossless, deterministic, of a size that the text supports.

Both kinds give back any text exactly as it was: what has no piece of its own is spelled in bytes.
"""

from __future__ import annotations

import io
import logging
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from calque.errors import DataError
from calque.text.codec import Codec
from calque.text.frame import Special
from calque.text.sample import evenly
from calque.text.share import shared

__all__ = ["fitted", "learn", "shared"]

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")  # ids 0, 1, 2, 3
MARK = "▁"  # a space, as pieces show it
FIXED = len(SPECIAL) + 256 + 1  # pieces of every vocabulary: special ones, bytes, the mark
ESCAPE = "\ufdd0"  # a code point which Unicode promises never to use for a character
RARE = 3  # what occurs less often gets no piece
LARGEST = 16_000  # pieces, where nobody says how many
CHUNK = 10_000  # words encoded at once
SAMPLE = 25_000_000  # characters that a vocabulary is learnt from, at most: sentencepiece takes 20 bytes for each

# Words keep their combining marks and joiners, unlike with GPT-2's expression; a space belongs to what follows it.
WORDS = r" ?[\p{L}\p{M}\u200c\u200d]+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}\u200c\u200d]+|\s+(?!\S)|\s"

log = logging.getLogger(__name__)


def learn(
    texts: Iterable[str], kind: Literal["unigram", "bpe"] = "unigram", pieces: int | None = None, max_length: int = 128
) -> Codec:
    """A codec with a new vocabulary of `pieces` pieces (special tokens and bytes included).

    Without `pieces` the size follows `fitted`, and unigram pieces which occur less than three times are left out. A
    size that the text cannot support is lowered, and a warning logged; where one is too small for the alphabet, the
    rarest characters are spelled in bytes. Method: unigram language model (Kudo 2018) by sentencepiece, or byte-level
    byte-pair encoding (Sennrich et al. 2016) by tokenizers. The same text gives the same vocabulary, byte for byte. Of
    a text of more than 25 million characters, evenly spaced lines are used.
    Raises DataError where there is no text at all.
    """
    lines = evenly((line for text in texts for line in text.split("\n") if line.strip()), SAMPLE, len).items
    if not lines:
        raise DataError("no text to learn a vocabulary from")
    size = fitted(lines) if pieces is None else max(pieces, FIXED)
    tokenizer = _unigram(lines, size, pieces is None) if kind == "unigram" else _bpe(lines, size, pieces is None)
    codec = Codec(tokenizer, Special(pad=0, bos=1, eos=2, unk=None), max_length)
    if pieces is not None and codec.size != pieces:
        log.warning("the text supports a vocabulary of %d pieces, not of %d", codec.size, pieces)
    return codec


def fitted(lines: Sequence[str]) -> int:
    """How many pieces a text supports: six times the square root of its characters, up to 16,000, but never fewer than
    its alphabet and the bytes need.

    That is about 1,500 for 1,000 sentences, 8,000 for 30,000 and 16,000 from 120,000 on.
    """
    grown = int(6 * math.sqrt(sum(map(len, lines))))
    return max(FIXED + len(_alphabet(lines)), min(grown, LARGEST))


def _alphabet(lines: Sequence[str]) -> list[str]:
    """Characters that occur often enough for a piece of their own, most frequent first."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [character for character, count in ranked if count >= RARE and character not in _RESERVED]


_RESERVED = {" ", MARK, ESCAPE, "\t", "\r", "\0", "\u2585"}  # sentencepiece keeps these for itself


def _unigram(lines: Sequence[str], size: int, prune: bool) -> Tokenizer:
    """A tokenizer with sentencepiece's unigram pieces and scores."""
    alphabet = _alphabet(lines)[: max(size - FIXED, 0)]
    scores = _scores(lines, alphabet, size)
    return _pruned(scores, lines) if prune else _unigram_tokenizer(scores)


def _scores(lines: Sequence[str], alphabet: Sequence[str], size: int) -> list[tuple[str, float]]:
    """Pieces and their log-probabilities, as sentencepiece finds them in text reduced to the alphabet."""
    known = {*alphabet, " "}
    others = {character for line in lines for character in line} - known
    blank = str.maketrans(dict.fromkeys(others, " "))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line.translate(blank) for line in lines),
        model_writer=model,
        model_type="unigram",
        vocab_size=size,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        split_digits=True,
        byte_fallback=True,
        character_coverage=1.0,
        max_sentence_length=1 << 30,
        num_threads=1,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.get_piece_size())]


def _unigram_tokenizer(scores: list[tuple[str, float]]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=SPECIAL.index("<unk>"), byte_fallback=True))
    # A mark in the text itself would come back as a space, so it is escaped; and so is the escape.
    escapes = ((ESCAPE, ESCAPE + "1"), (MARK, ESCAPE + "0"))
    tokenizer.normalizer = normalizers.Sequence(
        [*(normalizers.Replace(*pair) for pair in escapes), normalizers.Prepend(" "), normalizers.Replace(" ", MARK)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(MARK, prepend_scheme="never", split=True)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(MARK, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
            *(decoders.Replace(escaped, plain) for plain, escaped in reversed(escapes)),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    return tokenizer


def _pruned(scores: list[tuple[str, float]], lines: Sequence[str]) -> Tokenizer:
    """A tokenizer without the pieces that the text itself uses less than RARE times; single characters stay."""
    words = list(Counter(word for line in lines for word in line.split(" ")).items())
    while True:
        tokenizer = _unigram_tokenizer(scores)
        used: Counter[int] = Counter()
        for start in range(0, len(words), CHUNK):
            part = words[start : start + CHUNK]
            encodings = tokenizer.encode_batch_fast([word for word, _ in part], add_special_tokens=False)
            for encoding, (_, times) in zip(encodings, part, strict=True):
                for number in encoding.ids:
                    used[number] += times
        kept = [scored for i, scored in enumerate(scores) if i < FIXED - 1 or len(scored[0]) == 1 or used[i] >= RARE]
        if len(kept) == len(scores):
            return tokenizer
        scores = kept  # what used the lost pieces uses others now, not always ones that are kept


def _bpe(lines: Sequence[str], size: int, prune: bool) -> Tokenizer:
    """A tokenizer that merges bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=RARE if prune else 2,
        special_tokens=[AddedToken(name, special=True, normalized=False) for name in SPECIAL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer, length=len(lines))
    return tokenizer
