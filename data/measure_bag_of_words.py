"""Prints how well a bag of words tells the labels of the bundled files.

    python data/measure_bag_of_words.py             the files, as a Markdown table
    python data/measure_bag_of_words.py --seeds 12  what the generator would write with other seeds

TF-IDF of lower-cased words and logistic regression (scikit-learn's default settings), accuracy in
stratified 5-fold cross-validation with shuffling, seed 0; ± is the standard error of an accuracy
over that many sentences. Chance is the share of the largest class.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections import Counter
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

DATA = Path(__file__).resolve().parent


def read(path: Path) -> tuple[list[str], dict[str, list[str]]]:
    """The texts of a file and the labels of each of its other columns."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    return columns.pop("text"), columns


def accuracy(texts: list[str], labels: list[str], longest: int) -> float:
    """Out-of-fold accuracy of a bag of 1- to `longest`-grams of words."""
    # The default token pattern drops one-letter words, and `a` against `an` may matter.
    vectorizer = TfidfVectorizer(ngram_range=(1, longest), token_pattern=r"\b\w+\b")
    model = make_pipeline(vectorizer, LogisticRegression(max_iter=2000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    predicted = cross_val_predict(model, texts, labels, cv=folds)
    hits = sum(guess == label for guess, label in zip(predicted, labels, strict=True))
    return hits / len(labels)


def measure_files() -> None:
    """A line per file and label column: accuracy ± its standard error."""
    sys.stdout.write("| file | column | sentences | chance | words | words and word pairs |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for path in [DATA / "reviews.csv", *sorted(DATA.glob("probing_tasks/*.csv"))]:
        texts, columns = read(path)
        for column, labels in columns.items():
            chance = max(Counter(labels).values()) / len(labels)
            cells = [f"`{path.relative_to(DATA).as_posix()}`", f"`{column}`"]
            cells += [f"{len(labels):,}", f"{chance:.1%}"]
            for longest in (1, 2):
                share = accuracy(texts, labels, longest)
                error = (share * (1 - share) / len(labels)) ** 0.5
                cells.append(f"{share:.1%} ± {error:.1%}")
            sys.stdout.write("| " + " | ".join(cells) + " |\n")


def measure_seeds(seeds: int) -> None:
    """A line per task: mean accuracy (smallest to largest) over files of seeds 0, 1, 2 ..."""
    # The standard error above says how far one file may be off by luck; many files leave less to
    # luck, so they show a leak, or a fall below chance, that one file cannot.
    from generate import sentences
    from tasks import TASKS

    sys.stdout.write(f"| task, {seeds} seeds | words | words and word pairs |\n|---|---|---|\n")
    for task in TASKS:
        cells = [f"`{task.name}`"]
        files = [
            tuple(map(list, zip(*sentences(task, seed), strict=True))) for seed in range(seeds)
        ]
        for longest in (1, 2):
            shares = [accuracy(texts, labels, longest) for texts, labels in files]
            mean, low, high = statistics.mean(shares), min(shares), max(shares)
            cells.append(f"{mean:.1%} ({low:.1%} to {high:.1%})")
        sys.stdout.write("| " + " | ".join(cells) + " |\n")


def main() -> None:
    """Measure the files, or the generator."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, help="measure the generator with this many seeds")
    seeds = parser.parse_args().seeds
    measure_seeds(seeds) if seeds else measure_files()


if __name__ == "__main__":
    main()
