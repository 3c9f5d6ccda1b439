"""English sentences from their meanings: auxiliaries, do-support, questions."""

from __future__ import annotations

from calque.corpus.demo import english_nouns, inflection
from calque.corpus.demo.english_nouns import plain
from calque.corpus.demo.lexeme import Noun, Number, Pronoun, Verb
from calque.corpus.demo.meaning import (
    Clause,
    Command,
    Done,
    Fixed,
    Joined,
    NounPhrase,
    Profession,
    Quality,
    Question,
    Sentence,
    Time,
    VerbPhrase,
)
from calque.corpus.demo.names import WHO
from calque.corpus.demo.word import Word

_BE_PRESENT = ("am", "are", "is", "are", "are", "are")
_BE_PAST = ("was", "were", "was", "were", "were", "were")
_CONTRACTED = {"can": "can't", "will": "won't", "am": "am not"}


def spell(meaning: Sentence) -> list[Word]:
    """The words of a sentence with its punctuation."""
    end = "?" if isinstance(meaning, Question) else "."
    return [*_sentence(meaning), *plain(end, (meaning, "end"))]


def _sentence(meaning: Sentence) -> list[Word]:
    if isinstance(meaning, Question):
        return _question(meaning)
    if isinstance(meaning, Command):
        return _command(meaning)
    return _joined(meaning) if isinstance(meaning, Joined) else clause(meaning)


def _joined(joined: Joined) -> list[Word]:
    conjunction = plain(joined.conjunction.english, (joined, "conjunction"))
    comma = plain(",", (joined, "comma")) if joined.comma else []
    if joined.fronted:
        return [*conjunction, *clause(joined.first), *comma, *clause(joined.second)]
    return [*clause(joined.first), *comma, *conjunction, *clause(joined.second)]


def _question(question: Question) -> list[Word]:
    words = plain(question.word.english, (question, "word")) if question.word else []
    if question.asked is not None:
        words += english_nouns.noun_phrase(question.asked)
    inner = question.clause
    if inner.subject.head is WHO:
        return clause(inner)
    auxiliaries, main = _verb(inner, asked=True)
    first = auxiliaries[0] if auxiliaries else main[0]
    if not first.marks:
        first = Word(first.text, frozenset({(question, "ask")}))
    rest = [*auxiliaries[1:], *main] if auxiliaries else main[1:]
    subject = _subject(inner.subject)
    return [*words, first, *subject, *_predicate_after(inner, rest)]


def _command(command: Command) -> list[Word]:
    phrase = command.phrase
    negative, together = (command, "not"), (command, "together")
    start: list[Word] = plain("please", (command, "please")) if command.please else []
    if command.together:
        start += plain("let's", together)
        start += plain("not", negative) if command.negative else []
    elif command.negative:
        start += plain("don't", negative)
    verb = plain(phrase.verb.english, (phrase, "auxiliary"), (phrase, "verb"))
    return [*start, *verb, *_complements(phrase, None, "not" if command.negative else "")]


def clause(node: Clause) -> list[Word]:
    """A clause in the order of a statement."""
    front = [*_fixed(node.front), *plain(",", (node, "comma"))] if node.front else []
    auxiliaries, main = _verb(node)
    return [*front, *_subject(node.subject), *_predicate_after(node, [*auxiliaries, *main], len(auxiliaries))]


def _predicate_after(node: Clause, verb: list[Word], auxiliaries: int = 0) -> list[Word]:
    """The verb with the adverbs among its parts, and what follows it."""
    if node.phrase.verb.english == "be" and auxiliaries == 0 and verb:
        auxiliaries = 1
    slot = min(auxiliaries, 1) if auxiliaries else 0
    verb = [*verb[:slot], *_adverb(node), *verb[slot:]]
    late = plain("yet", (node, "yet")) if node.negation == "not yet" else []
    return [*verb, *_complements(node.phrase, node.subject, node.negation), *late]


def _adverb(node: Clause) -> list[Word]:
    if node.negation in {"never", "no longer"}:
        return plain(node.negation, (node, "negation"))
    if node.negation == "only":
        return plain("only", (node, "negation"), (node.phrase, "only"))
    return plain(node.frequency.english, (node, "frequency")) if node.frequency else []


def _subject(phrase: NounPhrase) -> list[Word]:
    return [*english_nouns.noun_phrase(phrase, subject=True), *_relative(phrase)]


def _index(subject: NounPhrase) -> int:
    if isinstance(subject.head, Pronoun):
        return subject.head.english_index
    return 5 if subject.number is Number.PLURAL else 2


def _verb(node: Clause, asked: bool = False) -> tuple[list[Word], list[Word]]:
    """Auxiliaries with their negation, and the main verb (which is empty for a lone *be* or a modal)."""
    phrase, index = node.phrase, _index(node.subject)
    verb = phrase.verb
    auxiliary, main = (phrase, "auxiliary"), (phrase, "verb")
    refused = node.negation in {"not", "not yet", "nothing", "nobody"}
    texts, form = _auxiliaries(verb, node.time, index)
    if texts:
        words = [word for text in texts for word in plain(text, auxiliary)]
        alone = not form
        if refused or alone:
            own = ({(node, "negation")} if refused else set()) | {auxiliary} | ({main} if alone else set())
            words[:1] = _refused(words[0].text, refused, frozenset(own))
        return words, plain(form, main) if form else []
    if refused or asked:
        do = "did" if node.time is Time.PAST else "does" if index == 2 else "do"
        marks = frozenset({(node, "negation")}) if refused else frozenset()
        return _refused(do, refused, marks), plain(verb.english, auxiliary, main)
    past = node.time is Time.PAST
    text = (
        inflection.past(verb.english) if past else inflection.third_person(verb.english) if index == 2 else verb.english
    )
    return [], plain(text, auxiliary, main)


