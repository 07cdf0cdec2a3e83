"""The bundled sample data: as described, reproducible, labelled truly, and not told by words."""

from __future__ import annotations

import csv
import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
STRUCTURAL = ("tense", "subject_number", "word_order", "coordination_inversion")
CLASSES = {
    "tense": {"past", "present"},
    "subject_number": {"singular", "plural"},
    "word_order": {"original", "swapped"},
    "coordination_inversion": {"natural", "inverted"},
    "sentence_length": {"05 to 08", "09 to 12", "13 to 16", "17 to 20"},
    "topic": {"astronomy", "cooking", "law", "medicine", "music", "sailing"},
}
FILES = ("reviews.csv", *(f"probing_tasks/{task}.csv" for task in CLASSES))

CATEGORIES = {"culture", "food", "gear", "health", "home", "services", "tech", "travel"}
SENTIMENTS = {"negative", "mixed", "positive"}
LABEL_COLUMNS = {name: ["label"] for name in FILES} | {"reviews.csv": ["category", "sentiment"]}

Rows = list[tuple[str, str]]


def read(name: str, column: str) -> Rows:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == ["text", *LABEL_COLUMNS[name]]
        return [(row["text"], row[column]) for row in reader]


def texts_of(name: str) -> list[str]:
    return [text for text, _ in read(name, LABEL_COLUMNS[name][0])]


def task(name: str) -> Rows:
    return read(f"probing_tasks/{name}.csv", "label")


def word_list(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text.casefold())


