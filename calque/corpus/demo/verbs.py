"""The verbs and who does what to whom: English | French | subjects | objects | flags.

In the first two columns `+word` is the preposition before the object and `^word` the particle after the verb (`_`
joins several words). Subjects and objects are tags of nouns; `person` as subject also allows names and pronouns.
The flags are those of `Verb`, a style of `Frame`, and `both` (see `Frame.shifts`).
"""

from __future__ import annotations

from dataclasses import dataclass

from calque.corpus.demo.lexeme import Verb

TRANSITIVE = """
eat | manger | person | food
eat | manger | rabbit horse monkey bird | apple carrot cherry bread
eat | manger | dog wolf bear lion fox | meat
drink | boire | adult | drink
drink | boire | boy girl child son daughter | water milk juice
drink | boire | cat dog horse cow | water milk
prepare | préparer | person | meal soup salad cake coffee tea
order | commander | adult | food drink
order | commander | person | salad cookie soup
buy | acheter | person | soft furniture food ingredient drink thing clothes vehicle | indefinite
buy | acheter | person | ingredient soft fruit vegetable yogurt rice | indefinite
buy | acheter | adult | house car horse farm boat castle hotel
sell | vendre | adult | vehicle art instrument furniture house farm ring horse cow
read | lire | person | reading
write | écrire | person | letter poem story novel message article song
open | ouvrir | person | door window bag suitcase box bottle letter cupboard book gift umbrella
close | fermer | person | door window bag suitcase box cupboard book umbrella
wash | laver | person | clothes vehicle vessel dish dog window soft
clean | nettoyer | person | mirror house kitchen bedroom office window shoe bicycle table
repair | réparer | adult | vehicle watch phone computer lamp radio television roof chair door toy
break | casser | person | plate glass cup vase window lamp toy mirror bottle chair watch | simple
lose | perdre | person | key bag wallet phone umbrella watch hat glove ring ticket scarf | simple
find | trouver | person | key bag wallet phone umbrella ring ticket coin map money answer mistake | simple
look +for | chercher | person | key bag wallet phone umbrella ring ticket map hat pen hammer knife
look +for | chercher | person | pet hotel bakery
see | voir | person | person animal place vehicle nature | simple
see | voir | person | hedgehog river sky | simple
hear | entendre | person | animal noise song music train plane baby | simple
listen +to | écouter | person | song music radio teacher concert singer story bird
watch | regarder | person | film match television
look +at | regarder | person | art photo snow map sky star moon sea mountain animal watch
wait +for | attendre | person | bus train plane letter answer kin friend job
carry | porter | adult | bag suitcase box basket tent table stone
wear | porter | person | clothes | imperfect worn
wear | porter | person | hat shoe glove | imperfect worn
take | prendre | person | bus train plane boat umbrella bag | simple
drive | conduire | adult | car bus train
help | aider | person | person
know | connaître | person | person city song story rule | state definite
meet | rencontrer | person | adult | simple
invite | inviter | person | kin friend neighbor job tourist
thank | remercier | person | kin friend neighbor job
visit | visiter | person | museum castle church city village island farm university
draw | dessiner | person | animal tree flower house castle boat car
paint | peindre | adult | wall door house boat roof tree bridge
choose | choisir | person | clothes gift film song cake book wine ring lamp
finish | finir | person | book letter exercise meal work novel | definite
learn | apprendre | person | song poem lesson word rule
learn | apprendre | person | language | generic
teach | enseigner | teacher student musician man woman aunt uncle | language music | generic
study | étudier | person | language | generic
study | étudier | person | map problem star
forget | oublier | person | idea key umbrella word name lesson ticket bag wallet rule | simple definite
understand | comprendre | person | question lesson problem word rule answer article poem | simple definite
sing | chanter | person | song
hide | cacher | person | key letter gift money toy chocolate ring map
throw | lancer | person | ball stone
push | pousser | person | door table bicycle bed car armchair
cut | couper | person | bread cake cheese meat apple tree tomato carrot flower
build | construire | adult | house bridge wall castle boat church
follow | suivre | person dog wolf cat policeman | adult dog cat horse bus car river
feed | nourrir | person | pet livestock baby
like | aimer | person | food drink fruit vegetable | state generic
like | aimer | person | snow sun music city garden village island song film book poem house painting | state definite
love | adorer | person | food drink pet wild | state generic
love | adorer | person | kin friend city garden village sea moon song | state definite
hate | détester | person | food drink wild exam | state generic
hate | détester | person | noise city song film thief king | state definite
admire | admirer | person | art castle sky sea mountain king queen actor actress musician singer
admire | admirer | person | mirror vase ring sky | definite
wake ^up | réveiller | person | child baby husband brother sister father mother son daughter
call | appeler | person | kin friend neighbor doctor policeman lawyer
greet | saluer | person | person
need | avoir ^besoin +de | person | key umbrella phone computer hammer knife car bicycle pen map | state
need | avoir ^besoin +de | adult | bread water milk butter money | state
need | avoir ^besoin +de | person | sugar oil salt time work | state
have | avoir | person | brother sister cousin uncle aunt son daughter friend | state counted
have | avoir | person | pet horse car bicycle boat house watch umbrella phone computer guitar piano | state indefinite
own | posséder | adult | house car farm castle boat island horse hotel restaurant | state
cross | traverser | person animal | street bridge river forest garden
leave | quitter | person | house city office party restaurant hospital village museum hotel theater
turn ^on | allumer | person | lamp radio television computer
turn ^off | éteindre | person | lamp radio television computer
use | utiliser | person | knife phone computer dictionary hammer map axe
steal | voler | thief | wallet ring car money painting bag bicycle horse
punish | punir | teacher king judge mother father queen | child pupil thief boy girl
miss | rater | person | bus train plane | simple
play | jouer +à | person | sport | generic
play | jouer +de | person musician | instrument | the
speak | parler | person | language | bare
answer | répondre +à | person | question letter person message
talk +to | parler +à | person | person pet
write +to | écrire +à | person | kin friend neighbor job
obey | obéir +à | dog child pupil soldier horse boy girl | mother father teacher king queen
smile +at | sourire +à | person infant | person
look +like | ressembler +à | person | kin | state
talk +about | parler +de | person | film problem trip book person concert
think +about | penser +à | person | kin friend trip problem exam | tonic
remember | se souvenir +de | person | person song trip name house | simple definite tonic
be ^afraid +of | avoir ^peur +de | person | wild dog exam teacher judge king | state
"""

