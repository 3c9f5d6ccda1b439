"""French sentences from their meanings: verbs, the pronouns before them, negation, questions."""

from __future__ import annotations

from calque.corpus.demo import agreement, conjugation, euphony, french_nouns
from calque.corpus.demo.conjugation import Tense
from calque.corpus.demo.french_nouns import plain
from calque.corpus.demo.lexeme import Gender, Number, Pronoun
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
from calque.corpus.demo.names import WHO, I
from calque.corpus.demo.word import Word

_SIMPLE = {
    Time.PRESENT: Tense.PRESENT,
    Time.PROGRESSIVE: Tense.PRESENT,
    Time.PAST_PROGRESSIVE: Tense.IMPERFECT,
    Time.FUTURE: Tense.FUTURE,
    Time.CONDITIONAL: Tense.CONDITIONAL,
}
_NEGATIONS = {"not": "pas", "never": "jamais", "no longer": "plus", "not yet": "pas", "nothing": "rien"}
_REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")
_DEGREES = {"very": "très", "too": "trop", "so": "si", "more": "plus", "less": "moins", "as": "aussi"}


def spell(meaning: Sentence) -> list[Word]:
    """The words of a sentence with its punctuation, every word in the form it has beside its neighbours."""
    end = "?" if isinstance(meaning, Question) else "."
    return euphony.settle([*_sentence(meaning), *plain(end, (meaning, "end"))])


def _sentence(meaning: Sentence) -> list[Word]:
    if isinstance(meaning, Question):
        return _question(meaning)
    if isinstance(meaning, Command):
        return _command(meaning)
    return _joined(meaning) if isinstance(meaning, Joined) else clause(meaning)


def _joined(joined: Joined) -> list[Word]:
    conjunction = plain(joined.conjunction.french, (joined, "conjunction"))
    comma = plain(",", (joined, "comma")) if joined.comma else []
    if joined.fronted:
        return [*conjunction, *clause(joined.first), *comma, *clause(joined.second)]
    return [*clause(joined.first), *comma, *conjunction, *clause(joined.second)]


def _question(question: Question) -> list[Word]:
    words = plain(question.word.french, (question, "word")) if question.word else []
    if question.asked is not None:
        words += french_nouns.noun_phrase(question.asked)
    inner = question.clause
    subject = inner.subject.head
    if question.postposed and not isinstance(subject, Pronoun):
        return [*words, *clause(inner, postposed=True)]
    if subject is WHO:
        return clause(inner)
    if words and isinstance(subject, Pronoun) and subject is not I:
        return [*words, *clause(inner, inverted=True)]
    return [*words, *plain("est-ce que", (question, "ask")), *clause(inner)]


def _command(command: Command) -> list[Word]:
    phrase = command.phrase
    text = conjugation.conjugate(phrase.verb.french, Tense.PRESENT, 3 if command.together else 4)
    verb = plain(text, (phrase, "auxiliary"), (phrase, "verb"), *([(command, "together")] if command.together else []))
    if command.negative:
        verb = [*plain("ne", (command, "not")), *verb, *plain("pas", (command, "not"))]
    please = [*plain(",", (command, "comma")), *plain("s'il vous plaît", (command, "please"))] if command.please else []
    return [*verb, *_complements(phrase, phrase, "not" if command.negative else ""), *please]


def clause(node: Clause, inverted: bool = False, postposed: bool = False) -> list[Word]:
    """A clause; `inverted` puts the pronoun after the verb (mange-t-elle), `postposed` the noun (va Marie)."""
    phrase, subject = node.phrase, _subject(node.subject)
    front = [*_fixed(node.front), *plain(",", (node, "comma"))] if node.front else []
    lead, tail = _verb(node)
    if inverted:
        lead = [*lead, _hyphenated(lead[-1], node.subject)]
    second = _second_negation(node)
    ne = plain("ne", (node, "negation")) if node.negation else []
    adverb = plain("encore", (node, "yet")) if node.negation == "not yet" else _frequency(node)
    before = [] if inverted or postposed else subject
    after = subject if postposed else []
    verb = [*ne, *lead, *after, *second, *adverb, *tail]
    return [*front, *before, *verb, *_complements(phrase, node.subject, node.negation)]


