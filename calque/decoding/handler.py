"""What is done around the search: sentences are repaired, what must not change is protected, and what comes out is
looked at. All of it is text to text; who searches does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calque import warning
from calque.decoding import guard
from calque.decoding.passage import Answer, bare, join
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.text import shield
from calque.text.repair import repaired
from calque.text.shield import Item

if TYPE_CHECKING:
    from calque.decoding.explained import Explained

Explain = Callable[[Sequence[tuple[str, str]]], "Sequence[Explained]"]
Translate = Callable[[Sequence[str], Search], Mapping[str, Answer]]  # bodies to what the model says to each


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Something that may be said for a body, and what is wrong with it."""

    answer: Answer
    kept: bool
    faults: tuple[str, ...]

    @property
    def good(self) -> bool:
        return self.kept and not self.faults


class Handler:
    """Translates sentences with care.

    Args:
        translate: who translates.
        search: how it searches first.
        handling: what is to be done.
        languages: codes of source and target.
        explain: tells which words of sentences and their translations go with which.
    """

    def __init__(
        self,
        translate: Translate,
        search: Search,
        handling: Handling,
        languages: tuple[str, str],
        explain: Explain | None = None,
    ) -> None:
        self._translate = translate
        self._explain = explain
        self._search = search
        self._handling = handling
        self._languages = languages

    def answers(self, bodies: Iterable[str]) -> dict[str, Answer]:
        """The answer to each body."""
        plain = {body: self._plain(body) for body in bodies}
        items = {body: shield.items(text) if self._handling.protect else [] for body, text in plain.items()}
        said = self._translate(list(dict.fromkeys(plain.values())), self._search)
        best = {body: self._first(plain[body], said[plain[body]], items[body]) for body in plain}
        self._disguise(best, plain, items)
        self._again(best, plain, items)
        self._insert(best, plain, items)
        self._apart(best, plain, items)
        return {body: self._told(body, candidate) for body, candidate in best.items()}

    def _plain(self, body: str) -> str:
        """The body repaired, unless that touches what must not change."""
        if not self._handling.normalise:
            return body
        plain = repaired(body).strip()
        same = not self._handling.protect or _said(shield.items(plain)) == _said(shield.items(body))
        return plain if plain and same else body

    def _first(self, text: str, answer: Answer, items: Sequence[Item]) -> _Candidate:
        """The best hypothesis of an answer with which nothing is wrong, and all good others behind it; where there is
        none, the best one."""
        hypotheses = [(answer.text, answer.score), *answer.alternatives]
        looked_at = [self._candidate(text, said, score, answer, items) for said, score in hypotheses]
        good = [candidate for candidate in looked_at if candidate.good]
        first, *others = good or looked_at[:1]
        rest = tuple((other.answer.text, other.answer.score) for other in others)
        return replace(first, answer=replace(first.answer, alternatives=rest))

    def _candidate(self, text: str, said: str, score: float, answer: Answer, items: Sequence[Item]) -> _Candidate:
        copied = answer.tokens == 0  # the vocabulary sees nothing there, which is said already
        wrong = guard.faults(text, said, answer.ended, self._languages) if self._handling.guard and not copied else []
        return _Candidate(
            replace(answer, text=said, score=score, alternatives=()), shield.kept(items, said), tuple(wrong)
        )

    def _disguise(
        self, best: dict[str, _Candidate], plain: Mapping[str, str], items: Mapping[str, Sequence[Item]]
    ) -> None:
        """Where something that must not change was lost: translate with something else in its place, which a model
        rather copies, and put it back."""
        tried = {
            body: shield.disguises(plain[body], items[body]) for body, candidate in best.items() if not candidate.kept
        }
        texts = dict.fromkeys(disguise.text for some in tried.values() for disguise in some)
        said = self._translate(list(texts), self._search.model_copy(update={"n_best": 1})) if texts else {}
        for body, some in tried.items():
            found = []
            for disguise in some:
                answer = said[disguise.text]
                lifted = disguise.lifted(answer.text)
                if lifted is not None:
                    found.append(self._candidate(plain[body], lifted, answer.score, answer, items[body]))
            good = [candidate for candidate in found if candidate.good]
            if good:
                best[body] = max(good, key=lambda candidate: candidate.answer.score)

    def _again(
        self, best: dict[str, _Candidate], plain: Mapping[str, str], items: Mapping[str, Sequence[Item]]
    ) -> None:
        """Where something is wrong with what was said: look for something better in other ways."""
        for search in guard.retries(self._search):
            bodies = [body for body, candidate in best.items() if candidate.kept and candidate.faults]
            if not bodies:
                return
            said = self._translate(list(dict.fromkeys(plain[body] for body in bodies)), search)
            for body in bodies:
                found = self._first(plain[body], said[plain[body]], items[body])
                if found.kept and len(found.faults) < len(best[body].faults):
                    others = found.answer.alternatives[: self._search.n_best - 1]
                    best[body] = replace(found, answer=replace(found.answer, alternatives=others))

    def _insert(
        self, best: dict[str, _Candidate], plain: Mapping[str, str], items: Mapping[str, Sequence[Item]]
    ) -> None:
        """Where something is lost still: translate the sentence without it, and put it beside what its neighbour has
        become."""
        lost = {
            body: shield.without(plain[body], items[body]) for body, candidate in best.items() if not candidate.kept
        }
        lost = {body: (left, gaps) for body, (left, gaps) in lost.items() if any(map(str.isalpha, left))}
        if self._explain is None or not lost:
            return
        from calque.decoding import insertion

        texts = list(dict.fromkeys(left for left, _ in lost.values()))
        said = self._translate(texts, self._search.model_copy(update={"n_best": 1}))
        told = dict(zip(texts, self._explain([(text, said[text].text) for text in texts]), strict=True))
        for body, (left, gaps) in lost.items():
            if not told[left].links:
                continue
            places = [(insertion.place(told[left], gap, len(said[left].text)), gap) for gap in gaps]
            answer = replace(said[left], notes=(warning.INSERTED,))
            text = shield.filled(said[left].text, places)
            candidate = self._candidate(plain[body], text, answer.score, answer, items[body])
            if candidate.good:
                best[body] = candidate

    def _apart(
        self, best: dict[str, _Candidate], plain: Mapping[str, str], items: Mapping[str, Sequence[Item]]
    ) -> None:
        """Where something is lost still: translate what stands between, each stretch alone; and where even that makes
        more of it than there was, nothing."""
        lost = {
            body: [(bare(stretch), fixed) for stretch, fixed in shield.apart(plain[body], items[body])]
            for body, candidate in best.items()
            if not candidate.kept
        }
        between = [part.body for parts in lost.values() for part, fixed in parts if part.body and not fixed]
        worded = [body for body in dict.fromkeys(between) if any(character.isalpha() for character in body)]
        said = self._translate(worded, self._search.model_copy(update={"n_best": 1})) if worded else {}
        for body, parts in lost.items():
            answers = {part.body: _fragment(part.body, said.get(part.body)) for part, _ in parts if part.body}
            answers |= {part.body: Answer(part.body) for part, fixed in parts if fixed}
            joined = join([part for part, _ in parts], answers)
            joined = replace(joined, notes=(warning.AROUND,))
            candidate = self._candidate(plain[body], joined.text, joined.score, joined, items[body])
            if not candidate.kept:
                candidate = _Candidate(Answer(plain[body], notes=(warning.LOST,)), True, ())
            best[body] = candidate

    def _told(self, body: str, candidate: _Candidate) -> Answer:
        """The answer with what stayed wrong; the source stands where nothing was said."""
        answer = candidate.answer
        if warning.EMPTY in candidate.faults:
            return replace(answer, text=body, notes=(*answer.notes, warning.EMPTY))
        return replace(answer, notes=(*answer.notes, *candidate.faults))


def _fragment(source: str, answer: Answer | None) -> Answer:
    """What was said to a stretch of a sentence, without the capital and the full stop of a sentence of its own."""
    if answer is None:
        return Answer(source)
    said = answer.text
    if source[-1:].isalnum() and said[-1:] in (".", "。"):
        said = said[:-1].rstrip()
    if source[:1].islower() and not said[1:2].isupper():
        said = said[:1].lower() + said[1:]
    return replace(answer, text=said, alternatives=())


def _said(items: Sequence[Item]) -> list[str]:
    return [item.text for item in items]
