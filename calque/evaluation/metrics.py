"""Scores of translations against references, by sacrebleu, each with the signature that makes it reproducible.

Values, intervals and signatures are those of the sacrebleu command line with `--confidence` on the same lines.
`BLEU-lc-tok` is the protocol of papers on Multi30k and others: both sides punctuation-normalised and tokenised as Moses
does (by sacremoses), lower-cased, then BLEU on those tokens (`sacrebleu -lc --tokenize none`).

Shapes: N sentences, K statistics of a sentence.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt
import sacremoses
from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from calque.errors import DataError, MachineError
from calque.records import Score

PAPERS = "BLEU-lc-tok"
LOWER_IS_BETTER = frozenset({"TER"})
_TOKENIZERS = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}
_SPACELESS = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo", "dz"})
_CHUNK = 1000  # sentences whose n-grams are held at once
# ISO 639-2 and 639-3 codes of the languages that sacrebleu and sacremoses know by two letters
_TWO_LETTERS = {
    **dict.fromkeys(("zho", "chi", "cmn", "yue", "wuu", "lzh"), "zh"),
    **{"jpn": "ja", "kor": "ko", "tha": "th", "lao": "lo", "khm": "km", "mya": "my", "bod": "bo", "dzo": "dz"},
    **{"asm": "as", "ben": "bn", "cat": "ca", "ces": "cs", "cze": "cs", "deu": "de", "ger": "de", "ell": "el"},
    **{"gre": "el", "eng": "en", "spa": "es", "est": "et", "fin": "fi", "fra": "fr", "fre": "fr", "gle": "ga"},
    **{"guj": "gu", "hin": "hi", "hun": "hu", "isl": "is", "ice": "is", "ita": "it", "kan": "kn", "lit": "lt"},
    **{"lav": "lv", "lvs": "lv", "mal": "ml", "mar": "mr", "nld": "nl", "dut": "nl", "ory": "or", "pan": "pa"},
    **{"pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk", "slv": "sl"},
    **{"swe": "sv", "tam": "ta", "tel": "te"},
}


def score(
    hypotheses: Sequence[str], references: Sequence[str], target: str, bootstrap: int = 1000, seed: int = 12345
) -> dict[str, Score]:
    """BLEU, chrF2, chrF2++, TER and (where Moses can tokenise the language) BLEU-lc-tok, by name.

    `low` and `high` are the interval that the sacrebleu command line prints as `μ ± c`: the mean of the bootstrap
    samples minus and plus half the width of their central 95 % (Koehn 2004), cut at 0 and, except for TER, at 100.
    With fewer than two samples there is no interval: `low` and `high` are the value.

    Args:
        hypotheses: what the translator said, one text per sentence; a blank one counts as such.
        references: what it should have said.
        target: language code of both, which chooses the tokenizer.
        bootstrap: number of samples.
        seed: seed of the samples; sacrebleu's default is 12345 (its environment variable is `SACREBLEU_SEED`).

    Raises:
        DataError: there is nothing to compare, the counts differ, or every reference is blank.
        MachineError: the language's tokenizer is not installed.
    """
    counted = tallies(hypotheses, references, target)
    drawn = samples(counted, bootstrap, seed) if bootstrap > 1 else [[] for _ in counted]
    return {tally.name: tally.score(values, bootstrap, seed) for tally, values in zip(counted, drawn, strict=True)}


def quick(hypotheses: Sequence[str], references: Sequence[str], target: str) -> dict[str, float]:
    """BLEU and chrF2 alone and without intervals, for looking at a model while it trains; raises what `score` does."""
    hypotheses, references = comparable(hypotheses, references)
    bleu = BLEU(tokenize=tokenizer(target), force=True)
    return {
        "BLEU": float(bleu.corpus_score(hypotheses, [references]).score),
        "chrF2": float(CHRF().corpus_score(hypotheses, [references]).score),
    }


def by_sentence(hypotheses: Sequence[str], references: Sequence[str]) -> list[float]:
    """The chrF2 of every sentence alone, as `sacrebleu -m chrf --sentence-level` gives it."""
    metric = CHRF()
    pairs = zip(hypotheses, references, strict=True)
    return [float(metric.sentence_score(one_line(said), [one_line(wanted)]).score) for said, wanted in pairs]


def length_ratio(hypotheses: Sequence[str], references: Sequence[str], target: str) -> dict[str, float]:
    """Tokens said and wanted, their ratio and BLEU's brevity penalty (1: long enough)."""
    hypotheses, references = comparable(hypotheses, references)
    bleu = BLEU(tokenize=tokenizer(target), force=True).corpus_score(hypotheses, [references])
    return {
        "hypothesis_tokens": bleu.sys_len,
        "reference_tokens": bleu.ref_len,
        "ratio": float(bleu.ratio),
        "brevity_penalty": float(bleu.bp),
    }


