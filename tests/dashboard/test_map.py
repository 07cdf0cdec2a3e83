"""The map's logic: what the component is told, what it may fetch, what a link selects."""

import csv
import io
import json
import shutil
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.atlas import resources
from dashboard.library import Rights
from dashboard.panels import map_colours, map_data, map_selected
from dashboard.panels.map_data import Marks, Shown, data_of, missing
from dashboard.samples import FINISHED
from probing import load_run
from probing.hiding import hide_run
from probing.projections.lasso import Lasso
from probing.record import Run
from probing.sentences import Sentences
from probing.store import save_sentences
from tests.dashboard import asked

POOLINGS = ("cls", "pooled", "mean")
SHOWN = Shown("umap", 2, POOLINGS, 6, "label")
NOTHING = Marks(None, None, {})


pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture(scope="module")
def sample() -> Run:
    return load_run(FINISHED)


def told(run: Run, shown: Shown = SHOWN, marks: Marks = NOTHING, **rights: Any) -> dict[str, Any]:
    wanted = {"compute": True, "dark": False, "said": {"layer": shown.layer}, **rights}
    addresses = resources.Addresses(run, None, wanted.pop("texts", True))
    return data_of(addresses, shown, marks, **wanted)


def ask(path: str) -> tuple[int, bytes, dict[str, str]]:
    return asked.ask(resources.routes(), f"/{path}")


# ---- what is told


def test_every_layer_of_every_panel_is_told_of(sample: Run) -> None:
    data = told(sample)
    assert [panel["pooling"] for panel in data["panels"]] == list(POOLINGS)
    assert data["n"] == 448
    json.dumps(data)  # small, and nothing but JSON
    assert len(json.dumps(data)) < 30_000
    for panel in data["panels"]:
        assert len(panel["maps"]) == data["layers"] == 7
        bottom, *others = panel["maps"]
        if panel["pooling"] == "mean":
            assert "address" in bottom
        else:
            assert bottom["never"] is True
            assert "is the same for every sentence" in bottom["said"]
        for map_ in others:
            assert "of neighbours kept" in map_["said"]
            assert "trustworthiness" in map_["said"]


def test_a_map_that_is_not_there_comes_or_does_not(sample: Run, stored: Path) -> None:
    run = load_run(stored)
    shown = Shown("pca", 3, ("cls",), 1, "label")
    (panel,) = told(run, shown)["panels"]
    assert panel["maps"][1]["never"] is False
    assert missing(run, shown, [0, 1]) == [("pca", 3, 1, "cls")]  # at layer 0 there is nothing
    (panel,) = told(run, shown, compute=False)["panels"]
    assert panel["maps"][1]["never"] is True
    assert missing(sample, SHOWN, [5, 6]) == []