def load(name: str) -> ModuleType:
    """A module of data/, which is a folder of scripts and not a package."""
    spec = importlib.util.spec_from_file_location(f"_data_{name}", DATA / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def generate(folder: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "generate.py"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


# Every file


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_clean_and_its_texts_are_distinct(name: str) -> None:
    raw = (DATA / name).read_bytes()
    assert b"\r" not in raw
    assert len(raw) < 200_000
    texts = texts_of(name)
    assert all(text == " ".join(text.split()) and text.isprintable() for text in texts)
    assert len({" ".join(text.casefold().split()) for text in texts}) == len(texts)


def test_the_readme_names_every_file_with_its_rows_columns_and_classes() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    table = readme.partition("\n## Files\n")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    columns = [(name, column) for name in FILES for column in LABEL_COLUMNS[name]]
    assert [(row[0].strip("`"), row[2].strip("`")) for row in cells] == columns
    for (name, column), row in zip(columns, cells, strict=True):
        rows = read(name, column)
        assert row[1] == f"{len(rows):,}"
        described = {label: int(n) for label, n in re.findall(r"([\w ]+?) \((\d+)\)", row[3])}
        counted = Counter(label for _, label in rows)
        assert {label.strip(): n for label, n in described.items()} == counted


def test_the_readme_has_a_measurement_of_every_label_column() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    measured = readme.partition("| file | column | sentences | chance |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", measured, re.MULTILINE)
    assert sorted(found) == sorted((name, c) for name in FILES for c in LABEL_COLUMNS[name])


# Reviews


def test_reviews_are_enough_and_their_sentiments_roughly_balanced() -> None:
    counts = Counter(label for _, label in read("reviews.csv", "sentiment"))
    assert set(counts) == SENTIMENTS
    assert counts.total() >= 420
    assert all(0.30 < n / counts.total() < 0.37 for n in counts.values())


def test_every_category_has_enough_reviews_of_every_sentiment() -> None:
    categories = [label for _, label in read("reviews.csv", "category")]
    sentiments = [label for _, label in read("reviews.csv", "sentiment")]
    counts = Counter(categories)
    assert set(counts) == CATEGORIES
    assert min(counts.values()) >= 35
    assert max(counts.values()) < 0.2 * len(categories)
    pairs = Counter(zip(categories, sentiments, strict=True))
    for category in CATEGORIES:
        assert all(10 <= pairs[category, sentiment] <= 30 for sentiment in SENTIMENTS), category


def test_reviews_are_varied() -> None:
    texts = texts_of("reviews.csv")
    words = [word_list(text) for text in texts]
    lengths = [len(text.split()) for text in texts]
    assert min(lengths) >= 3
    assert max(lengths) <= 45
    assert max(lengths) - min(lengths) > 35
    assert max(Counter(tuple(line[:3]) for line in words).values()) <= 3
    assert max(Counter(line[0] for line in words).values()) < 0.08 * len(words)
    assert sum('"' in text for text in texts) >= 5
    assert sum("," in text for text in texts) >= 100


def closest(texts: list[str]) -> float:
    """The largest share of words that two texts have in common (Jaccard)."""
    bags = [frozenset(word_list(text)) for text in texts]
    return max(len(a & b) / len(a | b) for a, b in itertools.combinations(bags, 2))


def test_no_review_is_nearly_another() -> None:
    texts = texts_of("reviews.csv")
    assert closest(texts) < 0.4
    assert closest([*texts, texts[0].replace(texts[0].split()[-1], "indeed.")]) > 0.6


# The generated tasks


@pytest.mark.parametrize("name", CLASSES)
def test_a_task_has_its_classes_in_equal_shares(name: str) -> None:
    rows = task(name)
    counts = Counter(label for _, label in rows)
    assert len(rows) == 1200
    assert set(counts) == CLASSES[name]
    assert len(set(counts.values())) == 1


def test_generating_again_gives_the_same_bytes(tmp_path: Path) -> None:
    assert generate(DATA, "--check", cwd=tmp_path).returncode == 0
    for script in DATA.glob("*.py"):
        shutil.copy(script, tmp_path)
    assert generate(tmp_path, cwd=tmp_path).returncode == 0
    for name in CLASSES:
        path = tmp_path / "probing_tasks" / f"{name}.csv"
        assert path.read_bytes() == (DATA / "probing_tasks" / f"{name}.csv").read_bytes()

    path.write_bytes(path.read_bytes().replace(b"cooking", b"Cooking", 1))
    changed = generate(tmp_path, "--check", cwd=tmp_path)
    assert changed.returncode == 1
    assert changed.stderr.startswith(f"{path.name} differs")


@pytest.mark.parametrize("name", STRUCTURAL)
def test_no_two_sentences_of_a_structural_task_have_the_same_words(name: str) -> None:
    bags = [tuple(sorted(word_list(text))) for text, _ in task(name)]
    assert len(set(bags)) == len(bags)


# Labels, read off the finished sentences in ways that the generator does not use


def test_lengths_are_as_labelled() -> None:
    for text, label in task("sentence_length"):
        shortest, longest = map(int, label.split(" to "))
        assert shortest <= len(text.split()) <= longest


def test_years_run_forwards_where_the_order_is_natural() -> None:
    checked = 0
    for text, label in task("coordination_inversion"):
        years = [int(year) for year in re.findall(r"\b(?:19|20)\d\d\b", text)]
        if years:
            assert (years[0] < years[1]) == (label == "natural"), text
            checked += 1
    assert checked > 50


def test_the_pronoun_follows_where_the_order_is_natural() -> None:
    checked = 0
    for text, label in task("coordination_inversion"):
        first, second = re.split(", (?:and|so|but) ", text)
        pronoun = re.compile(r"\b(?:it|them)\b")
        if pronoun.search(text):
            assert bool(pronoun.search(second)) == (label == "natural"), text
            assert bool(pronoun.search(first)) == (label == "inverted"), text
            checked += 1
    assert checked > 300


def singular_of(word: str, nouns: set[str]) -> str | None:
    """The noun of which this word is the plural, found by taking endings away."""
    irregular = {"children": "child", "geese": "goose", "mice": "mouse"}
    candidates = [irregular.get(word, ""), word[:-3] + "man" if word.endswith("men") else ""]
    for ending, instead in (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe")):
        if word.endswith(ending):
            candidates.append(word.removesuffix(ending) + instead)
    return next((noun for noun in candidates if noun in nouns), None)


def test_the_first_noun_has_the_number_of_the_label_unless_a_phrase_is_put_before_it() -> None:
    lexicon = load("lexicon")
    nouns = {noun for table in lexicon.NOUNS.values() for noun in lexicon.words(table)}
    checked = 0
    for text, label in task("subject_number"):
        if "," not in text:
            first = next(
                word for word in word_list(text) if word in nouns or singular_of(word, nouns)
            )
            assert (first not in nouns) == (label == "plural"), text
            checked += 1
    assert checked > 300


def test_the_main_verb_is_past_where_the_label_says_so() -> None:
    lexicon = load("lexicon")
    # "lost" is an adjective too.
    pasts = set(lexicon.IRREGULAR_PASTS.values()) - {"lost"}
    checked = 0
    for text, label in task("tense"):
        main = text.rpartition(", ")[2]
        if text.startswith(("Although", "Because", "Even", "Whereas")) and "who" not in main:
            found = pasts & set(word_list(main))
            assert label == "past" or not found, text
            checked += bool(found)
    assert checked > 10


# What a bag of words can know


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    return load("measure_bag_of_words")


@pytest.mark.parametrize("name", STRUCTURAL)
def test_words_alone_do_not_tell_the_label_of_a_structural_task(
    name: str, measure: ModuleType
) -> None:
    texts, labels = map(list, zip(*task(name), strict=True))
    assert 0.45 <= measure.accuracy(texts, labels, 1) <= 0.55


def test_words_alone_tell_the_topic(measure: ModuleType) -> None:
    texts, labels = map(list, zip(*task("topic"), strict=True))
    assert measure.accuracy(texts, labels, 1) > 0.9


def test_words_alone_tell_the_category_a_little_and_not_the_sentiment(measure: ModuleType) -> None:
    texts, columns = measure.read(DATA / "reviews.csv")
    assert 0.25 <= measure.accuracy(texts, columns["category"], 1) <= 0.45
    assert 0.28 <= measure.accuracy(texts, columns["sentiment"], 1) <= 0.42


def test_a_word_that_gave_the_label_away_would_be_found(measure: ModuleType) -> None:
    rows = [(f"{text} yes" if label == "past" else text, label) for text, label in task("tense")]
    texts, labels = map(list, zip(*rows, strict=True))
    assert measure.accuracy(texts, labels, 1) > 0.9