def tokenizer(target: str) -> str:
    """The name of sacrebleu's tokenizer for a language, known to be installed.

    Raises:
        MachineError: it is not; the extra `calque[asian]` brings it.
    """
    name = _TOKENIZERS.get(language(target), BLEU.TOKENIZER_DEFAULT)
    try:
        BLEU(tokenize=name)
    except (ImportError, RuntimeError) as error:
        raise MachineError(
            f"BLEU for '{target}' needs the tokenizer {name}, which is not installed: pip install 'calque[asian]'"
        ) from error
    return name


def language(code: str) -> str:
    """The language of a code without script and region, in two letters where a tokenizer has rules for it: zho_Hans
    and zh-CN are zh."""
    bare = re.split(r"[-_]", code)[0].lower()
    return _TWO_LETTERS.get(bare, bare)


def omitted(target: str) -> dict[str, str]:
    """The metrics that `score` leaves out for a language, with the reason."""
    own = _TOKENIZERS.get(language(target))
    if own is None:
        return {}
    return {PAPERS: f"the Moses tokenizer does not segment '{target}' into words; BLEU with tok:{own} does"}


def notes(target: str) -> list[str]:
    """What a reader of the scores must know about a language, in sentences."""
    if language(target) not in _SPACELESS:
        return []
    found = ["TER and the words of chrF2++ are split at spaces, which this language hardly writes: prefer chrF2."]
    if language(target) not in _TOKENIZERS:
        found.append("BLEU's tokenizer 13a splits at spaces too, and so does the papers' protocol.")
    return found


def moses(texts: Sequence[str], target: str) -> list[str]:
    """Texts normalised and tokenised as `sacremoses -l LANGUAGE normalize tokenize` does, tokens parted by spaces."""
    normaliser = sacremoses.MosesPunctNormalizer(lang=language(target))
    splitter = sacremoses.MosesTokenizer(lang=language(target))
    return [splitter.tokenize(normaliser.normalize(text), return_str=True) for text in texts]


def one_line(text: str) -> str:
    """The text with its line breaks turned into spaces, as it stands in a file of one text per line."""
    return re.sub(r"\r\n|\r|\n", " ", text)


