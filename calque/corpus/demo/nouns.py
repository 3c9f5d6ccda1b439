"""The nouns: English / French / gender, grouped by what they are.

A further field after the gender holds tags of that noun alone. `a+b` in the French field are the masculine and the
feminine name of a profession. Tags about form: `mass` (no plural, partitive article), `single` (singular only), `pair`
(plural only), `unique` (the only one there is).
"""

from __future__ import annotations

from calque.corpus.demo.lexeme import Gender, Noun

NOUNS = {
    "person adult kin": """mother/mère/f/single, father/père/m/single, brother/frère/m, sister/sœur/f, uncle/oncle/m,
        aunt/tante/f, grandfather/grand-père/m/single, grandmother/grand-mère/f/single, husband/mari/m/single,
        cousin/cousin/m""",
    "person child kin": "son/fils/m, daughter/fille/f",
    "person child": "boy/garçon/m, girl/fille/f, child/enfant/m, pupil/élève/m",
    "person adult": """man/homme/m, woman/femme/f, friend/ami/m/close, neighbor/voisin/m/close, tourist/touriste/m,
        king/roi/m, queen/reine/f, witch/sorcière/f, thief/voleur/m, hero/héros/m""",
    "person adult job": """teacher/professeur+professeure/m, doctor/médecin/m, baker/boulanger+boulangère/m,
        lawyer/avocat+avocate/m, nurse/infirmier+infirmière/m, farmer/fermier+fermière/m, actor/acteur/m,
        actress/actrice/f, singer/chanteur+chanteuse/m, musician/musicien+musicienne/m, painter/peintre+peintre/m,
        journalist/journaliste+journaliste/m, architect/architecte+architecte/m, gardener/jardinier+jardinière/m,
        soldier/soldat/m, pilot/pilote+pilote/m, judge/juge+juge/m, student/étudiant+étudiante/m, policeman/policier/m,
        waitress/serveuse/f""",
    "infant": "baby/bébé/m",
    "animal pet": "dog/chien/m, cat/chat/m, rabbit/lapin/m, bird/oiseau/m, mouse/souris/f",
    "animal livestock": "horse/cheval/m, cow/vache/f, duck/canard/m, hen/poule/f",
    "animal wild": """wolf/loup/m, bear/ours/m, lion/lion/m, elephant/éléphant/m, fox/renard/m, monkey/singe/m,
        owl/hibou/m, hedgehog/hérisson/m""",
    "food fruit": "apple/pomme/f, pear/poire/f, orange/orange/f, strawberry/fraise/f, cherry/cerise/f",
    "food vegetable": """tomato/tomate/f, potato/pomme de terre/f, carrot/carotte/f, mushroom/champignon/m,
        bean/haricot/m""",
    "food": "egg/œuf/m, cake/gâteau/m, cookie/biscuit/m",
    "food mass": """bread/pain/m, cheese/fromage/m, meat/viande/f, rice/riz/m, chocolate/chocolat/m, salad/salade/f,
        honey/miel/m, soup/soupe/f, yogurt/yaourt/m""",
    "ingredient mass": "butter/beurre/m, sugar/sucre/m, salt/sel/m, oil/huile/f",
    "drink mass": "water/eau/f, milk/lait/m, coffee/café/m, tea/thé/m, juice/jus/m",
    "drink mass alcohol": "wine/vin/m, beer/bière/f",
    "meal": "breakfast/petit déjeuner/m/single, dinner/dîner/m/single, meal/repas/m",
    "thing reading": """book/livre/m, letter/lettre/f, newspaper/journal/m, poem/poème/m, story/histoire/f,
        novel/roman/m, message/message/m, article/article/m, dictionary/dictionnaire/m""",
    "thing small": """key/clé/f, umbrella/parapluie/m, phone/téléphone/m, watch/montre/f, pen/stylo/m, ball/ballon/m,
        photo/photo/f, toy/jouet/m, ring/bague/f, ticket/billet/m, map/carte/f, gift/cadeau/m, flower/fleur/f,
        coin/pièce/f, wallet/portefeuille/m, hammer/marteau/m, axe/hache/f""",
    "thing vessel": """bag/sac/m, suitcase/valise/f, box/boîte/f, basket/panier/m, bottle/bouteille/f, glass/verre/m,
        cup/tasse/f""",
    "thing dish": "plate/assiette/f, knife/couteau/m, spoon/cuillère/f, vase/vase/m",
    "thing device": "lamp/lampe/f, computer/ordinateur/m, radio/radio/f, television/télévision/f",
    "thing instrument": "piano/piano/m, guitar/guitare/f, violin/violon/m",
    "thing art": "painting/tableau/m, statue/statue/f, mirror/miroir/m",
    "thing furniture": """table/table/f, chair/chaise/f, bed/lit/m, armchair/fauteuil/m, cupboard/armoire/f,
        shelf/étagère/f""",
    "thing part": "door/porte/f, window/fenêtre/f, wall/mur/m, roof/toit/m",
    "thing soft": "blanket/couverture/f, tent/tente/f",
    "clothes": "dress/robe/f, shirt/chemise/f, coat/manteau/m, hat/chapeau/m, scarf/écharpe/f, jacket/veste/f",
    "clothes pair": "shoe/chaussure/f, glove/gant/m",
    "vehicle": "car/voiture/f, bus/bus/m, train/train/m, plane/avion/m, boat/bateau/m, bicycle/vélo/m",
    "place at": """school/école/f, market/marché/m, station/gare/f, church/église/f, hospital/hôpital/m, museum/musée/m,
        library/bibliothèque/f, restaurant/restaurant/m, hotel/hôtel/m, office/bureau/m, farm/ferme/f,
        bakery/boulangerie/f, theater/théâtre/m, university/université/f, castle/château/m""",
    "place in": """garden/jardin/m, kitchen/cuisine/f, street/rue/f, park/parc/m, house/maison/f, forest/forêt/f,
        bedroom/chambre/f, village/village/m, city/ville/f""",
    "place on": "beach/plage/f, bridge/pont/m, island/île/f",
    "place near": "lake/lac/m, river/rivière/f, mountain/montagne/f",
    "nature": "tree/arbre/m, stone/pierre/f, star/étoile/f",
    "nature unique": "sun/soleil/m, moon/lune/f, sky/ciel/m, sea/mer/f",
    "notion": """question/question/f, answer/réponse/f, problem/problème/m, word/mot/m, idea/idée/f, lesson/leçon/f,
        exercise/exercice/m, rule/règle/f, mistake/erreur/f, secret/secret/m, dream/rêve/m""",
    "aspect": "name/nom/m, price/prix/m, color/couleur/f, end/fin/f",
    "event": """film/film/m, song/chanson/f, match/match/m, concert/concert/m, party/fête/f, trip/voyage/m,
        exam/examen/m, noise/bruit/m""",
    "matter mass": "money/argent/m, music/musique/f, work/travail/m, snow/neige/f, time/temps/m",
    "sport single": "football/football/m, tennis/tennis/m, basketball/basket/m, golf/golf/m",
    "language single": """French/français/m, English/anglais/m, Spanish/espagnol/m, Italian/italien/m,
        German/allemand/m""",
    "nation single": """France/France/f, Italy/Italie/f, Spain/Espagne/f, Germany/Allemagne/f, Canada/Canada/m,
        Japan/Japon/m, Portugal/Portugal/m, Brazil/Brésil/m""",
    "group single": "class/classe/f, world/monde/m, country/pays/m",
    "measure": "slice/tranche/f, kilo/kilo/m, piece/morceau/m",
}


def _noun(entry: str, tags: str) -> Noun:
    english, french, gender, *own = entry.strip().split("/")
    masculine, _, feminine = french.partition("+")
    all_tags = frozenset([*tags.split(), *own, english.replace(" ", "_")])
    return Noun(english, masculine, Gender(gender), all_tags, feminine)


def parse(groups: dict[str, str]) -> tuple[Noun, ...]:
    """The nouns of a table like `NOUNS`."""
    return tuple(_noun(entry, tags) for tags, entries in groups.items() for entry in entries.split(","))


ALL = parse(NOUNS)
YEARS_OLD = Noun("year old", "an", Gender.MASCULINE, frozenset())
O_CLOCK = Noun("o'clock", "heure", Gender.FEMININE, frozenset())
