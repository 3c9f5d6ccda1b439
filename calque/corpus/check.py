"""What is wrong with parallel text, found before anything is trained on it. Looks at the data alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from calque.corpus.clean import usable
from calque.corpus.defect import FAR, LONG, broken, controlled, copied, numbers_differ, ratio, shown, too_long
from calque.corpus.drift import Usual, Watch
from calque.corpus.language import Judge
from calque.corpus.leak import HeldOut, marks
from calque.corpus.read import Corpus
from calque.records import Check, Pair
from calque.text.normal import blank

HEAD = 5_000  # pairs that tell what is usual in a corpus
ALL = 10_000  # pairs whose language is always looked at
EVERY = 10  # and of those behind them one in so many
_ORDER = ("train", "dev", "test")
STEP = 1_000  # pairs between two calls of `progress`

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: amber when it concerns at least `least` pairs and more than the share `amber` of all, red when
    it concerns more than the share `red`."""

    name: str
    what: str
    advice: str
    amber: float
    red: float
    least: int = 1


KINDS = (
    Kind("empty", "pairs with an empty side", "They are dropped in training", 0, 0.2),
    Kind("duplicate", "pairs that were there before", "The model learns them by heart: keep each pair once", 0.05, 0.5),
    Kind("copied", "pairs whose target is the source", "They teach copying: remove what is not a name", 0.05, 0.5, 3),
    Kind(
        "swapped",
        "pairs whose languages are exchanged",
        "Exchange their sides; where it is nearly all of them, exchange the files, or --source and --target",
        0.001,
        0.25,
    ),
    Kind("language", "pairs with a side clearly in another language", "Remove or translate them", 0.002, 0.25, 2),
    Kind(
        "mojibake",
        "pairs with characters lost or read in the wrong encoding",
        "The model would learn to write them: repair them where they come from, or with the package ftfy",
        0.0005,
        0.05,
    ),
    Kind("length", "pairs whose lengths do not go together", "Often no translations: look at them", 0.01, 0.2, 5),
    Kind("number", "pairs whose numbers differ", "Often no translations: look at them", 0.01, 0.2, 5),
    Kind(
        "pairing",
        "pairs in stretches where source and target are unlike",
        "A line may be missing on one side, or their order differ: repair or remove each stretch",
        0,
        0.25,
    ),
    Kind(
        "long", f"pairs with over {LONG:,} characters on a side", "Most models cannot take them: split them", 0.005, 0.2
    ),
    Kind(
        "control",
        "pairs with control characters or Unicode line separators",
        "Remove those characters: other programs break lines there, and tokenizers do not know them",
        0.0005,
        0.2,
    ),
)


@dataclass(slots=True)
class _Tally:
    """The count of one kind so far."""

    kind: Kind
    keep: int
    count: int = 0
    total: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, found: bool, example: Callable[[], str]) -> None:
        """One more pair that was looked at."""
        self.total += 1
        if found:
            self.count += 1
            if len(self.examples) < self.keep:
                self.examples.append(example())

    def check(self, pairs: int, role: str, note: str = "") -> Check:
        """The finding, `pairs` being how many the corpus has (or how many were looked at, in a sample)."""
        share = self.count / max(1, pairs)
        level = "green"
        if self.count >= self.kind.least and share > self.kind.amber:
            level = "red" if share > self.kind.red else "amber"
        if self.count:
            outcome = f"{self.count:,} of {self.total:,} ({self.count / self.total:.2%})"
            advice = f". {self.kind.advice}" if level != "green" else ", too few to matter"
        else:
            outcome, advice = f"none of {self.total:,}" if self.total else "nothing to look at", ""
        name = self.kind.name if role == "train" else f"{role}: {self.kind.name}"
        message = f"{self.kind.what}: {outcome}{advice}{note}."
        return Check(name, level, self.count, self.total, message, tuple(self.examples))


def check(
    train: Corpus,
    dev: Corpus | None = None,
    test: Corpus | None = None,
    *,
    examples: int = 3,
    progress: Progress | None = None,
) -> list[Check]:
    """Everything that the data alone can tell.

    Args:
        train: training text; all its findings are returned, good ones too.
        dev: development text; what is found in it is returned where it is not green, as 'dev: empty'.
        test: test text, likewise. Both are compared with the training text (and the test text with the development
            text): 'dev leak: pairs', 'dev leak: sources', 'dev leak: targets'.
        examples: lines shown for each finding.
        progress: called with the role ('train', 'dev', 'test') and the number of pairs read, every STEP pairs.

    Returns:
        the findings, in the order of KINDS, the training text first and leaks last; before all, where there are TSV or
        CSV tables, what became of their first rows.

    Raises:
        DataError: a corpus cannot be read.
    """
    corpora = dict(zip(_ORDER, (train, dev, test), strict=True))
    held = [HeldOut("dev", dev, examples)] if dev else []
    if test:
        held.append(HeldOut("test", test, examples, "the training or development text" if dev else "the training text"))
    findings = _first_rows([corpus for corpus in corpora.values() if corpus is not None])
    for role, corpus in corpora.items():
        if corpus is not None:
            unread = [other for other in held if _ORDER.index(other.role) > _ORDER.index(role)]
            found = _Inspection(corpus, role, examples, unread).run(progress)
            findings += found if role == "train" else [finding for finding in found if finding.level != "green"]
    return findings + [finding for other in held for finding in other.checks()]


