"""Data sets of the hub: listed, downloaded and read, or refused in words."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from probing import hub_child, hub_data
from probing.errors import DataError
from probing.hub_data import HubFile, Limits, fetch, list_files, understand_set
from probing.reading import read_csv
from tests.encoders.hub_server import COMMIT, FakeHub, fake_hub
from tests.test_parquet_text import labelled, parquet

SET = "owner/set"
CSV = b"text,label\n" + b"".join(b"sentence %d is here,%c\n" % (i, b"ab"[i % 2]) for i in range(40))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with one data set, for this process and for those that it starts."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with fake_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        folder = tmp_path / "set"
        (folder / "split").mkdir(parents=True)
        (folder / "reviews.csv").write_bytes(CSV)
        (folder / "set.py").write_text("raise SystemExit")
        columns = {"text": ["good film", "bad film"], "label": [1, 0], "tokens": [[1], [2]]}
        parquet(folder / "split" / "train.parquet", columns, labelled(["neg", "pos"]))
        server.folders[f"datasets/{SET}"] = folder
        yield server


def listed(repo: str = SET) -> list[HubFile]:
    """The same as ``list_files``, in this process."""
    answer, _ = hub_data.answer_files(repo, private=False)
    return [HubFile(**each) for each in answer["files"]]


def downloads(hub: FakeHub) -> list[str]:
    return [asked for asked in hub.asked if "/resolve/" in asked]


def test_files_are_listed_and_fetched_and_nothing_stays(hub: FakeHub, tmp_path: Path) -> None:
    table, text = sorted(list_files(SET), key=lambda file: file.path, reverse=True)
    assert (text.path, text.bytes, text.revision) == ("reviews.csv", len(CSV), COMMIT)
    got = fetch(SET, text, Limits())
    assert (got.name, got.data) == ("set-reviews.csv", CSV)
    got = fetch(f"https://huggingface.co/datasets/{SET}", table, Limits())
    assert (got.name, got.left_out) == ("set-split-train.parquet", ("tokens",))
    found = read_csv(got.data, name=got.name)
    assert (found.texts, found.labels) == (("good film", "bad film"), ("pos", "neg"))
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.suffix in (".csv", ".parquet")]
    assert kept == []
    assert not [asked for asked in hub.asked if ".py" in asked], "scripts are not even downloaded"


def test_a_large_file_is_refused_before_it_is_downloaded(hub: FakeHub) -> None:
    hub.sizes["reviews.csv"] = 60 * 2**20
    (file,) = (each for each in listed() if each.path == "reviews.csv")
    with pytest.raises(DataError, match=r"reviews.csv has 60 MB, and 50 MB are downloaded"):
        fetch(SET, file, Limits())
    assert downloads(hub) == []


def test_a_file_that_is_larger_than_it_said_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "set" / "reviews.csv").write_bytes(b"x" * (3 * 2**20))
    file = HubFile("reviews.csv", 10, COMMIT)
    with pytest.raises(DataError, match="is larger than the hub said, and than 1 MB"):
        fetch(SET, file, Limits(max_bytes=2**20))


def test_only_tables_are_fetched(hub: FakeHub) -> None:
    with pytest.raises(DataError, match="Only CSV, TSV and Parquet"):
        fetch(SET, HubFile("set.py", 10, COMMIT), Limits())
    assert downloads(hub) == []


def test_the_hubs_own_conversion_is_found(hub: FakeHub, tmp_path: Path) -> None:
    for path in [path for path in (tmp_path / "set").rglob("*.*") if path.suffix != ".py"]:
        path.unlink()
    with pytest.raises(DataError, match="only a script that would make its data; scripts are not"):
        listed()
    (tmp_path / "made").mkdir()
    parquet(tmp_path / "made" / "0000.parquet", {"text": ["a sentence"]})
    hub.converted[f"datasets/{SET}"] = tmp_path / "made"
    assert [file.path for file in listed()] == ["0000.parquet"]


def why(repo: str = SET) -> str:
    """What is said of the error that asking in this process gives."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of the hub's client, any
        listed(repo)
    return hub_child.why(caught.value, repo)


def test_refusals_in_words(hub: FakeHub) -> None:
    assert "There is no owner/none on the hub, or it is private" in why("owner/none")
    hub.errors[f"datasets/{SET}"] = (403, "GatedRepo")
    assert "owner/set is gated: its owners ask for an agreement" in why()
    hub.errors[f"datasets/{SET}"] = (500, "")
    assert "answered with status 500. Try again later" in why()


@pytest.mark.parametrize("given", ["", "a b", "../x", "a/b/c", "owner/--x", "https://x.org/a", "é"])
def test_what_is_no_id(given: str) -> None:
    with pytest.raises(DataError, match="is not the id of a data set"):
        understand_set(given)


def test_ids_as_people_paste_them() -> None:
    for given in (SET, f" {SET}/ ", f"https://huggingface.co/datasets/{SET}", f"datasets/{SET}"):
        assert understand_set(given) == SET
    assert understand_set("imdb") == "imdb"


def test_a_hub_out_of_reach_is_found_out_quickly(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.monotonic()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataError, match="can't be reached from here"):
        list_files(SET)
    assert time.monotonic() - start < hub_data.LISTING / 2
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="not asked, because HF_HUB_OFFLINE is set"):
        list_files(SET)


def test_a_hub_that_does_not_answer_is_not_waited_for(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.delay = 4.0
    monkeypatch.setattr(hub_data, "LISTING", 2.0)
    start = time.monotonic()
    with pytest.raises(DataError, match="did not answer in full within 2 seconds"):
        list_files(SET)
    assert time.monotonic() - start < 4.0


def test_a_small_file_that_is_large_when_read_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    import pyarrow as pa

    again = pa.array([0] * 2_000, pa.int32())
    column = pa.DictionaryArray.from_arrays(again, pa.array(["x" * 10_000_000]))
    path = parquet(tmp_path / "set" / "bomb.parquet", {"text": column}, compression="zstd")
    assert path.stat().st_size < 10_000
    file = HubFile("bomb.parquet", path.stat().st_size, COMMIT)
    with pytest.raises(DataError, match=r"more memory|larger than 50 MB"):
        fetch(SET, file, Limits())
