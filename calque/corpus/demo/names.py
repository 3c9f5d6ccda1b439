"""Proper names, and the pronouns."""

from __future__ import annotations

from calque.corpus.demo.lexeme import Gender, Name, Number, Pronoun

M, F = Gender.MASCULINE, Gender.FEMININE
ONE, MANY = Number.SINGULAR, Number.PLURAL

MEN = ("Paul", "Thomas", "Antoine", "Nicolas", "Martin", "Daniel", "Louis", "Oscar")
WOMEN = ("Marie", "Julie", "Sophie", "Alice", "Emma", "Claire", "Anna", "Isabelle")
PEOPLE = tuple(Name(name, name, M) for name in MEN) + tuple(Name(name, name, F) for name in WOMEN)
CITIES = (
    *(Name(name, name, M) for name in ("Paris", "Berlin", "Madrid", "Amsterdam")),
    *(Name(*names, M) for names in (("London", "Londres"), ("Rome", "Rome"), ("Brussels", "Bruxelles"))),
    *(Name(*names, M) for names in (("Geneva", "Genève"), ("Lisbon", "Lisbonne"))),
)

EVERYBODY = Name("everybody", "tout le monde", M, proper=False)
SOMEBODY = Name("somebody", "quelqu'un", M, proper=False)
NOBODY = Name("nobody", "personne", M, proper=False)
WHO = Name("who", "qui", M, proper=False)
NOON, MIDNIGHT = Name("noon", "midi", M, proper=False), Name("midnight", "minuit", M, proper=False)

# French forms: subject, object, indirect object, after a preposition. English "you" is one person, called "vous";
# I, you, we, and they where nothing says who they are, are masculine.
I = Pronoun(("I", "me"), ("je", "me", "me", "moi"), 0, 0, M, ONE)  # noqa: E741
YOU = Pronoun(("you", "you"), ("vous", "vous", "vous", "vous"), 4, 4, M, ONE)
HE = Pronoun(("he", "him"), ("il", "le", "lui", "lui"), 2, 2, M, ONE)
SHE = Pronoun(("she", "her"), ("elle", "la", "lui", "elle"), 2, 2, F, ONE)
WE = Pronoun(("we", "us"), ("nous", "nous", "nous", "nous"), 3, 3, M, MANY)
THEY = Pronoun(("they", "them"), ("ils", "les", "leur", "eux"), 5, 5, M, MANY)
# Only after a noun that tells the gender.
IT_HE = Pronoun(("it", "it"), ("il", "le", "lui", "lui"), 2, 2, M, ONE)
IT_SHE = Pronoun(("it", "it"), ("elle", "la", "lui", "elle"), 2, 2, F, ONE)
THEY_SHE = Pronoun(("they", "them"), ("elles", "les", "leur", "elles"), 5, 5, F, MANY)
# Subjects that stand for nothing.
IT = Pronoun(("it", "it"), ("il", "", "", ""), 2, 2, M, ONE)
THIS = Pronoun(("this", ""), ("ce", "", "", ""), 2, 2, M, ONE)
THESE = Pronoun(("these", ""), ("ce", "", "", ""), 5, 5, M, MANY)
THERE = Pronoun(("there", ""), ("il", "", "", ""), 2, 2, M, ONE)
THERE_MANY = Pronoun(("there", ""), ("il", "", "", ""), 2, 5, M, MANY)

SPEAKERS = (I, YOU, HE, SHE, WE, THEY)
ANAPHORS = {(M, ONE): IT_HE, (F, ONE): IT_SHE, (M, MANY): THEY, (F, MANY): THEY_SHE}
PERSONAL = {(M, ONE): HE, (F, ONE): SHE, (M, MANY): THEY, (F, MANY): THEY_SHE}
