"""The sample sets that come with the project."""

from dataclasses import dataclass
from pathlib import Path

from probing.language import later

DATA = Path(__file__).resolve().parent.parent / "data"
FINISHED = DATA / "sample_run"
"""The finished run that a first visit shows."""


@dataclass(frozen=True)
class Sample:
    """A bundled CSV."""

    title: str
    """To be shown by ``tr``."""
    path: Path


SAMPLES = {
    "reviews": Sample(later("Reviews: what is reviewed, and how"), DATA / "reviews.csv"),
    **{
        name: Sample(title, DATA / "probing_tasks" / f"{name}.csv")
        for name, title in (
            ("topic", later("Topic")),
            ("tense", later("Tense of the main verb")),
            ("subject_number", later("Number of the subject")),
            ("word_order", later("Two words swapped")),
            ("coordination_inversion", later("Clauses inverted")),
            ("sentence_length", later("Sentence length")),
        )
    },
}
"""By key, in the order they are offered."""
