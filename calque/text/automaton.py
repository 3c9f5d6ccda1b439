"""Many phrases looked for at once, in time that grows with the text alone (Aho and Corasick 1975)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Automaton:
    """Tells where phrases begin in a text.

    It reads backwards: a state is the longest beginning of a phrase read so that ends there, so what it has behind it
    is the longest phrase that begins at that place of the text.

    Args:
        phrases: each as its words; an empty one is found nowhere.
    """

    def __init__(self, phrases: Iterable[Sequence[str]]) -> None:
        self._onward: dict[tuple[int, str], int] = {}
        self._longest = [0]  # words of the longest phrase that a state ends with
        nodes = [(0, "", 0)]  # of each state the one before it, the word between, and the depth
        for phrase in phrases:
            self._longest[self._added(phrase, nodes)] = len(phrase)
        self._instead = [0] * len(nodes)  # the state that is left where a word leads no further
        for state in sorted(range(1, len(nodes)), key=lambda state: nodes[state][2]):
            before, word, depth = nodes[state]
            self._instead[state] = self._after(self._instead[before], word) if depth > 1 else 0
            self._longest[state] = self._longest[state] or self._longest[self._instead[state]]

    def _added(self, phrase: Sequence[str], nodes: list[tuple[int, str, int]]) -> int:
        """The state of a phrase, made where it is not there yet."""
        state = 0
        for depth, word in enumerate(reversed(phrase), start=1):
            following = self._onward.setdefault((state, word), len(nodes))
            if following == len(nodes):
                nodes.append((state, word, depth))
                self._longest.append(0)
            state = following
        return state

    def _after(self, state: int, word: str) -> int:
        while state and (state, word) not in self._onward:
            state = self._instead[state]
        return self._onward.get((state, word), 0)

    def lengths(self, words: Sequence[str]) -> list[int]:
        """For each place of a text how many words the longest phrase has that begins there; 0 where none does.

        >>> Automaton([["a"], ["a", "b", "c"]]).lengths(["a", "b", "a", "b", "c"])
        [1, 0, 3, 0, 0]
        """
        found = [0] * len(words)
        state = 0
        for place in reversed(range(len(words))):
            state = self._after(state, words[place])
            found[place] = self._longest[state]
        return found