DITRANSITIVE = """
give | donner | person | book flower key letter gift ball map money apple cake ticket ring watch glass cat | both
show | montrer | person | photo painting map house garden letter ticket ring book | both
lend | prêter | person | book car bicycle umbrella pen dictionary money tent hammer guitar dress | both
send | envoyer | person | letter message gift photo flower book ticket poem | both
offer | offrir | person | gift flower ring book watch cake coffee scarf | both
bring | apporter | person | gift cake coffee tea letter newspaper glass blanket chair soup | both
tell | raconter | person | story dream secret | both
sell | vendre | adult | car house bicycle painting horse watch boat guitar | both
explain | expliquer | person | rule problem lesson exercise word
read | lire | person | letter story poem article message
throw | lancer | person | ball
"""

INTRANSITIVE = """
sleep | dormir | person infant animal
work | travailler | person
sing | chanter | person bird
dance | danser | person
laugh | rire | person infant
cry | pleurer | child infant adult
smile | sourire | person infant
run | courir | person dog horse rabbit wolf fox cat
walk | marcher | person
swim | nager | person duck dog
travel | voyager | adult
play | jouer | child dog cat
eat | manger | person animal
wait | attendre | person
win | gagner | person | | simple
shine | briller | sun moon star
ring | sonner | phone
bark | aboyer | dog
fly | voler | bird plane owl
fall | tomber | person infant glass vase tree | | être
arrive | arriver | person bus train plane letter boat | | être
leave | partir | person bus train plane boat | | être
come ^in | entrer | person cat dog | | être
go ^out | sortir | person cat dog | | être
come ^back | revenir | person cat dog | | être
stay | rester | person cat dog | | être
go ^home | rentrer | person | | être
die | mourir | king queen dog cat tree horse | | être simple
think | réfléchir | person
begin | commencer | film concert match lesson party
end | finir | film concert match lesson party
obey | obéir | child dog pupil soldier
get ^up | se lever | person
wake ^up | se réveiller | person infant
get ^dressed | s'habiller | person
rest | se reposer | person
go ^to_bed | se coucher | person
go ^for_a_walk | se promener | person
get ^married | se marier | adult
hide | se cacher | child cat mouse thief fox rabbit
stop | s'arrêter | bus train car person
be ^hungry | avoir ^faim | person infant | | state
be ^thirsty | avoir ^soif | person infant | | state
be ^cold | avoir ^froid | person | | state
be ^right | avoir ^raison | person | | state
"""


VERB_FLAGS = frozenset({"state", "imperfect", "simple", "tonic", "être"})


@dataclass(frozen=True, slots=True)
class Frame:
    """What a verb may be said of.

    `style` says which determiners its object may have: 'any', 'definite' (the, this, my), 'the', 'generic' (English
    none, French definite), 'plural', 'indefinite', 'counted' (a, two, many), 'worn' (a, the, my), 'bare' (none at all).
    `shifts`: English says *give him the book*, not *give the book to him*.
    """

    verb: Verb
    subjects: tuple[str, ...]
    objects: tuple[str, ...] = ()
    style: str = "any"
    shifts: bool = False


def _parts(field: str) -> tuple[str, str, str]:
    words = field.split()
    marked = {word[0]: word[1:].replace("_", " ") for word in words if word[0] in "+^"}
    return " ".join(word for word in words if word[0] not in "+^"), marked.get("^", ""), marked.get("+", "")


def verb(english: str, french: str, flags: str = "") -> Verb:
    """The verb that two columns and its flags describe; `se` or `s'` before the infinitive makes it reflexive."""
    base, particle, preposition = _parts(english)
    infinitive, complement, link = _parts(french)
    bare = infinitive.removeprefix("se ").removeprefix("s'")
    own = {"reflexive"} if bare != infinitive else set()
    return Verb(base, bare, (particle, complement), (preposition, link), frozenset(flags.split()) & VERB_FLAGS | own)


def _frame(line: str) -> Frame:
    columns = [column.strip() for column in line.split("|")]
    english, french, subjects, objects, flags = columns + [""] * (5 - len(columns))
    styles = set(flags.split()) - VERB_FLAGS - {"both"}
    return Frame(
        verb(english, french, flags),
        tuple(subjects.split()),
        tuple(objects.split()),
        style=styles.pop() if styles else "any",
        shifts="both" in flags.split(),
    )


def parse(table: str) -> tuple[Frame, ...]:
    """The frames of a table like `TRANSITIVE`."""
    return tuple(_frame(line) for line in table.strip().splitlines())