def _first_rows(corpora: Sequence[Corpus]) -> list[Check]:
    """Which tables have a header; nothing where there is no table that could."""
    told = {path: header for corpus in corpora for path, header in corpus.headers().items()}
    if not told:
        return []
    count = sum(map(bool, told.values()))
    sentences = "; ".join(f"{path}: {header or 'no header, the first row is a pair'}" for path, header in told.items())
    return [Check("header", "green", count, len(told), f"tables with a header: {count} of {len(told)}; {sentences}.")]


class _Inspection:
    """One reading of one corpus."""

    def __init__(self, corpus: Corpus, role: str, examples: int, held: Sequence[HeldOut]) -> None:
        self.corpus = corpus
        self.role = role
        self.held = held
        self.tallies = {kind.name: _Tally(kind, examples) for kind in KINDS}
        head = [(pair.source, pair.target) for pair in islice(usable(corpus), HEAD)]
        self.ratio = statistics.median(ratio(*texts) for texts in head) if head else 0.0
        self.usual = Usual.of(head)
        self.watch = Watch(self.usual)
        self.judge = Judge(corpus.source, corpus.target)
        self.known: set[int] = set()
        self.pairs = 0

    def run(self, progress: Progress | None) -> list[Check]:
        """All findings."""
        for pair in self.corpus:
            self.pairs += 1
            if progress and not self.pairs % STEP:
                progress(self.role, self.pairs)
            empty = blank(pair.source) or blank(pair.target)
            self._add("empty", pair, empty)
            if not empty:
                self._look(pair)
        if progress and self.pairs % STEP:
            progress(self.role, self.pairs)
        self._count_stretches()
        notes = {"swapped": self._languages_note(), "language": self._languages_note()}
        sizes = dict.fromkeys(notes, self.tallies["swapped"].total)
        notes["pairing"] = self._pairing_note()
        return [
            tally.check(sizes.get(name, self.pairs), self.role, notes.get(name, ""))
            for name, tally in self.tallies.items()
        ]

    def _look(self, pair: Pair) -> None:
        """Everything that is asked of a pair with two sides."""
        mark = marks(pair)
        self._add("duplicate", pair, mark[0][0] in self.known)
        self.known.add(mark[0][0])
        for other in self.held:
            other.meet(pair, self.corpus.where(pair), mark)
        self._add("copied", pair, copied(pair))
        self._add_sides("mojibake", pair, broken)
        self._add_sides("control", pair, controlled)
        self._add_sides("long", pair, too_long)
        self._add("length", pair, abs(ratio(pair.source, pair.target) - self.ratio) > FAR)
        differ = numbers_differ(pair.source, pair.target)
        if differ is not None:
            self._add("number", pair, differ)
        self.watch.see(pair)
        if self.judge.tells and (self.pairs <= ALL or not self.pairs % EVERY):
            self._judge_languages(pair)

    def _judge_languages(self, pair: Pair) -> None:
        source, target = self.judge.scores(pair.source), self.judge.scores(pair.target)
        swapped = self.judge.swapped(source, target)
        self._add("swapped", pair, swapped)
        wrong_source = self.judge.wrong(source, self.judge.source, pair.source)
        wrong_target = self.judge.wrong(target, self.judge.target, pair.target)
        side = "source" if wrong_source else "target"
        note = f" ({wrong_source or wrong_target}?)"
        self._add("language", pair, not swapped and bool(wrong_source or wrong_target), side, note)

    def _languages_note(self) -> str:
        """What to say of pairs whose language was not looked at."""
        unknown = [
            code
            for code, name in ((self.corpus.source, self.judge.source), (self.corpus.target, self.judge.target))
            if name is None
        ]
        looked = self.tallies["swapped"].total
        if not self.judge.tells:
            return f"; not looked for: {self.corpus.source} and {self.corpus.target} cannot be told apart"
        sampled = f"; {looked:,} of {self.pairs:,} pairs were looked at" if self.pairs > ALL else ""
        return sampled + (
            f"; {', '.join(unknown)} is not among the languages that can be identified" if unknown else ""
        )

    def _pairing_note(self) -> str:
        """What to say of a corpus that is unpaired from the first line on, or too small to tell."""
        if self.usual.paired is None:
            return ", too few different pairs to tell"
        if self.usual.shift:
            way = "below" if self.usual.shift > 0 else "above"
            return f"; most sources belong to the target {abs(self.usual.shift)} line(s) {way}"
        return "" if self.usual.paired else "; they are no more alike than lines of different pairs"

    def _count_stretches(self) -> None:
        tally = self.tallies["pairing"]
        if self.usual.paired is None:
            return
        tally.total = self.pairs - self.tallies["empty"].count
        if not self.usual.paired or self.usual.shift:
            tally.count = tally.total
            return
        self.watch.finish()
        for stretch in self.watch.stretches:
            tally.count += stretch.count
            if len(tally.examples) < tally.keep:
                first = self._example(stretch.first)
                tally.examples.append(f"{stretch.count:,} pairs to line {stretch.last.line:,} from {first}")

    def _add(self, name: str, pair: Pair, found: bool, side: str = "source", note: str = "") -> None:
        self.tallies[name].add(found, lambda: self._example(pair, side) + note)

    def _add_sides(self, name: str, pair: Pair, fault: Callable[[str], bool]) -> None:
        source = fault(pair.source)
        self._add(name, pair, source or fault(pair.target), "source" if source else "target")

    def _example(self, pair: Pair, side: str = "source") -> str:
        return f"{self.corpus.where(pair, side)}: {shown(pair.source)} | {shown(pair.target)}"