def _second_negation(node: Clause) -> list[Word]:
    """pas, jamais, plus; rien, which is the object too."""
    if node.negation not in _NEGATIONS:
        return []
    thing = [(node.phrase, "object")] if node.negation == "nothing" else []
    return plain(_NEGATIONS[node.negation], (node, "negation"), *thing)


def _frequency(node: Clause) -> list[Word]:
    return plain(node.frequency.french, (node, "frequency")) if node.frequency else []


def _subject(phrase: NounPhrase) -> list[Word]:
    if isinstance(phrase.head, Pronoun) and not phrase.trace:
        return plain(phrase.head.french[0], (phrase, "noun"))
    words = french_nouns.noun_phrase(phrase)
    return [*words, *_relative(phrase)]


def _hyphenated(verb: Word, subject: NounPhrase) -> Word:
    assert isinstance(subject.head, Pronoun)
    pronoun = subject.head.french[0]
    link = "-t-" if verb.text[-1] in "aec" and pronoun[0] in "ie" else "-"
    return Word(link + pronoun, frozenset({(subject, "noun")}))


def _index(subject: NounPhrase) -> int:
    """The person that a verb agrees with."""
    if isinstance(subject.head, Pronoun):
        return subject.head.index
    return 5 if subject.number is Number.PLURAL else 2


def _verb(node: Clause) -> tuple[list[Word], list[Word]]:
    """The pronouns with the inflected verb, and what follows the negation: participle, infinitive, particle."""
    phrase, index = node.phrase, _index(node.subject)
    verb = phrase.verb
    auxiliary, main = (phrase, "auxiliary"), (phrase, "verb")
    clitics = _clitics(phrase, index)
    if node.time in {Time.NEAR, Time.RECENT}:
        helper, link = ("aller", "") if node.time is Time.NEAR else ("venir", "de")
        lead = plain(conjugation.conjugate(helper, Tense.PRESENT, index), auxiliary)
        return lead, [*plain(link, auxiliary), *clitics, *plain(verb.french, main), *_particle(phrase)]
    tense = _SIMPLE.get(node.time)
    if node.time is Time.PAST and verb.flags & {"state", "imperfect"}:
        tense = Tense.IMPERFECT
    if tense is not None:
        text = conjugation.conjugate(verb.french, tense, index)
        return [*clitics, *plain(text, auxiliary, main)], _particle(phrase)
    helper = "être" if verb.flags & {"être", "reflexive"} else "avoir"
    lead = [*clitics, *plain(conjugation.conjugate(helper, Tense.PRESENT, index), auxiliary)]
    return lead, [*plain(_participle(phrase, node.subject), main), *_particle(phrase)]


def _participle(phrase: VerbPhrase, subject: NounPhrase) -> str:
    """Agrees with the subject under être, with an object that precedes the verb under avoir."""
    text = conjugation.participle(phrase.verb.french)
    if phrase.verb.flags & {"être", "reflexive"}:
        return agreement.agreed(text, *_agreement(subject))
    thing = phrase.object
    if thing is not None and not phrase.verb.preposition[1] and (thing.personal or thing.trace):
        return agreement.agreed(text, *_agreement(thing))
    return text


def _agreement(phrase: NounPhrase) -> tuple[Gender, Number]:
    if isinstance(phrase.head, Pronoun):
        return phrase.head.gender, phrase.head.number
    return phrase.gender, phrase.number


def _particle(phrase: VerbPhrase) -> list[Word]:
    english, french = phrase.verb.particle
    return plain(french, (phrase, "particle" if english else "verb")) if french else []


def _clitic_object(phrase: VerbPhrase) -> bool:
    """Whether the object is a pronoun that stands before the verb."""
    thing, verb = phrase.object, phrase.verb
    if thing is None or not thing.personal or thing.trace:
        return False
    return not verb.preposition[1] or (verb.preposition[1] == "à" and "tonic" not in verb.flags)


def _clitics(phrase: VerbPhrase, index: int) -> list[Word]:
    """me, le, lui and their like in the order French has them; `index` is the subject's person."""
    words: list[tuple[int, Word]] = []
    if "reflexive" in phrase.verb.flags:
        words += [(0, word) for word in plain(_REFLEXIVE[index], (phrase, "verb"))]
    if _clitic_object(phrase):
        words.append(_clitic(phrase.object, 2 if phrase.verb.preposition[1] else 1))
    if phrase.recipient is not None and phrase.recipient.personal:
        words.append(_clitic(phrase.recipient, 2))
    if "place" in phrase.verb.flags:
        words += [(3, word) for word in plain("y", (phrase, "verb"))]
    return [word for _, word in sorted(words, key=lambda ranked: ranked[0])]


