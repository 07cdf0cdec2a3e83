"""In Chinese no English is left on the page, but for names and what the user wrote."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from probing import figures
from probing.mechanism import wording
from probing.mechanism.values import Inside, Sample
from probing.projections import Faithfulness, Projection
from probing.projections.said import describe_map
from probing.record import Run
from probing.store import load_run
from probing.verdict import describe, verdict
from tests.figures import made_inside
from tests.figures.made import made, made_of_numbers

KEPT = re.compile(
    r"(?<![A-Za-z])(pooler_output|CLS|UMAP|PCA|TF-IDF|CKA|RankMe|max-T|McNemar|pooled|pooler|token|logit|rollout|Rollout|"
    r"tr|Cov|mean|BERT|tanh|LayerNorm|dropout|value|Geva|Kobayashi|Abnar|Zuidema|Shrikumar|et|al|"
    r"hidden_states|heads|h_t|h_l|h_ti|logit|Σ_heads|b_O|W_O|v_t|S_l|E_v|Σ_t|Σ_i|α_0t)(?![A-Za-z])"
)
"""Names, and the symbols of formulas."""
WORD = re.compile(r"[A-Za-z]{2,}")
DATA = Path(__file__).resolve().parents[1] / "data"
HUED = ("single", "from", "up to")
WRITTEN = (
    *(f"class {i}" for i in range(9)),
    *(*made_inside.CLASSES, "lost", "card", "the", "rate", "to", "word"),
    *(word for word in made_inside.WORDS if len(word) > 1 and word != "[CLS]"),
)
"""Labels and tokens of the made runs."""
EVERYTHING = ("cls", "pooled", "mean", "mean_words")


def english(texts: Iterable[str], allowed: Iterable[str] = ()) -> set[str]:
    """Words that are no names and that the user did not write."""
    found = set()
    for text in texts:
        text = re.sub(r"</?\w+[^>]*>|&\w+;|%\{[^}]*\}|hidden_states\[[^]]*\]", " ", text)
        text = KEPT.sub(" ", text)
        for own in sorted(allowed, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(own)}(?![A-Za-z])|“{re.escape(own)}", " ", text)
        found.update(WORD.findall(text))
    return found


def shown(figure: go.Figure) -> list[str]:
    """Titles, labels and hovers; names of traces are seen in legends alone."""
    parts = [note.text for note in figure.layout.annotations]
    axes = figure.layout.to_plotly_json()
    for axis in (axes[name] for name in axes if name[1:].startswith("axis")):
        parts += [axis.get("title", {}).get("text") or "", *axis.get("ticktext", ())]
    for trace in figure.data:
        cells = trace.to_plotly_json().get("customdata")
        parts += [text for text in _texts(cells) if text not in EVERYTHING + HUED]
        parts.append(getattr(trace, "hovertemplate", None) or "")
        parts += trace.name if figure.layout.showlegend else ()
    return parts


def _texts(cells: Any) -> list[str]:
    if isinstance(cells, str):
        return [cells]
    return [t for cell in cells for t in _texts(cell)] if isinstance(cells, list | tuple) else []


@pytest.fixture(scope="module")
def run() -> Run:
    parts = made_inside.ledger(), made_inside.knockout(), made_inside.gradients()
    return replace(made(6, EVERYTHING, trained=False), inside=Inside(Sample((0, 1), 2), *parts))


DRAWN: tuple[tuple[str, dict[str, Any]], ...] = (
    *((name, {}) for name in figures.FIGURES if name not in ("map", "geometry")),
    *(("geometry", {"measure": measure}) for measure in figures.MEASURES),
    *(("accuracy", {"score": score}) for score in figures.SCORES),
    ("description", {"measure": "bits"}),
    ("ledger", {"rollout": True}),
)


@pytest.mark.parametrize(("name", "options"), DRAWN)
def test_figures(name: str, options: dict[str, Any], run: Run, chinese: None) -> None:
    found = shown(run.figure(name, **options))
    assert english(found, WRITTEN) == set()
    # bars of classes have the user's words alone
    assert name == "counts" or any("\u4e00" <= sign <= "\u9fff" for sign in "".join(found))


def test_figures_of_numbers(chinese: None) -> None:
    run = made_of_numbers()
    assert english(shown(run.figure("accuracy"))) == set()


def test_figures_of_a_sentence(chinese: None) -> None:
    tokens, classes, layer = made_inside.tokens(), made_inside.CLASSES, made_inside.sentence_layer()
    drawn = [
        figures.token_bars(tokens, layer),
        figures.token_bars(tokens, layer, direction="to"),
        figures.token_bars(made_inside.long_tokens(), made_inside.sentence_layer(count=512)),
        figures.average(tokens, made_inside.average(), 0, classes, layer),
        figures.effects(tokens, made_inside.reading(), classes),
        figures.token_grid(tokens, [layer]),
        figures.heads(tokens, layer, dark=True),
        figures.readings(made_inside.look(), 0),
    ]
    for figure in drawn:
        assert english(shown(figure), WRITTEN) == set()


def test_verdicts(chinese: None) -> None:
    sample = load_run(DATA / "sample_run")
    found = [made(layers, EVERYTHING).evidence for layers in (6, 24)]
    found.append(made_of_numbers().evidence)
    for text in (describe(sample), *(verdict(each, untrained=True)["text"] for each in found)):
        assert "CLS 在第" in text or "最佳单元" in text
        assert english([text]) == set()
    assert describe(sample) != sample.record["verdict"]["text"]


def test_an_older_run_says_what_it_said(chinese: None) -> None:
    sample = load_run(DATA / "sample_run")
    older = replace(sample, record={**sample.record, "evidence": None})
    assert describe(older).replace(" ", "") == sample.record["verdict"]["text"].replace(" ", "")


def test_the_record_is_told_anew_in_english_alike() -> None:
    sample = load_run(DATA / "sample_run")
    assert describe(sample) == sample.record["verdict"]["text"]


STORED = "UMAP needs more than 15 sentences: this map shows principal components."


def test_maps(chinese: None) -> None:
    faithful = Faithfulness(0.9, 0.9, 0.4, 0.1, 0.8, 0.7, 15, 400)
    points = np.zeros((4, 2), dtype=np.float32)
    drawn = Projection("pca", 6, "cls", points, faithful, 0, (0.3, 0.2), STORED)
    few = replace(drawn, faithfulness=replace(faithful, trustworthiness=None))
    assert english([describe_map(drawn), describe_map(few), drawn.told]) == set()


def test_the_inside_in_words(chinese: None) -> None:
    tokens, classes, layer = made_inside.tokens(), made_inside.CLASSES, made_inside.sentence_layer()
    look, run = made_inside.look(), made(6)
    found = made_inside.gradients()
    said = [
        *wording.COMPUTED.values(),
        wording.said_of_arrival(run.evidence.shapes, run.evidence.checks),
        wording.said_of_arrival(
            run.evidence.shapes, run.evidence.checks, wording.plain_scores(run), "accuracy"
        ),
        wording.said_of_average(tokens, made_inside.average(), 0, classes, layer),
        wording.said_of_effects(tokens, made_inside.reading(), classes),
        wording.said_of_gradients(found),
        wording.said_of_identity(found),
        *(wording.said_of_rows(made_inside.row_ledger(rank)) for rank in (1, 3, 400)),
        wording.said_of_knockout(made_inside.knockout()),
        wording.said_of_knockout(made_inside.knockout(scored=False)),
        wording.said_of_ledger(made_inside.ledger()),
        wording.said_of_look(look, untrained=True),
        wording.said_of_proof(look),
        wording.said_of_sentence_ledger(tokens, layer),
    ]
    for text in said:
        assert english([text], WRITTEN) == set()
