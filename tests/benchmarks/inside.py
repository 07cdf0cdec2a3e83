"""What a look inside costs, beside plain forward passes over the same sentences.

``python -m tests.benchmarks.inside [--quick]``. The bundled encoder, 40 questions of each of ten
intents of Banking77 (generated texts where it is not at hand).
"""

import argparse
import csv
from collections import defaultdict

import numpy as np

import probing
from probing.encoders import Encoder, load_encoder
from probing.encoders.tokens import tokens_of
from probing.extraction import batches
from probing.mechanism.exploring import explore
from probing.mechanism.subject import Subject, subject_of
from tests.benchmarks.extraction import DATA, sentences
from tests.benchmarks.measure import Row, in_turn, printed

PASSES = 15  # that the whole may cost at most


def rows(quick: bool = False) -> list[Row]:
    """Ledger, knockout and gradients; the probes that read them are fitted beforehand."""
    texts, labels = questions(10 if quick else 40)
    encoder = load_encoder()
    run = probing.run(texts, labels, poolings=("cls", "pooled", "mean"), maps="none")
    subject = subject_of(run, lambda *_, **__: encoder)
    readers = subject.readers()

    def whole() -> None:
        explore(subject, readers)

    def plain() -> None:
        for _ in range(PASSES):
            forward(subject, encoder)

    seconds, reference = in_turn(whole, plain, 1 if quick else 3)
    return [
        Row(
            f"all of Inside but the sentence, {len(texts)} sentences",
            f"{PASSES} plain forward passes over them",
            seconds,
            reference,
            target=1.0,
            score=f"{PASSES * seconds / reference:.1f} passes",
        )
    ]


def questions(each: int) -> tuple[list[str], list[str]]:
    """``each`` texts of each of ten classes."""
    if not DATA.exists():
        texts = sentences(10 * each)
        return texts, [str(i % 10) for i in range(len(texts))]
    by_label: dict[str, list[str]] = defaultdict(list)
    with DATA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_label[row["label"]].append(row["text"])
    found = [(text, label) for label in list(by_label)[:10] for text in by_label[label][:each]]
    return [text for text, _ in found], [label for _, label in found]


def forward(subject: Subject, encoder: Encoder) -> None:
    """One pass, in batches as extraction makes them, that keeps nothing."""
    tokens = tokens_of(subject.texts, encoder)
    for batch in batches(tokens.lengths, np.arange(len(subject.texts)), encoder):
        encoder.visit_layers(tokens.batch(batch, encoder), lambda layer, states: None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    print(printed(rows(parser.parse_args().quick)))