def _clitic(phrase: NounPhrase | None, form: int) -> tuple[int, Word]:
    """A pronoun with its rank: me before le before lui."""
    assert phrase is not None
    assert isinstance(phrase.head, Pronoun)
    rank = 0 if phrase.head.index not in {2, 5} else form
    return rank, plain(phrase.head.french[form], (phrase, "noun"))[0]


def _complements(phrase: VerbPhrase, subject: NounPhrase | VerbPhrase, negation: str) -> list[Word]:
    """What follows the verb: predicate, object, recipient, infinitive, clause, adjuncts."""
    negated = bool(negation) and negation != "only" and "copula" not in phrase.verb.flags
    words = _predicate(phrase, subject) if isinstance(subject, NounPhrase) else []
    if negation == "only":
        words += plain("que", (phrase, "only"))
    if negation == "nobody":
        words += plain("personne", (phrase, "object"))
    if phrase.object is not None and not phrase.object.trace and not _clitic_object(phrase):
        words += _object(phrase, phrase.object, negated)
    if phrase.recipient is not None and not phrase.recipient.personal:
        words += french_nouns.prepositional("à", phrase.recipient, (phrase, "to"))
    if phrase.infinitive is not None and isinstance(subject, NounPhrase):
        words += _infinitive(phrase, phrase.infinitive, subject, negation)
    if phrase.content is not None:
        words += [*plain("que", (phrase, "that")), *clause(phrase.content)]
    for adjunct in phrase.adjuncts:
        words += _fixed(adjunct) if isinstance(adjunct, Fixed) else french_nouns.place(adjunct)
    return words


def _object(phrase: VerbPhrase, thing: NounPhrase, negated: bool) -> list[Word]:
    english, french = phrase.verb.preposition
    if french:
        words = french_nouns.prepositional(french, thing, (phrase, "preposition" if english else "verb"))
    else:
        words = french_nouns.noun_phrase(thing, negated)
    return [*words, *_relative(thing)]


def _infinitive(phrase: VerbPhrase, inner: VerbPhrase, subject: NounPhrase, negation: str) -> list[Word]:
    link = plain(phrase.verb.preposition[1], (phrase, "preposition"))
    verb = [*_clitics(inner, _index(subject)), *plain(inner.verb.french, (inner, "auxiliary"), (inner, "verb"))]
    return [*link, *verb, *_particle(inner), *_complements(inner, subject, negation)]


def _predicate(phrase: VerbPhrase, subject: NounPhrase) -> list[Word]:
    gender, number = _agreement(subject)
    match phrase.predicate:
        case Quality() as quality:
            return _quality(quality, gender, number)
        case Profession() as profession:
            noun = profession.noun.feminine if gender is Gender.FEMININE else profession.noun.french
            return plain(agreement.plural(noun) if number is Number.PLURAL else noun, (profession, "noun"))
        case Done() as done:
            text = agreement.agreed(conjugation.participle(done.verb.french), gender, number)
            return plain(text, (done, "verb"))
    return []


def _quality(quality: Quality, gender: Gender, number: Number) -> list[Word]:
    adjective = (quality, "adjective")
    degree = plain(_DEGREES[quality.degree], (quality, "degree")) if quality.degree else []
    words = [*degree, *plain(agreement.agreed(quality.adjective.french, gender, number), adjective)]
    if quality.degree == "more" and quality.adjective.french == "bon":
        words = plain(agreement.agreed("meilleur", gender, number), (quality, "degree"), adjective)
    if quality.than is None:
        return words
    return [*words, *plain("que", (quality, "than")), *french_nouns.noun_phrase(quality.than)]


def _relative(phrase: NounPhrase) -> list[Word]:
    relative = phrase.relative
    if relative is None:
        return []
    word = "où" if relative.where else "qui" if relative.clause.subject.trace else "que"
    return [*plain(word, (relative, "word")), *clause(relative.clause)]


def _fixed(node: Fixed | None) -> list[Word]:
    return plain(node.adverb.french, (node, "adverb")) if node else []