def comparable(hypotheses: Sequence[str], references: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both sides as lines, or a DataError that says why they cannot be compared."""
    if len(hypotheses) != len(references):
        raise DataError(
            f"{len(hypotheses)} translations cannot be scored against {len(references)} references: "
            "give one reference for each, in the same order"
        )
    if not hypotheses:
        raise DataError("there are no translations to score: the test text is empty")
    if not any(text.strip() for text in references):
        raise DataError("every reference is blank: scoring needs text in the target language")
    return [one_line(text) for text in hypotheses], [one_line(text) for text in references]


@dataclass(frozen=True)
class Tally:
    """A metric and its statistics of every sentence; the sum over some sentences gives the score of those."""

    name: str
    metric: Metric
    rows: list[list[Any]]  # (N, K)
    suffix: str = ""

    @property
    def value(self) -> float:
        """The score of all sentences."""
        return float(self.metric._aggregate_and_compute(self.rows).score)

    def by_sentence(self) -> list[float]:
        """The score of every sentence alone."""
        return [float(self.metric._aggregate_and_compute([row]).score) for row in self.rows]

    def part(self, first: int, end: int) -> Tally:
        """The same of the sentences from `first` to before `end`."""
        return replace(self, rows=self.rows[first:end])

    def signature(self, **drawn: int) -> str:
        """The signature, with what was drawn at random, such as `bs=1000, seed=12345`."""
        found = self.metric.get_signature()
        for name, number in drawn.items():
            found.update(name, str(number))
        return str(found.format()) + self.suffix

    def score(self, samples: Sequence[float], bootstrap: int, seed: int) -> Score:
        """The score of all sentences, its interval from those of the samples, and its signature."""
        return self.around(self.value, samples, bootstrap, seed)

    def around(self, value: float, samples: Sequence[float], bootstrap: int, seed: int) -> Score:
        """A score of this metric with the interval of these samples; with none the interval is the value."""
        ceiling = float("inf") if self.name in LOWER_IS_BETTER else 100.0
        low, high = interval(samples) if samples else (value, value)
        signature = self.signature(bs=bootstrap, seed=seed) if samples else self.signature()
        return Score(self.name, value, max(low, 0.0), min(high, max(ceiling, value)), signature)


def tallies(hypotheses: Sequence[str], references: Sequence[str], target: str) -> list[Tally]:
    """What `score` counts, one for each metric; raises what `score` does."""
    hypotheses, references = comparable(hypotheses, references)
    found = [
        _tally("BLEU", BLEU(tokenize=tokenizer(target), force=True), hypotheses, references),
        _tally("chrF2", CHRF(), hypotheses, references),
        _tally("chrF2++", CHRF(word_order=2), hypotheses, references),
        _tally("TER", TER(), hypotheses, references),
    ]
    if PAPERS not in omitted(target):
        version = metadata.version("sacremoses")
        suffix = f"|norm:moses-punct|pretok:moses-{language(target)}|sacremoses:{version}"
        metric = BLEU(tokenize="none", lowercase=True, force=True)
        found.append(_tally(PAPERS, metric, moses(hypotheses, target), moses(references, target), suffix))
    return found


def _tally(name: str, metric: Metric, hypotheses: list[str], references: list[str], suffix: str = "") -> Tally:
    rows: list[list[Any]] = []
    for start in range(0, len(references), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows += metric._extract_corpus_statistics(hypotheses[part], [references[part]])
    return Tally(name, metric, rows, suffix)


def samples(tallies: Sequence[Tally], count: int, seed: int) -> list[list[float]]:
    """Scores of `count` bootstrap samples, a list for each tally; all tallies are of the same N sentences.

    The draws are sacrebleu's (`significance._bootstrap_resample`), one sample at a time: drawn at once, as sacrebleu
    does it, 1,000 samples of 100,000 sentences would take 10 GB.
    """
    rng = np.random.default_rng(seed)
    tables: list[npt.NDArray[np.float32]] = [np.array(tally.rows, dtype=np.float32) for tally in tallies]  # (N, K)
    scores: list[list[float]] = [[] for _ in tallies]
    length = len(tallies[0].rows)
    for _ in range(count):
        drawn_N = rng.choice(length, size=length, replace=True)
        for tally, table_NK, values in zip(tallies, tables, scores, strict=True):
            found = tally.metric._compute_score_from_stats(table_NK[drawn_N].sum(0))
            values.append(float(found.score))  # float32, or float where nothing matched: not comparable as they are
    return scores


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """The mean of the samples minus and plus half the width of their central 95 %."""
    ordered = sorted(samples)
    cut = len(ordered) // 40
    half = 0.5 * (ordered[len(ordered) - cut - 1] - ordered[cut])
    mean = statistics.mean(ordered)
    return float(mean - half), float(mean + half)
