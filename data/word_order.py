"""The tasks `word_order` and `coordination_inversion`, in which the label is an order.

The label decides the order of words that were drawn before it, so a bag of words cannot tell it.
Word pairs could, and are kept from it as far as possible.
"""

from __future__ import annotations

import lexicon
import scripts
from grammar import COMMA, Grammar, Phrase, Word, literal, past

AFTER_OBJECT = frozenset(lexicon.words(lexicon.AFTER_OBJECT))


def word_order(g: Grammar, label: str) -> Phrase | None:
    """A sentence, or the same with two neighbouring content words swapped."""
    tense = g.rng.choice(("past", "present"))
    subject = g.noun_phrase("person", adjective=0.5)
    kind = g.some_kind()
    end = g.noun_phrase(kind, g.chance(0.75), adjective=0.6, indefinite=0.75).words
    verb = (*g.adverb(0.6), g.verb(kind, tense, subject.plural))
    middle = _apposed(g) if len(subject.words) == 2 else ()
    phrase = (*subject.words, *middle, *verb, *end)
    if g.chance(0.3):
        owner = g.person()
        relative = (*owner.words, *g.adverb(0.6), g.verb(kind, tense, owner.plural))
        phrase = (*phrase, Word("that"), *relative)
    if g.chance(0.6):
        setting = g.setting()
        phrase = (*setting, COMMA, *phrase) if g.chance(0.4) else (*phrase, *setting)
    sites = [i for i in range(1, len(phrase) - 2) if _swappable(phrase, i)]
    if not sites:
        return None
    i = g.rng.choice(sites)
    if label == "swapped":
        return (*phrase[:i], phrase[i + 1], phrase[i], *phrase[i + 2 :])
    return phrase


def _apposed(g: Grammar) -> Phrase:
    """Perhaps ", tired but cheerful,": gives sound sentences adjectives that follow their noun."""
    if g.chance(0.4):
        return ()
    first, second = (Word(g.draw(lexicon.ADJECTIVES["person"]), "A") for _ in range(2))
    return (COMMA, first, Word(g.rng.choice(("and", "but"))), second, COMMA)


def _swappable(phrase: Phrase, i: int) -> bool:
    """Whether words i and i + 1 can change places without a tell-tale word pair or a good sentence.

    Tell-tales are function words in places where they never stand: "the sold", "baker the". Good
    sentences come of adjectives that may follow their object: "she painted the door white".
    """
    before, first, second, after = phrase[i - 1 : i + 3]
    tags = first.tag + second.tag
    if tags == "AN":
        return before.text != "a" and first.text not in AFTER_OBJECT
    open_ended = after.tag in ("A", "N")
    if tags == "NV":
        return before.tag == "A" and open_ended
    if tags == "VA":
        return before.tag != "E" and second.text not in AFTER_OBJECT
    return tags == "RV" and open_ended


def coordination_inversion(g: Grammar, label: str) -> Phrase | None:
    """Two coordinate clauses, in the order of what they tell or turned round.

    What tells the order: an effect follows its cause, a pronoun or `the` follows what it takes
    up, and later moments follow earlier ones. Clauses that come first and second begin and end
    alike, or the word pairs where they meet ("it, and") would tell the label.
    """
    clauses, link, end = g.rng.choice((_cause_effect, _taken_up, _dated))(g)
    first, second = clauses if label == "natural" else clauses[::-1]
    return (*first, *end, COMMA, Word(link), *second)


Coordination = tuple[tuple[Phrase, Phrase], str, Phrase]
"""Two clauses, their conjunction, and what is said after whichever of them comes first."""


def _cause_effect(g: Grammar) -> Coordination:
    """A cause and its effect."""
    cause, effect = (
        tuple(word for part in text.split() for word in _filled(g, part))
        for text in g.rng.choice(scripts.CAUSES)
    )
    return (cause, effect), g.rng.choice(("and", "so")), g.time() if g.chance(0.8) else ()


def _filled(g: Grammar, part: str) -> Phrase:
    return g.person().words if part == "PERSON" else literal(part)


def _found(g: Grammar, someone: Phrase) -> tuple[Phrase, Phrase, Phrase]:
    """Somebody finds something; what is done to it afterwards; and a word that takes it up."""
    kind = g.rng.choice(("animal", "vehicle", "garment", "instrument", "thing", "plant"))
    number = g.chance(0.4)
    thing = g.noun_phrase(kind, number, indefinite=1.0).words
    bygone = lexicon.words(scripts.NOT_AFTERWARDS)
    verbs = lexicon.words(lexicon.VERBS[kind])
    verb = g.rng.choice([verb for verb in verbs if verb not in bygone])
    again = literal("them" if number else "it")
    return (*someone, Word(g.draw(scripts.FINDING)), *thing), literal(past(verb)), again


def _taken_up(g: Grammar) -> Coordination:
    """Somebody finds a lamp; somebody else polishes it, or the lamp."""
    first, verb, again = _found(g, g.person().words)
    if g.chance(0.4):
        again = literal(f"the {first[-1].text}")
    here, there = (g.place(), g.time()) if g.chance(0.5) else (g.time(), g.place())
    return ((*first, *here), (*g.person().words, *verb, *again, *there)), "and", ()


def _dated(g: Grammar) -> Coordination:
    """In March Martha finds a lamp; in May she sells it."""
    moments = g.rng.choice(scripts.CALENDARS)
    early, late = sorted(g.rng.sample(range(len(moments)), 2))
    pronoun = g.rng.choice(("she", "he"))
    first, verb, again = _found(g, (Word(g.draw(lexicon.NAMES[pronoun]), "E"),))
    here, there = g.rng.sample(lexicon.words(lexicon.PLACES), 2)
    clauses = (
        (*literal(moments[early]), *first, *literal(here)),
        (*literal(moments[late]), Word(pronoun), *verb, *again, *literal(there)),
    )
    return clauses, g.rng.choice(("and", "but")), ()
