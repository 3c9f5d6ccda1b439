"""Words and expressions that stay as they are: times, manners, conjunctions, numbers, prepositions."""

from __future__ import annotations

from calque.corpus.demo.lexeme import Adverb, Preposition
from calque.corpus.demo.meaning import Time


def _adverbs(table: str) -> tuple[Adverb, ...]:
    return tuple(Adverb(*(side.strip() for side in entry.split("/"))) for entry in table.split(","))


DAYS = _adverbs("""Monday/lundi, Tuesday/mardi, Wednesday/mercredi, Thursday/jeudi, Friday/vendredi, Saturday/samedi,
    Sunday/dimanche""")
SEASONS = _adverbs("in summer/en été, in winter/en hiver, in spring/au printemps, in autumn/en automne")
_PAST = (
    *_adverbs("""yesterday/hier, last night/hier soir, last week/la semaine dernière, last month/le mois dernier,
    last year/l'année dernière"""),
    *(Adverb(f"last {day.english}", f"{day.french} dernier") for day in DAYS),
)
_NEXT = (
    *_adverbs("""tomorrow/demain, tonight/ce soir, next week/la semaine prochaine, next month/le mois prochain,
    next year/l'année prochaine, soon/bientôt"""),
    *(Adverb(f"next {day.english}", f"{day.french} prochain") for day in DAYS),
)
_HABIT = (
    *_adverbs("every day/tous les jours, every morning/tous les matins, every evening/tous les soirs"),
    *_adverbs("every week/toutes les semaines, every year/tous les ans"),
    *(Adverb(f"on {day.english}s", f"le {day.french}") for day in DAYS),
    *SEASONS,
)
_NOW = _adverbs("now/maintenant, today/aujourd'hui, this morning/ce matin, this week/cette semaine")
TIMES = {
    Time.PRESENT: _HABIT,
    Time.PROGRESSIVE: _NOW,
    Time.PAST: _PAST,
    Time.PAST_PROGRESSIVE: _PAST[:2] + _NOW[2:3],
    Time.FUTURE: _NEXT,
    Time.NEAR: _NEXT,
}
FREQUENCIES = _adverbs("often/souvent, always/toujours, sometimes/parfois, rarely/rarement")
ALREADY = Adverb("already", "déjà")
MANNERS = _adverbs("""slowly/lentement, quickly/rapidement, calmly/calmement, silently/silencieusement,
    patiently/patiemment, here/ici, outside/dehors""")

BUT, AND, SO = _adverbs("but/mais, and/et, so/donc")
BECAUSE, WHEN, WHILE, IF = _adverbs("because/parce que, when/quand, while/pendant que, if/si")
WHERE, WHY, HOW, WHO, WHAT = _adverbs("where/où, why/pourquoi, how/comment, who/qui, what/que")
AT_WHAT_TIME = Adverb("at what time", "à quelle heure")
NUMBERS = _adverbs("two/deux, three/trois, four/quatre, five/cinq, six/six, seven/sept, eight/huit, nine/neuf, ten/dix")
AGES = (
    *NUMBERS,
    *_adverbs("""eleven/onze, twelve/douze, thirteen/treize, fourteen/quatorze, fifteen/quinze, sixteen/seize,
    twenty/vingt, thirty/trente, forty/quarante, fifty/cinquante, sixty/soixante"""),
)

IN, AT, ON = Preposition("in", "dans"), Preposition("at", "à"), Preposition("on", "sur")
UNDER, BEHIND, BEFORE = (
    Preposition("under", "sous"),
    Preposition("behind", "derrière"),
    Preposition("in front of", "devant"),
)
NEAR, FAR, BESIDE = (
    Preposition("near", "près de"),
    Preposition("far from", "loin de"),
    Preposition("next to", "à côté de"),
)
WITH = Preposition("with", "avec")
TO, FROM, BY = Preposition("to", "à"), Preposition("from", "de"), Preposition("by", "par")
IN_CITY, IN_LAND, TO_LAND = Preposition("in", "à"), Preposition("in", "en"), Preposition("to", "en")