def test_marks_are_bits_of_what_is_drawn(sample: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = np.random.default_rng(0).random(448) < 0.3
    marks = Marks(chosen, None, {"umap2_cls_6": (1.0, 2.0)})
    data = told(sample, marks=marks)
    assert data["found"] is None
    np.testing.assert_array_equal(unpacked(data["selected"], 448), chosen)
    assert data["panels"][0]["maps"][6]["new"] == [1.0, 2.0]
    assert data["panels"][1]["maps"][6]["new"] is None
    monkeypatch.setattr(resources, "MOST_POINTS", 100)
    resources.drawn.cache_clear()
    rows = resources.drawn(448)
    assert rows is not None
    assert len(set(rows.tolist())) == len(rows) == 100
    np.testing.assert_array_equal(rows, np.sort(rows))
    assert rows.max() > 300  # from everywhere
    np.testing.assert_array_equal(
        unpacked(told(sample, marks=marks)["selected"], 100), chosen[rows]
    )
    status, body, _ = ask(told(sample)["panels"][0]["maps"][6]["address"])
    assert (status, len(body)) == (200, 100 * 2 * 4)
    resources.drawn.cache_clear()


def unpacked(bits: str, n: int) -> np.ndarray:
    found = np.unpackbits(np.frombuffer(b64decode(bits), np.uint8), count=n, bitorder="little")
    return found.astype(bool)


# ---- what is fetched


def test_positions_codes_and_texts_are_the_runs(sample: Run) -> None:
    data = told(sample, replace(SHOWN, colour="predicted"))
    panel = data["panels"][2]
    status, body, headers = ask(panel["maps"][4]["address"])
    assert status == 200
    assert headers["cache-control"].startswith("private")
    expected = next(p.points for p in sample.projections if p.name == "umap2_mean_4")
    np.testing.assert_array_equal(np.frombuffer(body, np.float32).reshape(-1, 2), expected)
    _, body, _ = ask(panel["codes"][4])
    codes = np.frombuffer(body, np.uint8)
    names = {group["code"]: group["name"] for group in data["look"]["groups"]}
    predicted = sample.cell(4, "mean").predicted
    for code, k in zip(codes, predicted, strict=True):
        assert names[int(code)] == sample.sentences.classes[k]
    _, body, _ = ask(data["texts"])
    texts = json.loads(body)
    assert texts["rows"] == list(sample.sentences.rows)
    assert texts["labels"] == list(sample.sentences.labels or ())
    assert texts["texts"][3] == " ".join(sample.sentences.texts[3].split())[:300]


def test_nothing_is_fetched_without_the_views_signature(sample: Run) -> None:
    good = told(sample)["panels"][0]["maps"][6]["address"]
    assert ask(good)[0] == 200
    head, signature, rest = good.split("/", 2)
    for bad in (
        f"{head}/{'0' * 32}/{rest}",
        good.replace("cls_6", "cls_5"),
        good.replace("/open/", "/hidden/"),
        good.replace("sample", "0" * 32),
        f"{head}/{signature}/../../etc/passwd",
    ):
        assert ask(bad)[0] == 404, bad


def test_who_sees_no_sentences_fetches_none(sample: Run) -> None:
    hidden = hide_run(sample)
    data = told(hidden, texts=False)
    _, body, _ = ask(data["texts"])
    assert set(json.loads(body)["texts"]) <= {f"sentence {row}" for row in sample.sentences.rows}
    del hidden  # nobody holds it: read anew, and hidden anew
    _, again, _ = ask(data["texts"])
    assert again == body
    assert "length" not in map_colours.offered(sample, texts=False)


NAMES = ("channel", "a.b/../c?d=%2E#", "Label", "<b>b0ld</b> **x** $y$", "minutes")


def with_columns(run: Run) -> Run:
    """The run with columns of a person's own: of 4 places, of the words' number, …"""
    n = len(run.sentences)
    places = tuple(("web", "app", "phone", "")[i % 4] for i in range(n))
    minutes = tuple(f"{i / 2}" for i in range(n))
    beside = {name: minutes if name == "minutes" else places for name in NAMES}
    return replace(run, sentences=replace(run.sentences, beside=beside))


def test_a_map_is_coloured_by_a_column_whatever_its_name(sample: Run) -> None:
    run = with_columns(sample)
    offered = map_colours.offered(run, texts=True)
    assert offered[-5:] == [f"column:{name}" for name in NAMES]
    shown = map_colours.titles(offered)
    assert len(set(shown.values())) == len(offered)
    assert (shown["label"], shown["column:Label"]) == ("Label", "Label (2)")
    for name in NAMES:
        data = told(run, replace(SHOWN, colour=f"column:{name}"))
        assert data["look"]["title"].startswith(name)
        (address,) = {one for panel in data["panels"] for one in panel["codes"]}
        assert address.isascii()
        status, body, _ = ask(address)
        assert status == 200
        codes = np.frombuffer(body, np.uint8).tolist()
        groups = {group["code"]: group["name"] for group in data["look"]["groups"]}
        if name == "minutes":
            assert codes == sorted(codes)
            assert groups == {}
            assert data["look"]["ends"] == ["2.23", "221"]
        else:
            cells = run.sentences.beside[name]
            assert [groups[code] for code in codes] == [cell or "no value" for cell in cells]


def test_a_scale_names_years_and_thousands_for_people() -> None:
    assert [map_data._end(v) for v in (0.5, 12.25, 2013.0, 45_300.0, -1999.6, 2e12)] == [
        *("0.5", "12.2", "2013", "45,300", "-2000", "2e+12"),
    ]


def test_who_sees_no_sentences_cannot_colour_by_a_column(stored: Path, tmp_path: Path) -> None:
    name = "a" * 32
    folder = tmp_path / "runs" / name
    shutil.copytree(stored, folder)
    run = load_run(folder)
    n = len(run.sentences)
    sentences = replace(run.sentences, beside={"secret": ("x", "y") * (n // 2)})
    save_sentences(sentences, folder / "sentences.parquet")
    run = load_run(folder)
    wanted = "column-0.cls.0"
    assert ask(resources.Addresses(run, name, True).of("codes", wanted))[0] == 200
    hidden = hide_run(run)
    assert [c for c in map_colours.offered(hidden, texts=False) if "column" in c] == []
    # even of an address that no view gives them
    assert ask(resources.Addresses(hidden, name, False).of("codes", wanted))[0] == 404
    del hidden  # read anew
    resources._at_hand.clear()
    address = f"{name}/hidden/codes/{wanted}"
    assert ask(f"atlas/{resources.signature(address)}/{address}")[0] == 404


@pytest.mark.parametrize("colour", ["column-9", "column-x", "column-", "column:channel", "x"])
def test_an_unknown_colour_is_not_found(sample: Run, colour: str) -> None:
    run = with_columns(sample)
    if colour == "column:channel":
        run = sample
    assert ask(resources.Addresses(run, None, True).of("codes", f"{colour}.cls.6"))[0] == 404


def test_a_deleted_run_is_gone(stored: Path, tmp_path: Path) -> None:
    name = "a" * 32
    folder = tmp_path / "runs" / name
    shutil.copytree(stored, folder)
    address = resources.Addresses(load_run(folder), name, True).of("texts", "all")
    assert ask(address)[0] == 200
    shutil.rmtree(folder)
    assert ask(address)[0] == 404


# ---- what a link selects


def test_rows_search_and_lines_select(sample: Run) -> None:
    found = map_selected.searched(sample, " The ")
    assert found is not None
    expected = ["the" in text.casefold() for text in sample.sentences.texts]
    assert found.tolist() == expected
    assert map_selected.searched(sample, "  ") is None
    assert map_selected.selected(sample, "search", found) is found
    chosen = map_selected.selected(sample, "rows~3~7~x~99999", None)
    assert chosen is not None
    assert np.flatnonzero(chosen).tolist() == [sample.sentences.rows.index(r) for r in (3, 7)]
    points = next(p.points for p in sample.projections if p.name == "pca2_mean_5")
    (x0, y0), (x1, y1) = np.quantile(points, (0.2, 0.7), axis=0).tolist()
    line = Lasso("pca2_mean_5", ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    chosen = map_selected.selected(sample, str(line), None)
    x, y = points.T
    assert chosen is not None
    np.testing.assert_allclose(chosen, (x > x0) & (x < x1) & (y > y0) & (y < y1))


@pytest.mark.parametrize("select", ["", "x", "rows~", "rows~-1", "umap2_cls_99~0_0~1_1~0_1"])
def test_a_link_that_selects_nothing(sample: Run, select: str) -> None:
    assert map_selected.selected(sample, select, None) is None


def test_the_file_of_a_selection_is_safe_in_a_spreadsheet(sample: Run) -> None:
    texts = ("=1+1", *sample.sentences.texts[1:])
    own = {"=x": ("@cmd", *map(str, range(1, 448))), "y": ("y",) * 448}
    run = replace(sample, sentences=Sentences(texts, sample.sentences.labels, beside=own))
    chosen = np.arange(448) < 3
    coloured = replace(SHOWN, colour="column:y")
    text = map_selected._file(run, chosen, coloured).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["row"] for line in lines] == ["0", "1", "2"]
    assert lines[0]["text"] == "'=1+1"
    assert [line["column:=x"] for line in lines] == ["'@cmd", "1", "2"]
    assert list(lines[0])[:4] == ["row", "text", "label", "column:y"]
    assert lines[1]["label"] == (sample.sentences.labels or ())[1]
    cell = sample.cell(6, "cls")
    assert lines[2]["predicted_cls_6"] == sample.sentences.classes[cell.predicted[2]]
    assert float(lines[2]["p_mean_6"]) == pytest.approx(
        float(sample.cell(6, "mean").true_probability[2]), abs=1e-6
    )


# ---- the page


def _map() -> None:
    from dashboard import selection
    from dashboard.views import map

    map.show(selection.current())


def opened(**query: str) -> AppTest:
    page = AppTest.from_function(_map, default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.header, *page.info]
    return "\n".join(str(element.value) for element in elements)


def test_the_link_says_what_is_shown() -> None:
    page = opened(method="pca", dimensions="3", beside="mean,cls", colour="right", find="shop")
    assert page.selectbox(key="colour").value == "right"
    assert page.text_input(key="find").value == "shop"
    assert "sentences found" in words(page)
    assert page.session_state["method"] == "pca"
    assert page.session_state["dimensions"] == 3
    assert page.session_state["beside"] == ["mean", "cls"]


def test_a_link_of_nonsense_shows_the_usual() -> None:
    page = opened(method="x", dimensions="9", beside="y", colour="z", layer="9999", select="rows")
    assert page.session_state["method"] == "umap"
    assert page.session_state["beside"] == ["cls", "pooled", "mean"]
    assert page.selectbox(key="colour").value == "label"
    assert "their sentences appear here" in words(page)


def test_a_column_is_chosen_and_linked(monkeypatch: pytest.MonkeyPatch, sample: Run) -> None:
    from dashboard.views import map as view

    monkeypatch.setattr(view, "find_run", lambda chosen: with_columns(sample))
    monkeypatch.setattr(view, "run_or_reason", lambda chosen: with_columns(sample))
    page = opened(colour=f"column:{NAMES[1]}", select="rows~0~1")
    assert page.selectbox(key="colour").value == f"column:{NAMES[1]}"
    assert page.selectbox(key="colour").options[-1] == "minutes"
    (table,) = (f.value for f in page.dataframe if "text" in f.value.columns)
    assert table[f"column:{NAMES[1]}"].tolist() == ["web", "app"]
    page.selectbox(key="colour").set_value("column:Label").run()
    assert not page.exception
    assert page.query_params["colour"] == "column:Label"
    page = opened(colour="column:gone")
    assert page.selectbox(key="colour").value == "label"


def test_a_choice_goes_into_the_link_and_the_usual_out_of_it() -> None:
    page = opened()
    page.selectbox(key="colour").set_value("probability").run()
    assert page.query_params["colour"] == "probability"
    page.selectbox(key="colour").set_value("label").run()
    assert "colour" not in page.query_params


def test_selected_sentences_are_listed_with_their_classes_and_words() -> None:
    page = opened(find="SHOP", select="search")
    n = int(next(s.value for s in page.header if "selected" in s.value).split()[0])
    (table,) = (f.value for f in page.dataframe if "text" in f.value.columns)
    assert len(table) == n > 0
    assert all("shop" in text.casefold() for text in table["text"])
    assert "Words in common" in words(page)
    assert "of the selected" in words(page)


def test_who_may_not_see_sentences_gets_no_search_and_no_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dashboard.views import map as view

    seen = Rights(texts=False, change=False, compute=False)
    monkeypatch.setattr(view, "rights_of", lambda chosen: seen)
    page = opened(select="rows~1~2~3")
    assert not page.text_input
    assert "3 sentences selected" in words(page)
    assert "Words in common" not in words(page)


def test_of_many_sentences_a_sample_is_drawn_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resources, "MOST_POINTS", 100)
    resources.drawn.cache_clear()
    assert "100 of 448 sentences are drawn" in words(opened())
    monkeypatch.setattr(resources, "MOST_POINTS", 448)
    resources.drawn.cache_clear()
    assert "are drawn" not in words(opened())