def _refused(text: str, refused: bool, marks: frozenset[tuple[object, str]]) -> list[Word]:
    """An auxiliary with its negation: isn't, won't, am not."""
    negated = _CONTRACTED.get(text, text + "n't") if refused else text
    return [Word(token, marks) for token in negated.split()]


def _auxiliaries(verb: Verb, time: Time, index: int) -> tuple[list[str], str]:
    """Auxiliaries and the form of the main verb after them; no auxiliaries where the verb is simple."""
    base = verb.english
    be = _BE_PRESENT[index]
    if "modal" in verb.flags:
        return [base], ""
    if base == "be" and time in {Time.PRESENT, Time.PAST}:
        return [be if time is Time.PRESENT else _BE_PAST[index]], ""
    return {
        Time.PROGRESSIVE: ([be], inflection.progressive(base)),
        Time.PAST_PROGRESSIVE: ([_BE_PAST[index]], inflection.progressive(base)),
        Time.FUTURE: (["will"], base),
        Time.CONDITIONAL: (["would"], base),
        Time.PERFECT: (["has" if index == 2 else "have"], inflection.participle(base)),
        Time.NEAR: ([be, "going", "to"], base),
        Time.RECENT: (["has" if index == 2 else "have", "just"], inflection.participle(base)),
    }.get(time, ([], ""))


def _complements(phrase: VerbPhrase, subject: NounPhrase | None, negation: str) -> list[Word]:
    """What follows the verb."""
    negated = bool(negation) and negation != "only" and "copula" not in phrase.verb.flags
    words = _objects(phrase, negated)
    if negation in {"nothing", "nobody"}:
        words = plain("anything", (phrase, "object")) if negation == "nothing" else plain("anybody", (phrase, "object"))
    words += _predicate(phrase, subject) if subject else []
    if phrase.infinitive is not None:
        inner = phrase.infinitive
        words += plain(phrase.verb.preposition[0], (phrase, "preposition"))
        words += plain(inner.verb.english, (inner, "auxiliary"), (inner, "verb"))
        words += _complements(inner, subject, negation)
    if phrase.content is not None:
        words += [*plain("that", (phrase, "that")), *clause(phrase.content)]
    for adjunct in phrase.adjuncts:
        words += _fixed(adjunct) if isinstance(adjunct, Fixed) else english_nouns.place(adjunct)
    return words


def _objects(phrase: VerbPhrase, negated: bool) -> list[Word]:
    """Particle, object and recipient: turn on the lamp, turn it on, give him the book, give the book to Marie."""
    verb, thing, recipient = phrase.verb, phrase.object, phrase.recipient
    particle = plain(verb.particle[0], (phrase, "particle" if verb.particle[1] else "verb"))
    if thing is None:
        return particle
    link = plain(verb.preposition[0], (phrase, "preposition" if verb.preposition[1] else "verb"))
    words = [*english_nouns.noun_phrase(thing, negated), *_relative(thing)]
    late = thing.personal and not link
    words = [*words, *particle] if late else [*particle, *link, *words]
    if recipient is None:
        return words
    person = english_nouns.noun_phrase(recipient)
    if phrase.shifts and recipient.personal and not thing.personal and not thing.trace:
        return [*person, *words]
    return [*words, *plain("to", (phrase, "to")), *person]


def _predicate(phrase: VerbPhrase, subject: NounPhrase) -> list[Word]:
    match phrase.predicate:
        case Quality() as quality:
            return _quality(quality)
        case Profession() as profession:
            return _profession(profession, subject)
        case Done() as done:
            return plain(inflection.participle(done.verb.english), (done, "verb"))
    return []


def _profession(profession: Profession, subject: NounPhrase) -> list[Word]:
    noun, mark = profession.noun.english, (profession, "noun")
    number = subject.head.number if isinstance(subject.head, Pronoun) else subject.number
    if number is Number.PLURAL:
        return plain(inflection.plural(noun), mark)
    return [*plain(inflection.article(noun)), *plain(noun, mark)]


def _quality(quality: Quality) -> list[Word]:
    adjective, degree = (quality, "adjective"), (quality, "degree")
    text = quality.adjective.english
    if quality.degree == "more" and (quality.adjective.comparison == "er" or text == "good"):
        words = plain(inflection.comparative(text), adjective, degree)
    else:
        words = [*(plain(quality.degree, degree) if quality.degree else []), *plain(text, adjective)]
    if quality.than is None:
        return words
    link = "as" if quality.degree == "as" else "than"
    return [*words, *plain(link, (quality, "than")), *english_nouns.noun_phrase(quality.than)]


def _relative(phrase: NounPhrase) -> list[Word]:
    relative = phrase.relative
    if relative is None:
        return []
    person = isinstance(phrase.head, Noun) and "person" in phrase.head.tags
    word = "where" if relative.where else "who" if person and relative.clause.subject.trace else "that"
    return [*plain(word, (relative, "word")), *clause(relative.clause)]


def _fixed(node: Fixed | None) -> list[Word]:
    return plain(node.adverb.english, (node, "adverb")) if node else []
