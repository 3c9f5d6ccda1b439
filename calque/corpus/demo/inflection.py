"""English word forms."""

from __future__ import annotations

_PLURALS = {
    "man": "men",
    "woman": "women",
    "child": "children",
    "mouse": "mice",
    "wolf": "wolves",
    "leaf": "leaves",
    "knife": "knives",
    "thief": "thieves",
    "policeman": "policemen",
    "shelf": "shelves",
    "scarf": "scarves",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "hero": "heroes",
    "year old": "years old",
    "o'clock": "o'clock",
}
# Base: past, past participle.
_IRREGULAR = {
    line.split()[0]: (line.split()[1], line.split()[-1])
    for line in """
be was been|have had|do did done|eat ate eaten|drink drank drunk|buy bought|sell sold|read read|write wrote written
|break broke broken|lose lost|find found|see saw seen|hear heard|take took taken|drive drove driven|know knew known
|meet met|draw drew drawn|choose chose chosen|teach taught|forget forgot forgotten|understand understood
|sing sang sung|hide hid hidden|throw threw thrown|cut cut|build built|catch caught|feed fed|wake woke woken
|leave left|wear wore worn|hold held|steal stole stolen|speak spoke spoken|give gave given|show showed shown|lend lent
|send sent|bring brought|tell told|sleep slept|run ran run|swim swam swum|win won|shine shone|ring rang rung
|fly flew flown|fall fell fallen|come came come|go went gone|think thought|begin began begun|grow grew grown
|get got gotten
|become became become|put put|say said|make made
""".strip()
    .replace("\n", "")
    .split("|")
}
_DOUBLED = frozenset({"stop", "plan", "get", "run", "swim", "cut", "win", "begin", "forget", "put", "hug"})
_AN = ("hour", "honest")
_A = ("university", "useful", "european")
_COMPARATIVES = {"good": ("better", "best")}


def article(following: str) -> str:
    """*a* or *an*, by the sound that the following word begins with."""
    word = following.lower()
    vowel = word.startswith(_AN) or (word[:1] in set("aeiou") and not word.startswith(_A))
    return "an" if vowel else "a"


def plural(noun: str) -> str:
    """The plural of a noun."""
    return _PLURALS.get(noun) or _with_s(noun)


def third_person(verb: str) -> str:
    """The present with he, she, it."""
    return {"be": "is", "have": "has"}.get(verb) or _with_s(verb)


def past(verb: str) -> str:
    """The simple past; of *be* the singular, was."""
    return _IRREGULAR[verb][0] if verb in _IRREGULAR else _with_ed(verb)


def participle(verb: str) -> str:
    """The past participle."""
    return _IRREGULAR[verb][1] if verb in _IRREGULAR else _with_ed(verb)


def progressive(verb: str) -> str:
    """The form in -ing."""
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "be")):
        return verb[:-1] + "ing"
    return verb + "ing"


def comparative(adjective: str) -> str:
    """taller, bigger, happier, better."""
    return _COMPARATIVES.get(adjective, (_compared(adjective) + "er", ""))[0]


def superlative(adjective: str) -> str:
    """tallest, biggest, happiest, best."""
    return _COMPARATIVES.get(adjective, ("", _compared(adjective) + "est"))[1]


def _compared(adjective: str) -> str:
    if adjective.endswith("y") and adjective[-2] not in "aeiou":
        return adjective[:-1] + "i"
    if adjective.endswith("e"):
        return adjective[:-1]
    short = len(adjective) <= 4 and adjective[-1] not in "aeiouwy" and adjective[-2] in "aeiou"
    return adjective + adjective[-1] if short and adjective[-3] not in "aeiou" else adjective


def _with_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")) or word in {"go", "do"}:
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"


def _with_ed(verb: str) -> str:
    if verb in _DOUBLED:
        return verb + verb[-1] + "ed"
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if verb.endswith("y") and verb[-2] not in "aeiou" else verb + "ed"
