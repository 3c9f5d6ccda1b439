"""French verbs: regular patterns by ending, irregular ones by the model they follow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache


class Tense(Enum):
    """The simple tenses of French that the grammar uses."""

    PRESENT = "present"
    IMPERFECT = "imperfect"
    FUTURE = "future"
    CONDITIONAL = "conditional"


# Infinitive | present, six persons | past participle | stem of the future.
IRREGULAR = """
être | suis es est sommes êtes sont | été | ser
avoir | ai as a avons avez ont | eu | aur
aller | vais vas va allons allez vont | allé | ir
faire | fais fais fait faisons faites font | fait | fer
dire | dis dis dit disons dites disent | dit | dir
lire | lis lis lit lisons lisez lisent | lu | lir
écrire | écris écris écrit écrivons écrivez écrivent | écrit | écrir
voir | vois vois voit voyons voyez voient | vu | verr
boire | bois bois boit buvons buvez boivent | bu | boir
prendre | prends prends prend prenons prenez prennent | pris | prendr
mettre | mets mets met mettons mettez mettent | mis | mettr
venir | viens viens vient venons venez viennent | venu | viendr
tenir | tiens tiens tient tenons tenez tiennent | tenu | tiendr
dormir | dors dors dort dormons dormez dorment | dormi | dormir
partir | pars pars part partons partez partent | parti | partir
sortir | sors sors sort sortons sortez sortent | sorti | sortir
courir | cours cours court courons courez courent | couru | courr
mourir | meurs meurs meurt mourons mourez meurent | mort | mourr
ouvrir | ouvre ouvres ouvre ouvrons ouvrez ouvrent | ouvert | ouvrir
offrir | offre offres offre offrons offrez offrent | offert | offrir
savoir | sais sais sait savons savez savent | su | saur
connaître | connais connais connaît connaissons connaissez connaissent | connu | connaîtr
naître | nais nais naît naissons naissez naissent | né | naîtr
pouvoir | peux peux peut pouvons pouvez peuvent | pu | pourr
vouloir | veux veux veut voulons voulez veulent | voulu | voudr
devoir | dois dois doit devons devez doivent | dû | devr
croire | crois crois croit croyons croyez croient | cru | croir
vivre | vis vis vit vivons vivez vivent | vécu | vivr
suivre | suis suis suit suivons suivez suivent | suivi | suivr
rire | ris ris rit rions riez rient | ri | rir
envoyer | envoie envoies envoie envoyons envoyez envoient | envoyé | enverr
pleuvoir | pleus pleus pleut pleuvons pleuvez pleuvent | plu | pleuvr
"""
# Verbs of one ending that share a pattern: ending | present endings | participle | future.
PATTERNS = """
uire | uis uis uit uisons uisez uisent | uit | uir
eindre | eins eins eint eignons eignez eignent | eint | eindr
"""
_ENDINGS = {
    Tense.IMPERFECT: ("ais", "ais", "ait", "ions", "iez", "aient"),
    Tense.FUTURE: ("ai", "as", "a", "ons", "ez", "ont"),
    Tense.CONDITIONAL: ("ais", "ais", "ait", "ions", "iez", "aient"),
}
# These double their consonant (appelle); other verbs in e + consonant + er take a grave accent (achète).
_DOUBLING = ("appeler", "jeter")


@dataclass(frozen=True, slots=True)
class Conjugation:
    """Everything the forms of a verb are made from."""

    present: tuple[str, ...]
    participle: str
    future: str


def _rows(table: str) -> dict[str, Conjugation]:
    rows = [[column.strip() for column in line.split("|")] for line in table.strip().splitlines()]
    return {name: Conjugation(tuple(present.split()), past, future) for name, present, past, future in rows}


_MODELS = _rows(IRREGULAR)
_BY_ENDING = _rows(PATTERNS)


def _prefixed(prefix: str, model: Conjugation) -> Conjugation:
    present = tuple(prefix + form for form in model.present)
    return Conjugation(present, prefix + model.participle, prefix + model.future)


def _first_group(infinitive: str) -> Conjugation:
    """-er: achète, jette, préfère, nettoie, mange/mangeons, commence/commençons."""
    stem = infinitive[:-2]
    weak = stem + "e" if stem.endswith("g") else stem[:-1] + "ç" if stem.endswith("c") else stem
    strong, future = _strong(stem, infinitive)
    endings = ((strong, "e"), (strong, "es"), (strong, "e"), (weak, "ons"), (stem, "ez"), (strong, "ent"))
    return Conjugation(tuple(root + ending for root, ending in endings), stem + "é", future + "er")


def _strong(stem: str, infinitive: str) -> tuple[str, str]:
    """The stem under stress (je préfère) and the stem of the future (je préférerai)."""
    for size in (1, 2):
        vowel, rest = stem[-size - 1 : -size], stem[-size:]
        if any(letter in "aeiouyéèâ" for letter in rest):
            break
        if vowel == "é":
            return stem[: -size - 1] + "è" + rest, stem
        if vowel == "e" and size == 1:
            grave = stem + rest if infinitive.endswith(_DOUBLING) else stem[:-2] + "è" + rest
            return grave, grave
    if infinitive.endswith(("oyer", "uyer", "ayer")):
        return stem[:-1] + "i", stem[:-1] + "i"
    return stem, stem


def _second_group(infinitive: str) -> Conjugation:
    """-ir like finir."""
    stem = infinitive[:-1]
    endings = ("s", "s", "t", "ssons", "ssez", "ssent")
    return Conjugation(tuple(stem + ending for ending in endings), stem, infinitive)


def _third_group(infinitive: str) -> Conjugation:
    """-re like vendre."""
    stem = infinitive[:-2]
    return Conjugation(
        tuple(stem + ending for ending in ("s", "s", "", "ons", "ez", "ent")), stem + "u", infinitive[:-1]
    )


@cache
def conjugation(infinitive: str) -> Conjugation:
    """The forms of a verb; ValueError where the ending is not a verb's."""
    if infinitive in _MODELS:
        return _MODELS[infinitive]
    for model in ("prendre", "mettre", "venir", "tenir", "courir", "connaître", "ouvrir", "rire", "écrire", "vivre"):
        if infinitive.endswith(model):
            return _prefixed(infinitive.removesuffix(model), _MODELS[model])
    for ending, pattern in _BY_ENDING.items():
        if infinitive.endswith(ending):
            return _prefixed(infinitive.removesuffix(ending), pattern)
    for ending, group in (("er", _first_group), ("ir", _second_group), ("dre", _third_group)):
        if infinitive.endswith(ending):
            return group(infinitive)
    raise ValueError(f"'{infinitive}' is not a French infinitive that the demo grammar knows")


@cache
def conjugate(infinitive: str, tense: Tense, person: int) -> str:
    """One form; `person` counts je, tu, il, nous, vous, ils from 0."""
    forms = conjugation(infinitive)
    if tense is Tense.PRESENT:
        return forms.present[person]
    if tense is not Tense.IMPERFECT:
        return forms.future + _ENDINGS[tense][person]
    stem = "ét" if infinitive == "être" else forms.present[3].removesuffix("ons")
    ending = _ENDINGS[tense][person]
    if ending.startswith("i"):
        stem = stem.removesuffix("e") if stem.endswith("ge") else stem.removesuffix("ç") + "c" * stem.endswith("ç")
    return stem + ending


def participle(infinitive: str) -> str:
    """The past participle, masculine singular."""
    return conjugation(infinitive).participle
