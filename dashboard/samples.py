"""The sample sets that come with the project."""

from dataclasses import dataclass
from pathlib import Path

from probing.language import later

DATA = Path(__file__).resolve().parent.parent / "data"
FINISHED = DATA / "sample_run"
"""The finished run that a first visit shows."""
FINISHED_OF = "reviews"
"""The sample, a key of ``SAMPLES``, that it is a run of."""


@dataclass(frozen=True)
class Sample:
    """A bundled CSV. Title and question are in English, marked for translation."""

    title: str
    question: str
    """What its label answers."""
    sentences: int
    labels: tuple[str, ...]
    """Its classes, sorted."""
    example: str
    """One of its sentences,"""
    label: str
    """and that one's label."""
    path: Path


def _task(name: str, *about: str, labels: tuple[str, ...]) -> Sample:
    title, question, example, label = about
    path = DATA / "probing_tasks" / f"{name}.csv"
    return Sample(title, question, 1_200, labels, example, label, path)


SAMPLES = {
    "reviews": Sample(
        later("Reviews: what is reviewed, and how"),
        later("What is reviewed?"),
        448,
        ("culture", "food", "gear", "health", "home", "services", "tech", "travel"),
        "Better coffee than at the place opposite. Worse chairs.",
        "food",
        DATA / "reviews.csv",
    ),
    "topic": _task(
        "topic",
        later("Topic"),
        later("What is the sentence about?"),
        "The paramedic seldom bandaged an elbow in the clinic.",
        "medicine",
        labels=("astronomy", "cooking", "law", "medicine", "music", "sailing"),
    ),
    "tense": _task(
        "tense",
        later("Tense of the main verb"),
        later("Is the main verb past or present?"),
        "The wealthy surgeon borrowed your skirts whereas Edith's cook prunes our orchids.",
        "past",
        labels=("past", "present"),
    ),
    "subject_number": _task(
        "subject_number",
        later("Number of the subject"),
        later("Is the subject singular or plural, among other nouns?"),
        "Near the rusty car, the boats surprised the witness.",
        "plural",
        labels=("plural", "singular"),
    ),
    "word_order": _task(
        "word_order",
        later("Two words swapped"),
        later("Have two neighbouring words changed places?"),
        "The sailors popular baked a simple pudding beside the river.",
        "swapped",
        labels=("original", "swapped"),
    ),
    "coordination_inversion": _task(
        "coordination_inversion",
        later("Clauses inverted"),
        later("Have two clauses changed places?"),
        "The farmer grabbed the extinguisher after dark, so the toaster caught fire.",
        "inverted",
        labels=("inverted", "natural"),
    ),
    "sentence_length": _task(
        "sentence_length",
        later("Sentence length"),
        later("How many words has it?"),
        "The proud thief seldom trained a goat.",
        "05 to 08",
        labels=("05 to 08", "09 to 12", "13 to 16", "17 to 20"),
    ),
}
"""By key, in the order they are offered. A test compares each with its file."""
