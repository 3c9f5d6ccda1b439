"""French words: conjugation, agreement, and what happens where words meet."""

from __future__ import annotations

import pytest

from calque.corpus.demo import agreement, euphony
from calque.corpus.demo.conjugation import Tense, conjugate, participle
from calque.corpus.demo.french_nouns import definite, plain
from calque.corpus.demo.lexeme import Gender, Number
from calque.corpus.demo.word import sentence

M, F = Gender.MASCULINE, Gender.FEMININE
ONE, MANY = Number.SINGULAR, Number.PLURAL
PRESENT, IMPERFECT, FUTURE, CONDITIONAL = Tense.PRESENT, Tense.IMPERFECT, Tense.FUTURE, Tense.CONDITIONAL


@pytest.mark.parametrize(
    ("infinitive", "tense", "forms"),
    [
        ("parler", PRESENT, "parle parles parle parlons parlez parlent"),
        ("manger", PRESENT, "mange manges mange mangeons mangez mangent"),
        ("manger", IMPERFECT, "mangeais mangeais mangeait mangions mangiez mangeaient"),
        ("commencer", PRESENT, "commence commences commence commençons commencez commencent"),
        ("commencer", IMPERFECT, "commençais commençais commençait commencions commenciez commençaient"),
        ("acheter", PRESENT, "achète achètes achète achetons achetez achètent"),
        ("acheter", FUTURE, "achèterai achèteras achètera achèterons achèterez achèteront"),
        ("appeler", PRESENT, "appelle appelles appelle appelons appelez appellent"),
        ("préférer", PRESENT, "préfère préfères préfère préférons préférez préfèrent"),
        ("préférer", FUTURE, "préférerai préféreras préférera préférerons préférerez préféreront"),
        ("protéger", PRESENT, "protège protèges protège protégeons protégez protègent"),
        ("nettoyer", PRESENT, "nettoie nettoies nettoie nettoyons nettoyez nettoient"),
        ("nettoyer", CONDITIONAL, "nettoierais nettoierais nettoierait nettoierions nettoieriez nettoieraient"),
        ("envoyer", FUTURE, "enverrai enverras enverra enverrons enverrez enverront"),
        ("étudier", IMPERFECT, "étudiais étudiais étudiait étudiions étudiiez étudiaient"),
        ("finir", PRESENT, "finis finis finit finissons finissez finissent"),
        ("finir", IMPERFECT, "finissais finissais finissait finissions finissiez finissaient"),
        ("attendre", PRESENT, "attends attends attend attendons attendez attendent"),
        ("attendre", FUTURE, "attendrai attendras attendra attendrons attendrez attendront"),
        ("apprendre", PRESENT, "apprends apprends apprend apprenons apprenez apprennent"),
        ("devenir", FUTURE, "deviendrai deviendras deviendra deviendrons deviendrez deviendront"),
        ("traduire", PRESENT, "traduis traduis traduit traduisons traduisez traduisent"),
        ("éteindre", PRESENT, "éteins éteins éteint éteignons éteignez éteignent"),
        ("être", IMPERFECT, "étais étais était étions étiez étaient"),
        ("avoir", PRESENT, "ai as a avons avez ont"),
        ("aller", FUTURE, "irai iras ira irons irez iront"),
        ("voir", IMPERFECT, "voyais voyais voyait voyions voyiez voyaient"),
        ("courir", FUTURE, "courrai courras courra courrons courrez courront"),
        ("sourire", IMPERFECT, "souriais souriais souriait souriions souriiez souriaient"),
    ],
)
def test_conjugation(infinitive, tense, forms):
    assert [conjugate(infinitive, tense, person) for person in range(6)] == forms.split()


@pytest.mark.parametrize(
    ("infinitive", "expected"),
    [
        *[("parler", "parlé"), ("finir", "fini"), ("vendre", "vendu"), ("ouvrir", "ouvert"), ("peindre", "peint")],
        *[("conduire", "conduit"), ("promettre", "promis"), ("mourir", "mort"), ("naître", "né"), ("suivre", "suivi")],
    ],
)
def test_participles(infinitive, expected):
    assert participle(infinitive) == expected


