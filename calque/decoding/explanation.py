"""What the model thinks of a translation that is there: how sure it is of each word, and which words go with which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from calque.decoding import alignment, confidence
from calque.decoding.confidence import Calibration, Features
from calque.decoding.explained import Explained
from calque.decoding.passage import Segment
from calque.model.folder import Folder
from calque.model.hypothesis import Reading
from calque.records import Alignment, Translation, Word
from calque.text.words import words

if TYPE_CHECKING:
    from calque.decoding.engine import Engine

_AT_ONCE = 32  # sentences that are read together


def explained(
    engine: Engine,
    folder: Folder,
    calibration: Calibration,
    passages: Sequence[Sequence[Segment]],
    translations: Sequence[Translation],
) -> list[Translation]:
    """The translations with confidence and alignment.

    Args:
        engine: who reads.
        folder: the model's codecs.
        calibration: how sure one may be.
        passages: what each translation is made of.
        translations: as they are.
    """
    pairs = list(dict.fromkeys((one.text, one.said) for passage in passages for one in passage))
    told = dict(zip(pairs, sentences(engine, folder, pairs), strict=True))
    return [
        _whole(passage, told, translation, calibration)
        for passage, translation in zip(passages, translations, strict=True)
    ]


def sentences(engine: Engine, folder: Folder, pairs: Sequence[tuple[str, str]]) -> list[Explained]:
    """Sentences and their translations, explained."""
    source, target = folder.source_codec, folder.target_codec
    begun, _ = target.special.frame
    spans = [(source.spans(text), target.spans(said)) for text, said in pairs]
    fitting = [
        place
        for place, (pieces, said) in enumerate(spans)
        if pieces and said
        and len(pieces) + source.special.framing <= source.max_length
        and len(said) + len(begun) + 1 <= target.max_length
    ]  # fmt: skip
    fitting.sort(key=lambda place: -len(spans[place][0]))
    done = [Explained(words(text), words(said), [], []) for text, said in pairs]
    for start in range(0, len(fitting), _AT_ONCE):
        places = fitting[start : start + _AT_ONCE]
        texts, saids = zip(*(pairs[place] for place in places), strict=True)
        readings = engine.read(source.encode_all(texts), [target.encode_bare(said) for said in saids])
        for place, reading in zip(places, readings, strict=True):
            done[place] = _explained(done[place], spans[place], reading, len(source.special.frame[0]))
    return done


def _explained(
    known: Explained,
    spans: tuple[list[tuple[int, int]], list[tuple[int, int]]],
    reading: Reading,
    first: int,
) -> Explained:
    """What a reading says of the words; `first` is the place of the source's first token that is no frame."""
    owned: list[list[int]] = [[] for _ in known.target]
    for place, piece in enumerate(spans[1]):
        owner = alignment.owner(piece, known.target)
        if owner is not None:
            owned[owner].append(place)
    features = [confidence.features(reading.log_probs_T, pieces) for pieces in owned]
    if reading.attention_TS is None:
        return replace(known, features=features)
    bare_TS = [row[first : first + len(spans[0])] for row in reading.attention_TS[: len(spans[1])]]
    return replace(known, features=features, links=alignment.links(bare_TS, spans, (known.source, known.target)))


def _whole(
    passage: Sequence[Segment],
    told: Mapping[tuple[str, str], Explained],
    translation: Translation,
    calibration: Calibration,
) -> Translation:
    """A translation with the explanations of its sentences, in the places where they stand."""
    source: list[Word] = []
    target: list[Word] = []
    links: list[tuple[int, int]] = []
    for one in passage:
        sentence = told[one.text, one.said]
        links += [(len(source) + left, len(target) + right) for left, right in sentence.links]
        source += [Word(one.at + start, one.at + end) for start, end in sentence.source]
        chances: list[float | None] = [calibration.chance(features) for features in sentence.features]
        chances = chances or [None] * len(sentence.target)
        for (start, end), chance in zip(sentence.target, chances, strict=True):
            target.append(Word(one.said_at + start, one.said_at + end, chance))
    known = [word.confidence for word in target if word.confidence is not None]
    return replace(
        translation,
        confidence=sum(known) / len(known) if known else None,
        alignment=Alignment(tuple(source), tuple(target), tuple(links)),
    )


def examples(engine: Engine, folder: Folder, triples: Sequence[tuple[str, str, str]]) -> list[tuple[Features, bool]]:
    """What a calibration is fitted on: for each word of a translation its features, and whether the reference has it
    too (a word that is there twice counts twice).

    Args:
        engine: who reads.
        folder: the model's codecs.
        triples: source, translation, reference.
    """
    told = sentences(engine, folder, [(source, said) for source, said, _ in triples])
    found = []
    for sentence, (_, said, reference) in zip(told, triples, strict=True):
        left = Counter(reference[start:end].casefold() for start, end in words(reference))
        for (start, end), features in zip(sentence.target, sentence.features, strict=False):
            word = said[start:end].casefold()
            found.append((features, left[word] > 0))
            left[word] -= 1
    return found
