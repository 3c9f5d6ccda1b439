"""The nouns: English / French / gender, grouped by what they are.

A further field after the gender holds tags of that noun alone. `a+b` in the French field are the masculine and the
feminine name of a profession. Tags about form: `mass` (no plural, partitive article), `single` (singular only), `pair`
(plural only), `unique` (the only one there is).
"""

from __future__ import annotations

from calque.corpus.demo.lexeme import Gender, Noun

NOUNS = {
    "person adult kin": """mother/mère/f/single, father/père/m/single, brother/frère/m, sister/sœur/f,
        uncle/oncle/m, aunt/tante/f, grandfather/grand-père/m/single, grandmother/grand-mère/f/single,
        husband/mari/m/single, cousin/cousin/m""",
    "person child kin": "son/fils/m, daughter/fille/f, nephew/neveu/m, niece/nièce/f",
    "person child": "boy/garçon/m, girl/fille/f, child/enfant/m, pupil/élève/m",
    "person adult": """man/homme/m, woman/femme/f, friend/ami/m/close, neighbor/voisin/m/close, tourist/touriste/m,
        king/roi/m, queen/reine/f, princess/princesse/f, witch/sorcière/f, thief/voleur/m, hero/héros/m,
        lady/dame/f, stranger/inconnu/m, guest/invité/m""",
    "person adult job": """teacher/professeur+professeure/m, doctor/médecin/m, baker/boulanger+boulangère/m,
        lawyer/avocat+avocate/m, nurse/infirmier+infirmière/m, farmer/fermier+fermière/m,
        cook/cuisinier+cuisinière/m, actor/acteur/m, actress/actrice/f, singer/chanteur+chanteuse/m,
        musician/musicien+musicienne/m, painter/peintre+peintre/m, journalist/journaliste+journaliste/m,
        architect/architecte+architecte/m, engineer/ingénieur+ingénieure/m, dentist/dentiste+dentiste/m,
        hairdresser/coiffeur+coiffeuse/m, gardener/jardinier+jardinière/m, butcher/boucher+bouchère/m,
        soldier/soldat/m, waitress/serveuse/f, pilot/pilote+pilote/m, judge/juge+juge/m,
        dancer/danseur+danseuse/m, student/étudiant+étudiante/m, photographer/photographe+photographe/m,
        policeman/policier/m, mechanic/mécanicien+mécanicienne/m""",
    "infant": "baby/bébé/m",
    "animal pet": "dog/chien/m, cat/chat/m, rabbit/lapin/m, turtle/tortue/f, bird/oiseau/m, mouse/souris/f",
    "animal livestock": """horse/cheval/m, cow/vache/f, duck/canard/m, goat/chèvre/f, pig/cochon/m, donkey/âne/m,
        hen/poule/f""",
    "animal wild": """wolf/loup/m, bear/ours/m, lion/lion/m, elephant/éléphant/m, fox/renard/m, monkey/singe/m,
        owl/hibou/m, hedgehog/hérisson/m, squirrel/écureuil/m, frog/grenouille/f, bee/abeille/f, snake/serpent/m""",
    "food fruit": """apple/pomme/f, pear/poire/f, banana/banane/f, orange/orange/f, strawberry/fraise/f,
        cherry/cerise/f, peach/pêche/f, pineapple/ananas/m""",
    "food vegetable": """tomato/tomate/f, potato/pomme de terre/f, carrot/carotte/f, mushroom/champignon/m,
        bean/haricot/m""",
    "food": "egg/œuf/m, cake/gâteau/m, sandwich/sandwich/m, cookie/biscuit/m, pancake/crêpe/f, omelet/omelette/f",
    "food mass": """bread/pain/m, cheese/fromage/m, meat/viande/f, rice/riz/m, chocolate/chocolat/m, ham/jambon/m,
        salad/salade/f, honey/miel/m, soup/soupe/f, ice cream/glace/f, yogurt/yaourt/m, jam/confiture/f""",
    "ingredient mass": "butter/beurre/m, sugar/sucre/m, salt/sel/m, oil/huile/f, flour/farine/f",
    "drink mass": "water/eau/f, milk/lait/m, coffee/café/m, tea/thé/m, lemonade/limonade/f, juice/jus/m",
    "drink mass alcohol": "wine/vin/m, beer/bière/f",
    "meal": "breakfast/petit déjeuner/m/single, dinner/dîner/m/single, meal/repas/m",
    "thing reading": """book/livre/m, letter/lettre/f, newspaper/journal/m, poem/poème/m, story/histoire/f,
        novel/roman/m, message/message/m, article/article/m, magazine/magazine/m, dictionary/dictionnaire/m,
        recipe/recette/f, text/texte/m""",
    "thing small": """key/clé/f, umbrella/parapluie/m, phone/téléphone/m, watch/montre/f, pen/stylo/m, pencil/crayon/m,
        ball/ballon/m, photo/photo/f, toy/jouet/m, doll/poupée/f, ring/bague/f, ticket/billet/m, map/carte/f,
        gift/cadeau/m, flower/fleur/f, coin/pièce/f, wallet/portefeuille/m, tool/outil/m, hammer/marteau/m,
        axe/hache/f, rope/corde/f, notebook/cahier/m, candle/bougie/f, needle/aiguille/f""",
    "thing vessel": """bag/sac/m, suitcase/valise/f, box/boîte/f, basket/panier/m, drawer/tiroir/m, bottle/bouteille/f,
        glass/verre/m, cup/tasse/f""",
    "thing dish": "plate/assiette/f, knife/couteau/m, fork/fourchette/f, spoon/cuillère/f, vase/vase/m",
    "thing device": """lamp/lampe/f, computer/ordinateur/m, radio/radio/f, television/télévision/f, clock/horloge/f,
        oven/four/m""",
    "thing instrument": "piano/piano/m, guitar/guitare/f, violin/violon/m, flute/flûte/f",
    "thing art": "painting/tableau/m, statue/statue/f, drawing/dessin/m, mirror/miroir/m, carpet/tapis/m",
    "thing furniture": """table/table/f, chair/chaise/f, bed/lit/m, armchair/fauteuil/m, cupboard/armoire/f,
        shelf/étagère/f, sofa/canapé/m, ladder/échelle/f, desk/bureau/m""",
    "thing part": "door/porte/f, window/fenêtre/f, wall/mur/m, roof/toit/m",
    "thing soft": "pillow/oreiller/m, blanket/couverture/f, towel/serviette/f, tent/tente/f",
    "clothes": """dress/robe/f, shirt/chemise/f, coat/manteau/m, hat/chapeau/m, skirt/jupe/f, scarf/écharpe/f,
        jacket/veste/f, sweater/pull/m, suit/costume/m""",
    "clothes pair": "shoe/chaussure/f, glove/gant/m, sock/chaussette/f, boot/botte/f",
    "vehicle": """car/voiture/f, bus/bus/m, train/train/m, plane/avion/m, boat/bateau/m, bicycle/vélo/m,
        truck/camion/m, taxi/taxi/m""",
    "place at": """school/école/f, market/marché/m, station/gare/f, church/église/f, hospital/hôpital/m,
        museum/musée/m, library/bibliothèque/f, restaurant/restaurant/m, hotel/hôtel/m, office/bureau/m, farm/ferme/f,
        bakery/boulangerie/f, pharmacy/pharmacie/f, theater/théâtre/m, university/université/f, airport/aéroport/m,
        factory/usine/f, stadium/stade/m, castle/château/m, bank/banque/f""",
    "place in": """garden/jardin/m, kitchen/cuisine/f, street/rue/f, park/parc/m, house/maison/f, forest/forêt/f,
        bedroom/chambre/f, village/village/m, cellar/cave/f, field/champ/m, city/ville/f, apartment/appartement/m""",
    "place on": "beach/plage/f, bridge/pont/m, island/île/f, road/route/f, hill/colline/f",
    "place near": "lake/lac/m, river/rivière/f, mountain/montagne/f, tower/tour/f",
    "nature": "tree/arbre/m, stone/pierre/f, leaf/feuille/f, cloud/nuage/m, star/étoile/f",
    "nature unique": "sun/soleil/m, moon/lune/f, sky/ciel/m, sea/mer/f",
    "notion": """question/question/f, answer/réponse/f, problem/problème/m, word/mot/m, idea/idée/f, lesson/leçon/f,
        exercise/exercice/m, rule/règle/f, mistake/erreur/f, secret/secret/m, dream/rêve/m, joke/blague/f,
        plan/projet/m""",
    "aspect": "name/nom/m, price/prix/m, color/couleur/f, title/titre/m, end/fin/f",
    "event": """film/film/m, song/chanson/f, match/match/m, concert/concert/m, party/fête/f, trip/voyage/m,
        game/jeu/m, exam/examen/m, noise/bruit/m""",
    "matter mass": "money/argent/m, music/musique/f, work/travail/m, snow/neige/f, luck/chance/f, time/temps/m",
    "sport single": "football/football/m, tennis/tennis/m, basketball/basket/m, golf/golf/m",
    "language single": """French/français/m, English/anglais/m, Spanish/espagnol/m, Italian/italien/m,
        German/allemand/m, Japanese/japonais/m, Chinese/chinois/m, Russian/russe/m""",
    "nation single": """France/France/f, Italy/Italie/f, Spain/Espagne/f, Germany/Allemagne/f, Canada/Canada/m,
        Japan/Japon/m, Portugal/Portugal/m, Brazil/Brésil/m, Belgium/Belgique/f, Switzerland/Suisse/f,
        England/Angleterre/f, Mexico/Mexique/m, Russia/Russie/f, India/Inde/f""",
    "group single": "class/classe/f, world/monde/m, country/pays/m",
    "measure": "slice/tranche/f, kilo/kilo/m, piece/morceau/m, jar/pot/m",
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