def test_what_is_no_infinitive_is_refused():
    with pytest.raises(ValueError, match="'table' is not a French infinitive"):
        conjugate("table", PRESENT, 0)


@pytest.mark.parametrize(
    ("adjective", "forms"),
    [
        ("grand", "grand grande grands grandes"),
        ("beau", "beau belle beaux belles"),
        ("nouveau", "nouveau nouvelle nouveaux nouvelles"),
        ("vieux", "vieux vieille vieux vieilles"),
        ("heureux", "heureux heureuse heureux heureuses"),
        ("jaloux", "jaloux jalouse jaloux jalouses"),
        ("fier", "fier fière fiers fières"),
        ("blanc", "blanc blanche blancs blanches"),
        ("gentil", "gentil gentille gentils gentilles"),
        ("inquiet", "inquiet inquiète inquiets inquiètes"),
        ("frais", "frais fraîche frais fraîches"),
        ("long", "long longue longs longues"),
        ("bleu", "bleu bleue bleus bleues"),
        ("italien", "italien italienne italiens italiennes"),
        ("quel", "quel quelle quels quelles"),
        ("célèbre", "célèbre célèbre célèbres célèbres"),
        ("marron", "marron marron marron marron"),
        ("né", "né née nés nées"),
    ],
)
def test_agreement(adjective, forms):
    found = [agreement.agreed(adjective, gender, number) for number in (ONE, MANY) for gender in (M, F)]
    assert found == forms.split()


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        *[("chat", "chats"), ("oiseau", "oiseaux"), ("cheval", "chevaux"), ("jeu", "jeux"), ("bras", "bras")],
        *[("hibou", "hiboux"), ("pomme de terre", "pommes de terre"), ("petit déjeuner", "petit déjeuners")][:2],
        *[("grand-mère", "grands-mères"), ("prix", "prix"), ("journal", "journaux"), ("neveu", "neveux")],
    ],
)
def test_plurals(noun, expected):
    assert agreement.plural(noun) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("je aime", "J'aime"),
        ("je ne ai pas", "Je n'ai pas"),
        ("si il pleut", "S'il pleut"),
        ("si elle vient", "Si elle vient"),
        ("parce que il dort", "Parce qu'il dort"),
        ("beaucoup de eau", "Beaucoup d'eau"),
        ("beaucoup de haricots", "Beaucoup de haricots"),
        ("beaucoup de huile", "Beaucoup d'huile"),
        ("pas de yaourt", "Pas de yaourt"),
        ("il ne y a pas", "Il n'y a pas"),
        ("ce est", "C'est"),
        ("peu de œufs", "Peu d'œufs"),
    ],
)
def test_elision(words, expected):
    assert sentence(euphony.settle([word for text in words.split() for word in plain(text)]), "fr") == expected


@pytest.mark.parametrize(
    ("preposition", "noun", "gender", "number", "expected"),
    [
        ("de", "roi", M, ONE, "du roi"),
        ("de", "reine", F, ONE, "de la reine"),
        ("de", "eau", F, ONE, "de l'eau"),
        ("de", "enfants", M, MANY, "des enfants"),
        ("à", "marché", M, ONE, "au marché"),
        ("à", "hôtel", M, ONE, "à l'hôtel"),
        ("à", "amis", M, MANY, "aux amis"),
        ("près de", "héros", M, ONE, "près du héros"),
    ],
)
def test_contraction(preposition, noun, gender, number, expected):
    words = euphony.settle([*plain(preposition), definite(gender, number), *plain(noun)])
    assert sentence(words, "fr") == expected[0].upper() + expected[1:]


def test_a_pronoun_does_not_contract():
    assert sentence(euphony.settle(plain("refuse de le voir")), "fr") == "Refuse de le voir"
