"""Sentences of the demo grammar: literal meanings spelled out in both languages, and what holds for every sentence."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from calque.corpus.demo import adverbs, english, french, grammar, lexicon, names, word
from calque.corpus.demo.descriptions import BE, SEEM, THERE_IS
from calque.corpus.demo.dice import Dice
from calque.corpus.demo.lexeme import Name, Number, Verb
from calque.corpus.demo.meaning import (
    Clause,
    Command,
    Determiner,
    Done,
    Joined,
    NounPhrase,
    Prepositional,
    Profession,
    Quality,
    Question,
    Relative,
    Time,
    VerbPhrase,
)
from calque.corpus.demo.places import land
from calque.corpus.demo.statements import BE_DONE, CAN, GO, WANT

ONE, MANY = Number.SINGULAR, Number.PLURAL
D, T = Determiner, Time
MARIE = next(name for name in names.PEOPLE if name.english == "Marie")
PAUL = next(name for name in names.PEOPLE if name.english == "Paul")


def np(noun: str, determiner: Determiner = D.THE, number: Number = ONE, *adjectives: str, **more: object) -> NounPhrase:
    chosen = tuple(lexicon.adjective(adjective) for adjective in adjectives)
    return NounPhrase(lexicon.noun(noun), number, determiner, chosen, **more)


def someone(who: object) -> NounPhrase:
    return NounPhrase(who)


def verb(name: str, thing: NounPhrase | None = None) -> Verb:
    """The verb of the first frame with this name that has such an object, or none."""
    frames = lexicon.frames(name.replace(" ", "_"))
    tags = getattr(thing.head, "tags", frozenset()) if thing else frozenset()
    fitting = [frame for frame in frames if bool(frame.objects) == (thing is not None)]
    return ([frame for frame in fitting if tags & set(frame.objects)] or fitting or list(frames))[0].verb


def do(subject: NounPhrase, name: str, time: Time, thing: NounPhrase | None = None, **more: object) -> Clause:
    clause = {key: more.pop(key) for key in ("negation", "frequency") if key in more}
    return Clause(subject, time, VerbPhrase(verb(name, thing), thing, **more), **clause)


def be(subject: NounPhrase, adjective: str, time: Time = T.PRESENT, degree: str = "", than: object = None) -> Clause:
    return Clause(subject, time, VerbPhrase(BE, predicate=Quality(lexicon.adjective(adjective), degree, than)))


def trace(noun: str, number: Number = ONE) -> NounPhrase:
    return np(noun, D.TRACE, number)


def both(meaning: object) -> tuple[str, str]:
    return word.sentence(english.spell(meaning), "en"), word.sentence(french.spell(meaning), "fr")


SHE, HE, THEY, ME, YOU, WE = (someone(p) for p in (names.SHE, names.HE, names.THEY, names.I, names.YOU, names.WE))

TENSES = [
    (T.PRESENT, "She eats the apple.", "Elle mange la pomme."),
    (T.PROGRESSIVE, "She is eating the apple.", "Elle mange la pomme."),
    (T.PAST, "She ate the apple.", "Elle a mangé la pomme."),
    (T.PAST_PROGRESSIVE, "She was eating the apple.", "Elle mangeait la pomme."),
    (T.FUTURE, "She will eat the apple.", "Elle mangera la pomme."),
    (T.CONDITIONAL, "She would eat the apple.", "Elle mangerait la pomme."),
    (T.NEAR, "She is going to eat the apple.", "Elle va manger la pomme."),
    (T.RECENT, "She has just eaten the apple.", "Elle vient de manger la pomme."),
]


@pytest.mark.parametrize(("time", "source", "target"), TENSES)
def test_tenses(time, source, target):
    assert both(do(SHE, "eat", time, np("apple"))) == (source, target)


STATEMENTS = [
    # Gender and number, adjectives on both sides, bel, nouvel, vieil.
    (do(np("man", D.A, ONE, "old"), "sleep", T.PRESENT), "An old man sleeps.", "Un vieil homme dort."),
    (do(ME, "see", T.PAST, np("hotel", D.A, ONE, "new")), "I saw a new hotel.", "J'ai vu un nouvel hôtel."),
    (
        do(ME, "see", T.PAST, np("tree", D.THIS, ONE, "beautiful")),
        "I saw this beautiful tree.",
        "J'ai vu ce bel arbre.",
    ),
    (
        do(np("girl", D.THE, MANY, "little"), "wear", T.PROGRESSIVE, np("shoe", D.BARE, MANY, "white")),
        "The little girls are wearing white shoes.",
        "Les petites filles portent des chaussures blanches.",
    ),
    (
        do(HE, "buy", T.PAST, np("vase", D.SOME, MANY, "old", "blue")),
        "He bought some old blue vases.",
        "Il a acheté de vieux vases bleus.",
    ),
    # Elision, contraction, partitive, possessive before a vowel, mute and aspirated h.
    (do(HE, "drink", T.PRESENT, np("water", D.BARE)), "He drinks water.", "Il boit de l'eau."),
    (do(HE, "eat", T.PAST, np("bread", D.SOME)), "He ate some bread.", "Il a mangé du pain."),
    (do(HE, "talk to", T.PRESENT, np("king")), "He talks to the king.", "Il parle au roi."),
    (do(HE, "talk to", T.PRESENT, np("child", D.THE, MANY)), "He talks to the children.", "Il parle aux enfants."),
    (do(SHE, "talk about", T.PRESENT, np("film")), "She talks about the film.", "Elle parle du film."),
    (do(SHE, "lose", T.PAST, np("umbrella", D.HER)), "She lost her umbrella.", "Elle a perdu son parapluie."),
    (do(SHE, "use", T.PAST, np("axe", D.HER)), "She used her axe.", "Elle a utilisé sa hache."),
    (do(SHE, "own", T.PRESENT, np("island", D.HER)), "She owns her island.", "Elle possède son île."),
    (
        do(ME, "see", T.PAST, np("owl", D.THE, ONE, owner=someone(MARIE))),
        "I saw Marie's owl.",
        "J'ai vu le hibou de Marie.",
    ),
    (
        do(ME, "see", T.PAST, np("house", D.OWNER, ONE, owner=np("hero"))),
        "I saw the hero's house.",
        "J'ai vu la maison du héros.",
    ),
    (
        do(SHE, "drink", T.PAST, np("glass", D.A, ONE, of=np("water", D.NONE))),
        "She drank a glass of water.",
        "Elle a bu un verre d'eau.",
    ),
    (do(ME, "like", T.PRESENT, np("cat", D.GENERIC, MANY)), "I like cats.", "J'aime les chats."),
    (
        do(HE, "need", T.PRESENT, np("bread", D.BARE)),
        "He needs bread.",
        "Il a besoin de pain.",
    ),
    (do(HE, "play", T.PRESENT, np("piano")), "He plays the piano.", "Il joue du piano."),
    # Negation.
    (
        do(HE, "eat", T.PROGRESSIVE, np("meat", D.BARE), negation="not"),
        "He isn't eating meat.",
        "Il ne mange pas de viande.",
    ),
    (
        do(SHE, "have", T.PRESENT, np("car", D.A), negation="not"),
        "She doesn't have a car.",
        "Elle n'a pas de voiture.",
    ),
    (
        do(THEY, "drink", T.PRESENT, np("wine", D.SOME), negation="never"),
        "They never drink any wine.",
        "Ils ne boivent jamais de vin.",
    ),
    (do(SHE, "work", T.PRESENT, negation="no longer"), "She no longer works.", "Elle ne travaille plus."),
    (do(HE, "arrive", T.PERFECT, negation="not yet"), "He hasn't arrived yet.", "Il n'est pas encore arrivé."),
    (do(HE, "buy", T.PAST, negation="nothing"), "He didn't buy anything.", "Il n'a rien acheté."),
    (do(HE, "see", T.PAST, negation="nobody"), "He didn't see anybody.", "Il n'a vu personne."),
    (do(someone(names.NOBODY), "sleep", T.PRESENT, negation="ne"), "Nobody sleeps.", "Personne ne dort."),
    (
        do(HE, "drink", T.PRESENT, np("water", D.BARE), negation="only"),
        "He only drinks water.",
        "Il ne boit que de l'eau.",
    ),
    # Pronouns before the verb, and the participle that agrees with them.
    (do(ME, "see", T.PAST, SHE), "I saw her.", "Je l'ai vue."),
    (do(HE, "help", T.PAST, THEY, negation="not"), "He didn't help them.", "Il ne les a pas aidés."),
    (do(SHE, "wait for", T.PRESENT, ME), "She waits for me.", "Elle m'attend."),
    (do(WE, "write to", T.PRESENT, THEY), "We write to them.", "Nous leur écrivons."),
    (do(HE, "think about", T.PRESENT, SHE), "He thinks about her.", "Il pense à elle."),
    (
        do(HE, "give", T.PAST, np("book"), recipient=SHE, shifts=True),
        "He gave her the book.",
        "Il lui a donné le livre.",
    ),
    (do(HE, "give", T.PRESENT, THEY, recipient=ME), "He gives them to me.", "Il me les donne."),
    (do(HE, "give", T.FUTURE, THEY, recipient=SHE), "He will give them to her.", "Il les lui donnera."),
    (do(SHE, "turn on", T.PAST, someone(names.IT_SHE)), "She turned it on.", "Elle l'a allumée."),
    # être as auxiliary, reflexive verbs, expressions with avoir.
    (do(SHE, "arrive", T.PAST), "She arrived.", "Elle est arrivée."),
    (do(np("girl", D.THE, MANY), "leave", T.PAST), "The girls left.", "Les filles sont parties."),
    (do(SHE, "get up", T.PAST), "She got up.", "Elle s'est levée."),
    (do(YOU, "rest", T.PAST), "You rested.", "Vous vous êtes reposé."),
    (do(SHE, "be hungry", T.PAST), "She was hungry.", "Elle avait faim."),
    # C'est, il est, il y a.
    (
        Clause(someone(names.THIS), T.PRESENT, VerbPhrase(BE, np("house", D.MY))),
        "This is my house.",
        "C'est ma maison.",
    ),
    (
        Clause(someone(names.THESE), T.PRESENT, VerbPhrase(BE, np("key", D.MY, MANY)), "not"),
        "These aren't my keys.",
        "Ce ne sont pas mes clés.",
    ),
    (
        Clause(SHE, T.PRESENT, VerbPhrase(BE, predicate=Profession(lexicon.noun("lawyer")))),
        "She is a lawyer.",
        "Elle est avocate.",
    ),
    (
        Clause(someone(names.THERE), T.PRESENT, VerbPhrase(THERE_IS, np("cat", D.A)), "not"),
        "There isn't a cat.",
        "Il n'y a pas de chat.",
    ),
    (
        Clause(someone(names.THERE_MANY), T.PAST, VerbPhrase(THERE_IS, np("bird", D.BARE, MANY))),
        "There were birds.",
        "Il y avait des oiseaux.",
    ),
    # Comparison.
    (
        be(someone(MARIE), "tall", degree="more", than=np("brother", D.HER)),
        "Marie is taller than her brother.",
        "Marie est plus grande que son frère.",
    ),
    (
        be(someone(PAUL), "famous", degree="as", than=SHE),
        "Paul is as famous as her.",
        "Paul est aussi célèbre qu'elle.",
    ),
    (
        Clause(
            someone(names.THIS),
            T.PRESENT,
            VerbPhrase(BE, np("hotel", D.THE, ONE, "good", scope=np("city"))),
        ),
        "This is the best hotel in the city.",
        "C'est le meilleur hôtel de la ville.",
    ),
    (
        Clause(someone(MARIE), T.PRESENT, VerbPhrase(BE, np("girl", D.THE, ONE, "intelligent", scope=np("class")))),
        "Marie is the most intelligent girl in the class.",
        "Marie est la fille la plus intelligente de la classe.",
    ),
    (
        Clause(np("girl", D.THE, MANY), T.PRESENT, VerbPhrase(SEEM, predicate=Quality(lexicon.adjective("happy")))),
        "The girls seem happy.",
        "Les filles semblent heureuses.",
    ),
    # Passive, infinitives, places.
    (
        Clause(
            np("letter"),
            T.PAST,
            VerbPhrase(BE_DONE, predicate=Done(verb("write")), adjuncts=(Prepositional(adverbs.BY, someone(MARIE)),)),
        ),
        "The letter was written by Marie.",
        "La lettre a été écrite par Marie.",
    ),
    (
        Clause(ME, T.PRESENT, VerbPhrase(WANT, infinitive=VerbPhrase(verb("rest"))), "not"),
        "I don't want to rest.",
        "Je ne veux pas me reposer.",
    ),
    (
        Clause(HE, T.PRESENT, VerbPhrase(CAN, infinitive=VerbPhrase(verb("help"), WE)), "not"),
        "He can't help us.",
        "Il ne peut pas nous aider.",
    ),
    (
        Clause(SHE, T.PAST, VerbPhrase(GO, adjuncts=(land(lexicon.noun("Canada"), adverbs.TO_LAND),))),
        "She went to Canada.",
        "Elle est allée au Canada.",
    ),
    (
        Clause(SHE, T.FUTURE, VerbPhrase(GO, adjuncts=(land(lexicon.noun("Italy"), adverbs.TO_LAND),))),
        "She will go to Italy.",
        "Elle ira en Italie.",
    ),
]


@pytest.mark.parametrize(("meaning", "source", "target"), STATEMENTS)
def test_statements(meaning, source, target):
    assert both(meaning) == (source, target)


OTHERS = [
    (
        Question(do(np("boy"), "find", T.PAST, np("key", D.HIS))),
        "Did the boy find his key?",
        "Est-ce que le garçon a trouvé sa clé ?",
    ),
    (Question(be(np("soup"), "hot")), "Is the soup hot?", "Est-ce que la soupe est chaude ?"),
    (Question(do(SHE, "sleep", T.PRESENT), adverbs.WHERE), "Where does she sleep?", "Où dort-elle ?"),
    (Question(do(HE, "leave", T.PAST), adverbs.WHEN), "When did he leave?", "Quand est-il parti ?"),
    (Question(do(SHE, "eat", T.PROGRESSIVE), adverbs.WHAT), "What is she eating?", "Que mange-t-elle ?"),
    (
        Question(do(someone(MARIE), "buy", T.PAST), adverbs.WHAT),
        "What did Marie buy?",
        "Qu'est-ce que Marie a acheté ?",
    ),
    (
        Question(do(someone(names.WHO), "break", T.PAST, np("vase"))),
        "Who broke the vase?",
        "Qui a cassé le vase ?",
    ),
    (
        Question(do(THEY, "sing", T.PAST, trace("song", MANY)), asked=np("song", D.WHICH, MANY)),
        "Which songs did they sing?",
        "Quelles chansons ont-ils chantées ?",
    ),
    (
        Question(do(YOU, "read", T.PAST, trace("book", MANY)), asked=np("book", D.HOW_MANY, MANY)),
        "How many books did you read?",
        "Combien de livres avez-vous lus ?",
    ),
    (
        Question(Clause(np("key"), T.PRESENT, VerbPhrase(BE)), adverbs.WHERE, postposed=True),
        "Where is the key?",
        "Où est la clé ?",
    ),
    (
        Question(do(HE, "open", T.PRESENT, np("door"), negation="not"), adverbs.WHY),
        "Why doesn't he open the door?",
        "Pourquoi n'ouvre-t-il pas la porte ?",
    ),
    (
        Command(VerbPhrase(verb("close", np("door")), np("door")), please=True),
        "Please close the door.",
        "Fermez la porte, s'il vous plaît.",
    ),
    (
        Command(VerbPhrase(verb("open"), np("window")), together=True, negative=True),
        "Let's not open the window.",
        "N'ouvrons pas la fenêtre.",
    ),
    (
        Joined(be(np("box"), "heavy"), adverbs.BUT, do(SHE, "carry", T.PAST, someone(names.IT_SHE)), comma=True),
        "The box is heavy, but she carried it.",
        "La boîte est lourde, mais elle l'a portée.",
    ),
    (
        Joined(be(SHE, "sad"), adverbs.BECAUSE, do(SHE, "miss", T.PAST, np("train"))),
        "She is sad because she missed the train.",
        "Elle est triste parce qu'elle a raté le train.",
    ),
    (
        Joined(
            do(HE, "have", T.PAST, np("horse", D.A)),
            adverbs.IF,
            be(HE, "happy", T.CONDITIONAL),
            comma=True,
            fronted=True,
        ),
        "If he had a horse, he would be happy.",
        "S'il avait un cheval, il serait heureux.",
    ),
    (
        be(np("letter", relative=Relative(do(someone(MARIE), "write", T.PAST, trace("letter")))), "long"),
        "The letter that Marie wrote is long.",
        "La lettre que Marie a écrite est longue.",
    ),
    (
        do(ME, "know", T.PRESENT, np("man", relative=Relative(do(trace("man"), "sell", T.PAST, np("car"))))),
        "I know the man who sold the car.",
        "Je connais l'homme qui a vendu la voiture.",
    ),
]


@pytest.mark.parametrize(("meaning", "source", "target"), OTHERS)
def test_questions_commands_and_compounds(meaning, source, target):
    assert both(meaning) == (source, target)


def test_alignment_of_negation_pronoun_and_compound_tense():
    meaning = do(ME, "see", T.PAST, SHE, negation="not")
    source, target = english.spell(meaning), french.spell(meaning)
    assert [w.text for w in source] == ["I", "didn't", "see", "her", "."]
    assert [w.text for w in target] == ["je", "ne", "l'", "ai", "pas", "vue", "."]
    assert word.align(source, target) == ((0, 0), (1, 1), (1, 4), (2, 3), (2, 5), (3, 2), (4, 6))


@pytest.fixture(scope="module")
def drawn():
    """Constructions with their words in both languages."""
    dice = Dice(20)
    meanings = [grammar.draw(dice) for _ in range(5000)]
    return [(name, english.spell(meaning), french.spell(meaning)) for name, meaning in meanings]


def test_every_construction_is_drawn(drawn):
    assert {name for name, _, _ in drawn} == set(grammar.NAMES)


def test_words_are_the_tokens_of_their_sentence(drawn):
    for _, source, target in drawn:
        for language, words in (("en", source), ("fr", target)):
            text = word.sentence(words, language)
            assert [w.text.lower() for w in words] == [token.lower() for token in word.tokens(text, language)]


def test_an_english_sentence_has_one_translation_whatever_its_case(drawn):
    translations: dict[str, set[str]] = {}
    for _, source, target in drawn:
        translations.setdefault(word.sentence(source, "en").lower(), set()).add(word.sentence(target, "fr"))
    assert [source for source, targets in translations.items() if len(targets) > 1] == []


# Letter sequences that French spelling forbids: le ami, si il, a-il, ma amie, ce arbre, beau homme.
FORBIDDEN = (
    r"\b(?:je|me|se|le|la|de|ne|que|ma|ta|sa|ce|beau|nouveau) (?!hér|hib|haric|hach|oui|onz|yaou|huit)[aâeéêèiîoôœuh]",
    r"\bsi ils?\b",
    r"[ae]-(?:il|elle)",
    r"\s[,.]",
    r"\S\?",
    r"' ",
    r"  ",
)


def test_french_spelling_of_every_sentence(drawn):
    for _, _, words in drawn:
        target = word.sentence(words, "fr")
        assert [pattern for pattern in FORBIDDEN if re.search(pattern, target.lower())] == [], target
        uncontracted = [
            one.text
            for one, other in pairwise(words)
            if one.text in {"à", "de"} and other.article and other.text in {"le", "les"}
        ]
        assert uncontracted == [], target


def test_english_spelling_of_every_sentence(drawn):
    forbidden = (r"\ba (?!univ|usef|euro)[aeiou]", r"\ban [^aeiouh]", r"\s[,.?']", r"  ", r"\b(\w+) \1\b")
    for _, words, _ in drawn:
        source = word.sentence(words, "en")
        assert source[0].isupper()
        assert [pattern for pattern in forbidden if re.search(pattern, source.lower())] == [], source


def test_every_name_is_aligned_with_itself(drawn):
    for _, source, target in drawn:
        pairs = set(word.align(source, target))
        for name in (*names.PEOPLE, *names.CITIES):
            here = [i for i, w in enumerate(source) if w.text == name.english]
            there = [j for j, w in enumerate(target) if w.text == name.french]
            assert set(zip(here, there, strict=True)) <= pairs


def test_proper_names_are_names():
    assert all(isinstance(name, Name) and name.proper for name in (*names.PEOPLE, *names.CITIES))
