"""The sample sets that come with the project."""

from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
FINISHED = DATA / "sample_run"
"""The finished run that a first visit shows."""


@dataclass(frozen=True)
class Sample:
    """A bundled CSV."""

    title: str
    path: Path


SAMPLES = {
    "reviews": Sample("Reviews: what is reviewed, and how", DATA / "reviews.csv"),
    **{
        name: Sample(title, DATA / "probing_tasks" / f"{name}.csv")
        for name, title in (
            ("topic", "Topic"),
            ("tense", "Tense of the main verb"),
            ("subject_number", "Number of the subject"),
            ("word_order", "Two words swapped"),
            ("coordination_inversion", "Clauses inverted"),
            ("sentence_length", "Sentence length"),
        )
    },
}
"""By key, in the order they are offered."""
