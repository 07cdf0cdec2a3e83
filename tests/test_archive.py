"""A run's zip: the same run after the way out and in, and nothing else gets in."""

import contextlib
import io
import json
import random
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from probing import archive, store, unpacked
from probing.environment import Limits
from probing.errors import ProbingError, RunFolderError
from probing.mechanism import shelf
from probing.mechanism.values import Gradients, Inside, Row, RowLedger, Sample
from probing.record import SCHEMA

NEW = "0123456789abcdef" * 2
SMALL = Limits(upload_mb=5)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are read in this process: the same steps, without a start of Python for each."""

    def check(folder: Path, limits: Limits) -> None:
        trouble = unpacked.trouble_with(folder, limits.rows, limits.text_chars)
        if trouble is not None:
            raise RunFolderError(trouble)

    monkeypatch.setattr(unpacked, "check_apart", check)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where an imported run is to lie."""
    return tmp_path / "runs" / NEW


@pytest.fixture(scope="session")
def exported(stored: Path) -> bytes:
    """The archive of ``stored``, without vectors."""
    with archive.export(stored) as file:
        return file.read()


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return {name: found.read(name) for name in found.namelist()}


def packed(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return file.getvalue()


def imported(data: bytes, target: Path, limits: Limits = SMALL) -> str:
    return archive.import_archive(io.BytesIO(data), target, limits)


def refused(data: bytes, target: Path, match: str, limits: Limits = SMALL) -> None:
    """Nothing is left of an archive that is refused, nor does a message name the server's paths."""
    with pytest.raises(RunFolderError, match=match) as caught:
        imported(data, target, limits)
    assert str(target.parent) not in str(caught.value)
    left = target.parent.parent.rglob("*")
    assert not [path for path in left if path.is_file()]


# ---- the way out and in


def test_a_run_comes_back_under_a_new_id(stored: Path, exported: bytes, target: Path) -> None:
    assert imported(exported, target) == NEW
    old, new = store.load_run(stored), store.load_run(target)
    assert new.id == NEW != old.id
    assert {**new.record, "id": ""} == {**old.record, "id": ""}
    assert new.sentences.texts == old.sentences.texts
    assert new.table.equals(old.table)
    assert [p.name for p in new.projections] == [p.name for p in old.projections]
    assert new.representations is None
    assert not (target / "report.html").exists(), "it would run in whose browser opens it"


@pytest.mark.usefixtures("here")
def test_vectors_travel_where_asked_for(stored: Path, target: Path) -> None:
    with archive.export(stored, representations=True) as file:
        archive.import_archive(file, target, SMALL)
    old, new = store.load_run(stored).representations, store.load_run(target).representations
    assert old is not None
    assert new is not None
    assert all(np.array_equal(new.arrays[name], old.arrays[name]) for name in old.poolings)


def test_only_a_runs_own_files_go_out(spoilt: Path) -> None:
    for name in ("access.json", ".hidden", "notes.txt", "projections/x.parquet"):
        (spoilt / name).write_text("secret")
    with archive.export(spoilt) as file:
        names = set(entries(file.read()))
    assert {"run.json", "probes.csv", "sentences.parquet", "predictions.parquet"} <= names
    assert not names & {"access.json", ".hidden", "notes.txt", "projections/x.parquet"}


def strings(path: Path) -> str:
    """All that can be read in a run's folder, however it is packed."""
    parts = []
    for file in sorted(path.rglob("*")):
        if file.suffix == ".parquet":
            table = parquet.read_table(file)
            parts += [json.dumps(table.to_pydict(), default=str), str(table.schema)]
        elif file.is_file():
            parts.append(file.read_bytes().decode("utf-8", "replace"))
    return "\n".join(parts)


@pytest.mark.usefixtures("here")
def test_without_texts_no_text_is_in_the_archive(
    spoilt: Path, target: Path, measured: Inside
) -> None:
    shelf.save(spoilt, measured)
    before = store.load_run(spoilt)
    assert before.sentences.texts[0] in strings(spoilt), "else this test could not fail"
    assert "zebra" in strings(spoilt)
    with archive.export(spoilt, texts=False, representations=True) as file:
        archive.import_archive(file, target, SMALL)
    found = strings(target)
    assert not [text for text in before.sentences.texts if text in found]
    assert "zebra" not in found
    assert before.record["data"]["fingerprint"] not in found, "it would confirm a guess"
    after = store.load_run(target)
    assert after.table.equals(before.table)
    assert after.sentences.labels == before.sentences.labels
    assert after.sentences.texts[3] == f"sentence {before.sentences.rows[3]}"
    assert after.representations is None


@pytest.fixture
def measured() -> Inside:
    """Figures of the inside that name a word."""
    row = Row("zebra", 0.5, 2)
    rows = RowLedger("cls", True, row, 1, 5, (row,))
    gradients = Gradients((0.1, 0.1), (), (rows,), 0.0, 0.0, 3)
    return Inside(Sample((0, 1), 60), gradients=gradients)


# ---- hostile archives


def test_paths_that_lead_elsewhere_are_refused(exported: bytes, target: Path) -> None:
    for name in (
        "../evil",
        "/etc/evil",
        "projections/../../evil",
        "C:\\evil",
        "projections\\x.parquet",
        "run.json\n",
        "access.json",
        "mechanism/readers.npz",
        "representations/cls.npy.pkl",
        "a/run.json",
        "evil/",
    ):
        refused(packed({**entries(exported), name: b"x"}), target, "no run has a file of the name")


def test_links_are_refused(exported: bytes, target: Path) -> None:
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            for name, data in entries(exported).items():
                about = zipfile.ZipInfo(name)
                about.external_attr = (kind if name == "probes.csv" else stat.S_IFREG) << 16
                made.writestr(about, b"/etc/passwd" if name == "probes.csv" else data)
        refused(file.getvalue(), target, "probes.csv is not a plain file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(exported: bytes, target: Path) -> None:
    file = io.BytesIO(exported)
    with zipfile.ZipFile(file, "a") as made:
        made.writestr("run.json", b"{}")
    refused(file.getvalue(), target, "holds run.json twice")


def test_bombs_are_refused(exported: bytes, target: Path) -> None:
    there = entries(exported)
    refused(packed({**there, "probes.csv": b"0" * 30_000_000}), target, "too large when unpacked")
    mixed = random.Random(0).randbytes(60_000) * 50  # packs, but not beyond the ratio
    many = {f"projections/pca2_cls_{i}.parquet": mixed for i in range(20)}
    refused(packed({**there, **many}), target, "too large when unpacked")
    refused(packed({**there, "run.json": b" " * 9_000_000}), target, "run.json is too large")
    full = {f"projections/pca2_cls_{i}.parquet": b"" for i in range(archive.ENTRIES + 1)}
    refused(packed(full), target, "holds more than 2,000 files")


def test_a_size_that_lies_is_not_believed(exported: bytes, target: Path) -> None:
    data = bytearray(packed({**entries(exported), "probes.csv": b"0" * 30_000_000}))
    for mark, place in ((b"PK\3\4", 22), (b"PK\1\2", 24)):  # headers of files, and the directory
        start = 0
        while (start := data.find(mark, start)) >= 0:
            if struct.unpack_from("<I", data, start + place)[0] == 30_000_000:
                struct.pack_into("<I", data, start + place, 10)
            start += 4
    refused(bytes(data), target, "damaged, or no zip|too large")


def test_a_directory_that_would_fill_the_memory_is_not_read(target: Path) -> None:
    def end(count: int, size: int, before: bytes = b"") -> bytes:
        return before + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, size, 0, 0)

    zip64 = b"PK\6\7" + b"\0" * 16
    for data in (end(5, 2**31), end(60_000, 100), end(5, 100, zip64)):
        refused(data, target, "more than 2,000 files")
    for data in (b"", b"PK", b"no zip at all" * 10, end(1, 46) + b"\0comment"):
        refused(data, target, "damaged, or no zip file")


def test_encrypted_and_unusual_archives_are_refused(exported: bytes, target: Path) -> None:
    data = bytearray(exported)
    at = data.rfind(b"PK\1\2")
    data[at + 8] |= 1
    refused(bytes(data), target, "encrypted or packed in an unusual way")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("run.json", b"{}")
    refused(file.getvalue(), target, "encrypted or packed in an unusual way")


Change = Callable[[dict[str, Any]], Any]


def with_record(data: bytes, change: Change) -> bytes:
    files = entries(data)
    record = json.loads(files["run.json"])
    change(record)
    return packed({**files, "run.json": json.dumps(record).encode()})


@pytest.mark.usefixtures("here")
def test_a_newer_schema_is_refused_clearly(exported: bytes, target: Path) -> None:
    newer = with_record(exported, lambda record: record.update(schema=SCHEMA + 1))
    refused(newer, target, "newer version .schema 2; this one reads up to 1.*Update CLS Probe")


@pytest.mark.usefixtures("here")
def test_a_run_json_that_is_none_is_refused(exported: bytes, target: Path) -> None:
    files = entries(exported)
    for text in (b"", b"[]", b"{", b"[" * 200_000, b'{"schema": 1e999}', b"\xff", b"9" * 100_000):
        refused(packed({**files, "run.json": text}), target, "is damaged|cannot be read")
    refused(packed({k: v for k, v in files.items() if k != "run.json"}), target, "no run.json")


@pytest.mark.usefixtures("here")
def test_words_of_a_record_are_checked(exported: bytes, target: Path) -> None:
    changes: list[Change] = [
        lambda r: r.update(created="![x](https://example.org/x.png)"),
        lambda r: r["encoder"].update(layers="<b>"),
        lambda r: r["settings"].update(seed="0"),
        lambda r: r["settings"].update(poolings_used=["../x"]),
        lambda r: r["data"].update(name=["x"]),
    ]
    for change in changes:
        refused(with_record(exported, change), target, "does not say what it should|is not of|ca")


@pytest.mark.usefixtures("here")
def test_a_pickle_is_never_loaded(stored: Path, target: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (canary,))

    file = io.BytesIO()
    np.save(file, np.array([Evil()], dtype=object), allow_pickle=True)
    file.seek(0)
    np.load(file, allow_pickle=True)
    assert canary.exists(), "else this test could not fail"
    canary.unlink()
    with archive.export(stored, representations=True) as whole:
        files = entries(whole.read())
    refused(packed({**files, "representations/cls.npy": file.getvalue()}), target, "damaged")
    assert not canary.exists()


@pytest.mark.usefixtures("here")
def test_vectors_of_another_shape_are_refused(stored: Path, target: Path) -> None:
    with archive.export(stored, representations=True) as whole:
        files = {k: v for k, v in entries(whole.read()).items() if "representations" not in k}
    for array in (np.zeros((2, 1, 32), np.float32), np.zeros((2, 60, 32), np.float64)):
        file = io.BytesIO()
        np.save(file, array)
        data = packed({**files, "representations/cls.npy": file.getvalue()})
        refused(data, target, "cls.npy is not of this run")


@pytest.mark.usefixtures("here")
def test_tables_of_another_size_are_refused(exported: bytes, target: Path) -> None:
    files = entries(exported)
    name = next(name for name in files if name.startswith("projections/"))
    for rows, match in ((30, "not of one run"), (200_000, "200,000 rows, and 100,000")):
        file = io.BytesIO()
        axis = pa.array(np.zeros(rows))
        parquet.write_table(pa.table({"row": pa.array(range(rows)), "x": axis, "y": axis}), file)
        refused(packed({**files, name: file.getvalue()}), target, match)
    refused(packed({**files, name: b"PAR1" + b"\0" * 50 + b"PAR1"}), target, "damaged")


@pytest.mark.usefixtures("here")
def test_limits_of_an_installation_hold_for_imports(exported: bytes, target: Path) -> None:
    refused(exported, target, "59 are allowed", Limits(upload_mb=5, rows=59))
    refused(exported, target, "more than 10 characters", Limits(upload_mb=5, text_chars=10))


@pytest.mark.usefixtures("here")
def test_other_columns_travel_and_are_bounded(exported: bytes, target: Path) -> None:
    files = entries(exported)
    held = parquet.read_table(io.BytesIO(files["sentences.parquet"]))

    def given(*columns: tuple[str, list[object]]) -> bytes:
        table, file = held, io.BytesIO()
        for name, values in columns:
            table = table.append_column(name, pa.array(values))
        parquet.write_table(table, file)
        return packed({**files, "sentences.parquet": file.getvalue()})

    n = held.num_rows
    places: list[object] = [f"place {i % 3}" for i in range(n)]
    many = [(f"column:{i}", places) for i in range(31)]
    refused(given(*many), target, "31 other columns, and 30 are allowed")
    refused(given(("column:x", [*places[1:], "x" * 201])), target, "more than 200 characters")
    refused(given(("column:" + "x" * 201, places)), target, "more than 200 characters")
    refused(given(("column:x", list(range(n)))), target, "damaged|cannot be read")
    refused(given(("column:x", [*places[1:], None])), target, "damaged|cannot be read")
    imported(given(*many[:30]), target)
    assert store.load_run(target).sentences.beside["29"] == tuple(places)
    with archive.export(target, texts=False) as file:
        hidden = entries(file.read())["sentences.parquet"]
    assert parquet.read_table(io.BytesIO(hidden)).column_names == ["row", "text", "label"]


def test_a_text_of_gigabytes_in_a_small_table_is_refused(exported: bytes, target: Path) -> None:
    """A dictionary's only entry, 20,000 times: 20 GB from a few KB."""
    files = entries(exported)
    schema = parquet.read_table(io.BytesIO(files["sentences.parquet"])).schema
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * 1_000_000])
    table = pa.table({"row": pa.array(range(20_000)), "text": column})
    file = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata(schema.metadata), file, store_schema=False, compression="zstd"
    )
    assert len(file.getvalue()) < 100_000
    data = packed({**files, "sentences.parquet": file.getvalue()})
    refused(data, target, "cannot be read|is damaged")


def test_damage_anywhere_is_said_not_traced(exported: bytes, tmp_path: Path) -> None:
    chance = random.Random(0)
    for number in range(400):
        data = bytearray(exported)
        for _ in range(chance.choice((1, 4, 30))):
            # the directory at the end is where an archive is understood
            place = chance.choice((len(data) - 1 - chance.randrange(2_000), 0))
            place = place or chance.randrange(len(data))
            data[place] = chance.randrange(256)
        folder = tmp_path / str(number)
        folder.mkdir()
        with contextlib.suppress(ProbingError):
            archive.unpack(io.BytesIO(bytes(data)), folder, SMALL)
        assert {p.parent.name for p in folder.rglob("*")} <= {
            folder.name, "projections", "representations", "mechanism"
        }  # fmt: skip
        shutil.rmtree(folder)
