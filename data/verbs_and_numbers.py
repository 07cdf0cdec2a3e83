"""The tasks `tense` and `subject_number`, in which the same words are spread over other places.

The words alone must not tell the label. So the forms that could tell it, verbs in `tense` and
nouns in `subject_number`, are drawn from one distribution for all their places in the sentence,
and there are as many past forms (plurals) with one label as with the other; only the place tells.
"""

from __future__ import annotations

import lexicon
from grammar import COMMA, Grammar, Phrase, Word, finite, literal

NEAR_THING = "above|behind|below|beside|near|next to|under"
NEAR_VEHICLE = "behind|beside|in front of|near|next to|opposite"
NEAR = {"person": lexicon.NEAR_PERSON, "thing": NEAR_THING, "vehicle": NEAR_VEHICLE}


def tense(g: Grammar, label: str) -> Phrase | None:
    """The tense of the main verb, beside one or two embedded verbs of other tenses.

    Of two verbs one is past; of three one or two are, equally often with either label. All verbs
    of a sentence select the same kind of object, or kinds drawn alike: any could be the main one.
    """
    if g.chance(0.35):
        return _tense_two(g, label, "present" if label == "past" else "past")
    pasts = g.rng.choice((1, 2)) - (label == "past")
    embedded = ["past"] * pasts + ["present"] * (2 - pasts)
    g.rng.shuffle(embedded)
    return _tense_three(g, label, *embedded)


def _who(g: Grammar, tense: str, kind: str | None = None) -> tuple[Phrase, bool]:
    """Somebody "who always repairs vans", and whether they are several."""
    head = g.noun_phrase("person")
    relative = g.verb_phrase(tense, head.plural, kind, adverb=1.0)
    return (*head.words, Word("who"), *relative), head.plural


def _that(g: Grammar, tense: str, kind: str) -> Phrase:
    """Something "that the nurse repairs"."""
    subject = g.person()
    verb = (*g.adverb(0.3), g.verb(kind, tense, subject.plural))
    return (*g.noun_phrase(kind).words, Word("that"), *subject.words, *verb)


def _tense_two(g: Grammar, main: str, embedded: str) -> Phrase:
    """A main clause and one embedded clause."""
    kind = g.some_kind()
    frame = g.rng.randrange(4)
    if frame == 0:
        who, number = _who(g, embedded)
        return (*who, *g.verb_phrase(main, number))
    if frame == 1:
        subject = g.person()
        verb = (*g.adverb(0.3), g.verb(kind, main, subject.plural))
        return (*subject.words, *verb, *_that(g, embedded, kind))
    because = (*literal(g.draw(lexicon.CONJUNCTIONS)), *g.clause(embedded))
    if frame == 2:
        return (*because, COMMA, *g.clause(main))
    return (*g.clause(main), *because)


def _tense_three(g: Grammar, main: str, first: str, second: str) -> Phrase:
    """A main clause and two embedded clauses."""
    kind = g.some_kind()
    frame = g.rng.randrange(4)
    if frame == 0:
        who, number = _who(g, first, kind)
        verb = (*g.adverb(0.3), g.verb(kind, main, number))
        return (*who, *verb, *_that(g, second, kind))
    because = literal(g.draw(lexicon.CONJUNCTIONS))
    if frame == 1:
        who, number = _who(g, second)
        return (*because, *g.clause(first), COMMA, *who, *g.verb_phrase(main, number))
    if frame == 2:
        who, number = _who(g, first)
        return (*because, *who, *g.verb_phrase(second, number), COMMA, *g.clause(main))
    who, number = _who(g, first)
    return (*who, *g.verb_phrase(main, number), *because, *g.clause(second))


def subject_number(g: Grammar, label: str) -> Phrase | None:
    """The number of the main subject, among one or two other nouns of the same kind.

    Of two nouns one is plural; of three one or two are, equally often with either label. Verbs
    are past, and the determiners of these nouns go with both numbers.
    """
    subject = label == "plural"
    kind = g.rng.choice(("person", "person", "thing", "vehicle"))
    if g.chance(0.35):
        others = [not subject]
    else:
        plurals = g.rng.choice((1, 2)) - subject
        others = [True] * plurals + [False] * (2 - plurals)
        g.rng.shuffle(others)
    nouns = [g.noun_phrase(kind, number).words for number in (subject, *others)]
    near = g.rng.sample(lexicon.words(NEAR[kind]), len(nouns))
    beside = [(*literal(where), *noun) for where, noun in zip(near, nouns, strict=True)]
    tail = _past_predicate(g, kind)
    if len(nouns) == 2:
        frames = [
            (*nouns[0], *beside[1], *tail),
            (*beside[1], COMMA, *nouns[0], *tail),
        ]
        if kind == "person":
            verb = g.verb("person", "past", False)
            frames.append((*nouns[0], Word("that"), *nouns[1], verb, *tail))
            frames.append((*nouns[0], Word("who"), *g.adverb(), verb, *nouns[1], *tail))
        return g.rng.choice(frames)
    frames = [
        (*nouns[0], *beside[1], *beside[2], *tail),
        (*beside[1], COMMA, *nouns[0], *beside[2], *tail),
        (*beside[1], *beside[2], COMMA, *nouns[0], *tail),
    ]
    if kind == "person":
        verbs = [(*g.adverb(0.3), g.verb("person", "past", False)) for _ in range(2)]
        frames.append((*nouns[0], *beside[1], *verbs[0], *nouns[2]))
        frames.append((*beside[1], COMMA, *nouns[0], *verbs[0], *nouns[2]))
        frames.append((*nouns[0], *verbs[0], *nouns[1], *beside[2]))
        frames.append((*nouns[0], Word("that"), *nouns[1], *verbs[0], *verbs[1], *nouns[2]))
    return g.rng.choice(frames)


def _past_predicate(g: Grammar, kind: str) -> Phrase:
    """What people or things did, in the past, without another noun of their kind."""
    place = g.setting if kind == "person" else g.time
    setting = place() if g.chance(0.4) else ()
    if g.chance(0.5):
        return (finite(g.draw(lexicon.INTRANSITIVE[kind]), "past", False), *setting)
    if kind == "person":
        return (*g.verb_phrase("past", False), *setting)
    verb = finite(g.draw(lexicon.PSYCH_VERBS), "past", False)
    return (verb, *g.noun_phrase("person").words, *setting)
