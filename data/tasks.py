"""The probing tasks: each has a function that writes a sentence with the label it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import lexicon
import scripts
from grammar import COMMA, Grammar, Phrase, count_words, finite, literal
from verbs_and_numbers import subject_number, tense
from word_order import coordination_inversion, word_order


@dataclass(frozen=True)
class Task:
    """A probing task."""

    name: str
    """The name of its file, without the extension."""
    labels: tuple[str, ...]
    """Its classes."""
    write: Callable[[Grammar, str], Phrase | None]
    """Writes a sentence with a label; None where the draw was no good and is to be repeated."""


LENGTHS = {"05 to 08": (5, 8), "09 to 12": (9, 12), "13 to 16": (13, 16), "17 to 20": (17, 20)}


def sentence_length(g: Grammar, label: str) -> Phrase | None:
    """How many words the sentence has: optional parts are drawn until it fits into its bin."""
    shortest, longest = LENGTHS[label]
    tense = g.rng.choice(("past", "present"))
    subject = g.person()
    parts = subject.words
    if parts[0].tag != "E" and g.chance(0.4):
        parts = (*parts, *literal(g.draw(lexicon.NEAR_PERSON)), *g.noun_phrase("person").words)
    parts = (*parts, *g.verb_phrase(tense, subject.plural))
    if g.chance(0.5):
        parts = (*parts, *g.place())
    if g.chance(0.5):
        parts = (*parts, *literal(g.draw(lexicon.CONJUNCTIONS)), *g.clause(tense))
    if g.chance(0.4):
        time = g.time()
        parts = (*time, COMMA, *parts) if g.chance(0.5) else (*parts, *time)
    return parts if shortest <= count_words(parts) <= longest else None


def topic(g: Grammar, label: str) -> Phrase | None:
    """What the sentence is about, told by two to five words out of a field."""
    field = scripts.TOPICS[label]
    number = g.chance(0.5)
    subject = g.person()
    if g.chance(0.6):
        person = g.draw(field["people"])
        subject = g.noun_of(person, number)
    verb, things = g.rng.choice(_lines(field["verbs"])).split(": ")
    thing = g.noun_of(g.rng.choice(things.split()), g.chance(0.4))
    tense = g.rng.choice(("past", "past", "present"))
    parts = (*subject.words, *g.adverb(0.4), finite(verb, tense, subject.plural), *thing.words)
    if g.chance(0.3):
        return (*parts, *literal(g.draw(field["places"])))
    if g.chance(0.5):
        return (*parts, *literal(g.draw(lexicon.CONJUNCTIONS)), *g.clause(tense))
    return (*parts, *g.setting())


def _lines(table: str) -> list[str]:
    return [line.strip() for line in table.splitlines() if line.strip()]


TASKS = (
    Task("tense", ("past", "present"), tense),
    Task("subject_number", ("singular", "plural"), subject_number),
    Task("word_order", ("original", "swapped"), word_order),
    Task("coordination_inversion", ("natural", "inverted"), coordination_inversion),
    Task("sentence_length", tuple(LENGTHS), sentence_length),
    Task("topic", tuple(scripts.TOPICS), topic),
)
