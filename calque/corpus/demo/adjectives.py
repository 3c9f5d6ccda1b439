"""The adjectives: English | French | where it stands (before or after the French noun) and how it compares | nouns.

`er`: taller, tallest; `more`: more famous, most famous. `attribute`: only beside its noun; `predicate`: only after a
verb; `the`: beside its noun it wants *the*. The fourth column lists the tags of nouns that it is said of, a fifth those
that it stands beside where they are others (un homme grand is tall, un grand homme great: *tall man* does not occur).
"""

from __future__ import annotations

from calque.corpus.demo.lexeme import Adjective

ADJECTIVES = """
beautiful | beau | before more | adult child art clothes place nature vehicle vase flower song story poem ring | man \
woman boy girl child queen actress art clothes place nature vehicle vase flower song story poem ring
pretty | joli | before | girl woman clothes flower village garden painting photo house song
good | bon | before attribute | job friend food drink meal reading event hotel restaurant idea answer question lesson
bad | mauvais | before attribute | actor singer doctor food drink meal idea answer dream hotel restaurant novel film
new | nouveau | before attribute | thing clothes vehicle job friend neighbor pupil school hotel bridge teacher
old | vieux | before er | adult animal thing clothes vehicle place song tree | man woman uncle aunt friend neighbor \
king queen witch teacher doctor painter judge animal thing clothes vehicle place song tree
young | jeune | before er | adult | man woman king queen job pet livestock wild witch
little | petit | before attribute | boy girl child brother sister cousin pet livestock bird village house island \
garden vessel bedroom baby
big | grand | before er | livestock wild thing vehicle place stone tomato | wild thing vehicle place stone tomato
small | petit | before er predicate | thing vehicle place clothes
tall | grand | before er | adult child tree | boy girl pupil student soldier policeman tree
long | long | before er | reading event bridge lesson street exercise trip
short | court | after er predicate | reading event bridge lesson dress exercise
excellent | excellent | after | job food drink meal reading event hotel restaurant idea answer lesson
strange | étrange | after more | adult reading idea question word dream secret rule noise event place animal
happy | heureux | after er | adult child infant dog
sad | triste | after er | adult child reading song film dog
tired | fatigué | after | adult child infant pet horse
ill | malade | after | adult child infant animal
kind | gentil | after er | adult child dog
rich | riche | after er | adult
strong | fort | after er | adult child wild horse
intelligent | intelligent | after more | adult child pet monkey fox
polite | poli | after more | adult child
shy | timide | after | adult child animal
famous | célèbre | after more | job hero castle reading art song city restaurant place tourist
serious | sérieux | after more | job child pupil problem
generous | généreux | after more | adult
honest | honnête | after more | adult
curious | curieux | after more | adult child cat monkey
jealous | jaloux | after more | adult child
busy | occupé | after | adult
proud | fier | after er | adult child
funny | drôle | after er | child job reading film pet monkey
hungry | affamé | after attribute | adult child animal
worried | inquiet | after | adult child
alone | seul | after predicate | adult child
late | en retard | after predicate | adult child bus train plane
angry | en colère | after predicate | adult child
dangerous | dangereux | after more | wild mountain trip street axe knife river
fast | rapide | after er | vehicle horse rabbit
heavy | lourd | after er | furniture vessel hammer stone box suitcase dictionary coat
light | léger | after er | bag suitcase box tent bicycle meal coat
white | blanc | after | clothes vehicle furniture vessel dish cat dog horse house flower wall rabbit
black | noir | after | clothes vehicle furniture vessel cat dog horse
red | rouge | after | clothes vehicle furniture vessel flower door small
green | vert | after | clothes vehicle furniture vessel door apple
blue | bleu | after | clothes vehicle furniture vessel dish door
yellow | jaune | after | clothes vehicle bird flower plate cup
brown | marron | after | clothes bag suitcase bear
gray | gris | after | clothes cat vehicle mouse wall
clean | propre | after er | clothes dish vehicle kitchen bedroom window house street beach glass cup
dirty | sale | after er | clothes dish vehicle kitchen bedroom window street glass cup dog
broken | cassé | after | device glass cup plate vase window chair toy mirror umbrella watch guitar
high | élevé | after predicate | price
low | bas | after predicate | price
empty | vide | after | vessel house restaurant street station theater
open | ouvert | after | door window box suitcase museum bakery
closed | fermé | after | door window box suitcase museum bakery
expensive | cher | after more | clothes vehicle device instrument art ring watch hotel restaurant house
useful | utile | after more | hammer dictionary map idea rule lesson dog umbrella computer
important | important | after more | question problem word rule lesson idea secret letter message exam book
difficult | difficile | after more | question problem exercise word lesson exam trip poem
interesting | intéressant | after more | reading event question problem idea lesson answer museum
quiet | tranquille | after er | place
dark | sombre | after er | forest bedroom street kitchen
delicious | délicieux | after | food drink meal
hot | chaud | after er | soup coffee tea milk chocolate bread water meal
cold | froid | after er | soup coffee tea milk water juice beer sea bedroom
fresh | frais | after er | bread fruit egg milk butter vegetable juice cheese
French | français | after | wine cheese job newspaper novel film song car friend
English | anglais | after | tea job newspaper novel film song car friend
Italian | italien | after | wine cheese job newspaper novel film song car shoe
Spanish | espagnol | after | wine cheese job newspaper novel film song guitar orange
German | allemand | after | beer job newspaper novel film song car friend
American | américain | after | job newspaper novel film song car tourist
first | premier | before attribute the | train bus plane lesson exam letter exercise question novel film song poem \
match ticket
last | dernier | before attribute the | train bus plane lesson exam letter exercise question song poem match ticket
"""


def _adjective(line: str) -> Adjective:
    english, french, form, tags, *beside = (field.strip() for field in line.split("|"))
    forms = form.split()
    comparison = next((word for word in forms if word in {"er", "more"}), "")
    return Adjective(
        english,
        french,
        before="before" in forms,
        comparison=comparison,
        tags=frozenset(tags.split()),
        beside=frozenset((beside or [tags])[0].split()),
        attributive="predicate" not in forms,
        predicative="attribute" not in forms,
        definite="the" in forms,
    )


def parse(table: str) -> tuple[Adjective, ...]:
    """The adjectives of a table like `ADJECTIVES`."""
    return tuple(_adjective(line) for line in table.strip().splitlines())


ALL = parse(ADJECTIVES)
