"""A small grammar of English: inflection, noun phrases, verb phrases, clauses, and their spelling.

A phrase is a tuple of `Word`s. Words carry a tag, so that a task can find its way in a finished
sentence (`word_order` looks for an adjective before its noun) without parsing it again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

import lexicon

KINDS = tuple(lexicon.NOUNS)
OBJECT_KINDS = tuple(kind for kind in KINDS if kind != "person")
OWNED_KINDS = ("animal", "text", "dish", "vehicle", "garment", "instrument", "thing", "plant")
OWNABLE = frozenset(
    noun
    for table in (lexicon.POSSESSED, *(lexicon.NOUNS[kind] for kind in OWNED_KINDS))
    for noun in lexicon.words(table)
)
VOWELS = "aeiou"


@dataclass(frozen=True)
class Word:
    """A word or a comma of a sentence."""

    text: str
    """How it is spelled inside a sentence, before capitals; `a` stands for `a` and `an`."""
    tag: str = ""
    """D determiner, A adjective, N noun, V finite verb, R adverb, E name; empty for the rest."""


Phrase = tuple[Word, ...]
COMMA = Word(",")


@dataclass(frozen=True)
class NounPhrase:
    """A noun phrase, and what the verb has to know of it."""

    words: Phrase
    plural: bool
    """Whether the verb agrees in the plural."""


def plural(noun: str) -> str:
    """The plural form of a noun."""
    if noun in lexicon.IRREGULAR_PLURALS:
        return lexicon.IRREGULAR_PLURALS[noun]
    if noun.endswith("man"):
        return noun[:-2] + "en"
    if noun.endswith("y") and noun[-2] not in VOWELS:
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def third(verb: str) -> str:
    """The third person singular of the present; English forms it as it forms plurals."""
    return plural(verb)


def past(verb: str) -> str:
    """The past form of a verb."""
    if verb in lexicon.IRREGULAR_PASTS:
        return lexicon.IRREGULAR_PASTS[verb]
    if verb in lexicon.DOUBLING:
        return verb + verb[-1] + "ed"
    if verb.endswith("y") and verb[-2] not in VOWELS:
        return verb[:-1] + "ied"
    return verb + ("d" if verb.endswith("e") else "ed")


@cache
def entries(table: str) -> tuple[str, ...]:
    """The entries of a table of the lexicon, read once."""
    return lexicon.words(table)


def literal(text: str) -> Phrase:
    """Fixed wording as a phrase."""
    return tuple(Word(part) for part in text.split())


def finite(verb: str, tense: str, subject_plural: bool) -> Word:
    """A verb in the tense `past` or `present`, agreeing with its subject."""
    if tense == "past":
        return Word(past(verb), "V")
    return Word(verb if subject_plural else third(verb), "V")


@dataclass(frozen=True)
class Grammar:
    """Draws phrases. Everything random comes from `rng`, so a seed fixes the text."""

    rng: random.Random

    def draw(self, table: str) -> str:
        """An entry of a table."""
        return self.rng.choice(entries(table))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def some_kind(self) -> str:
        """A kind of thing that people do something with."""
        return self.rng.choice(OBJECT_KINDS)

    def name(self) -> NounPhrase:
        """A person's name."""
        table = lexicon.NAMES[self.rng.choice(("she", "he"))]
        return NounPhrase((Word(self.draw(table), "E"),), plural=False)

    def determiner(self, noun: str, number: bool, indefinite: float) -> Phrase:
        """A determiner. Apart from `a` (singular) none shows the number of its noun."""
        if self.chance(indefinite):
            return () if number else (Word("a", "D"),)
        if noun in OWNABLE and self.chance(0.5):
            if self.chance(0.4):
                return (Word(self.name().words[0].text + "'s", "D"),)
            return (Word(self.rng.choice(("my", "our", "your")), "D"),)
        return (Word("the", "D"),)

    def noun_phrase(
        self,
        kind: str,
        number: bool | None = None,
        adjective: float = 0.3,
        indefinite: float = 0.0,
    ) -> NounPhrase:
        """Determiner, perhaps an adjective, and a noun of this kind; `number` True is plural."""
        number = self.chance(0.5) if number is None else number
        noun = self.draw(lexicon.NOUNS[kind])
        adjectives = ()
        if self.chance(adjective):
            adjectives = (Word(self.draw(lexicon.ADJECTIVES[kind]), "A"),)
        head = Word(plural(noun) if number else noun, "N")
        return NounPhrase((*self.determiner(noun, number, indefinite), *adjectives, head), number)

    def noun_of(self, noun: str, number: bool) -> NounPhrase:
        """`the` or `a` with a noun that the lexicon does not list."""
        head = Word(plural(noun) if number else noun, "N")
        determiner = (Word("the", "D"),)
        if self.chance(0.4):
            determiner = () if number else (Word("a", "D"),)
        return NounPhrase((*determiner, head), number)

    def person(self, names: float = 0.2) -> NounPhrase:
        """A name or a noun phrase for people."""
        return self.name() if self.chance(names) else self.noun_phrase("person")

    def object_of(self, kind: str) -> Phrase:
        """The object of a verb that selects this kind."""
        return self.noun_phrase(kind, indefinite=0.25).words

    def verb(self, kind: str, tense: str, subject_plural: bool) -> Word:
        """A transitive verb that selects this kind of object."""
        return finite(self.draw(lexicon.VERBS[kind]), tense, subject_plural)

    def adverb(self, probability: float = 1.0) -> Phrase:
        """Perhaps an adverb, to stand before the verb."""
        return (Word(self.draw(lexicon.ADVERBS), "R"),) if self.chance(probability) else ()

    def verb_phrase(
        self, tense: str, subject_plural: bool, kind: str | None = None, adverb: float = 0.3
    ) -> Phrase:
        """Perhaps an adverb, a transitive verb and its object."""
        kind = kind or self.some_kind()
        verb = self.verb(kind, tense, subject_plural)
        return (*self.adverb(adverb), verb, *self.object_of(kind))

    def clause(self, tense: str, kind: str | None = None) -> Phrase:
        """Someone does something to something."""
        subject = self.person()
        return (*subject.words, *self.verb_phrase(tense, subject.plural, kind))

    def place(self) -> Phrase:
        """A prepositional phrase that says where."""
        return literal(self.draw(lexicon.PLACES))

    def time(self) -> Phrase:
        """A prepositional phrase that says when."""
        return literal(self.draw(lexicon.TIMES))

    def setting(self) -> Phrase:
        """Where or when."""
        return self.place() if self.chance(0.5) else self.time()


def repeats(phrase: Phrase) -> bool:
    """Whether a content word stands twice, which reads badly."""
    content = [
        word.text.removesuffix("'s")
        for word in phrase
        if word.tag in ("A", "N", "V", "R", "E") or word.text.endswith("'s")
    ]
    return len(content) != len(set(content))


def count_words(phrase: Phrase) -> int:
    """The number of words, commas not counted."""
    return sum(word != COMMA for word in phrase)


def spell(phrase: Phrase) -> str:
    """The sentence as it is written: a or an, commas, the capital and the full stop."""
    texts = [word.text for word in phrase]
    for i, text in enumerate(texts[:-1]):
        # "a usual", "a useful" and "a one" do not occur, but "an honest" and "an heiress" do.
        if text == "a" and (texts[i + 1][0] in VOWELS or texts[i + 1] in ("honest", "heiress")):
            texts[i] = "an"
    line = " ".join(texts).replace(" ,", ",")
    return line[0].upper() + line[1:] + "."
