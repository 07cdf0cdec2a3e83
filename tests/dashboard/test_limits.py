"""What an installation does not take on, and the words it says so in."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from dashboard import limits as L
from dashboard import sizes
from probing.encoders.bundled import bundled_folder
from probing.environment import LISTED, Limits
from probing.errors import DataError, SettingsError
from probing.sentences import Sentences
from probing.settings import Settings

ROOMY = Limits(memory_gb=1e6)


def sentences(n: int, text: str = "a short text") -> Sentences:
    return Sentences(
        tuple(f"{text} {i}" for i in range(n)), labels=tuple("ab"[i % 2] for i in range(n))
    )


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


# ---- per hour


def test_a_meter_gives_back_what_is_an_hour_old() -> None:
    clock = Clock()
    meter = L.Meter(clock)
    assert meter.take("a", 2) == 0
    clock.now = 600
    assert meter.take("a", 2) == 0
    clock.now = 1000
    assert meter.take("a", 2) == 2600  # the first one's hour ends at 3600
    assert meter.take("b", 2) == 0, "another visitor's hour is its own"
    clock.now = 3600
    assert meter.take("a", 2) == 0
    assert meter.used("a") == 2


def test_a_meter_says_when_there_is_room_for_something_large() -> None:
    clock = Clock()
    meter = L.Meter(clock)
    for clock.now in (0, 100, 200):
        meter.take("a", 30, 10)
    assert meter.take("a", 30, 15) == 100 + 3600 - 200, "two of them have to go"
    assert meter.take("a", 30, 31) == float("inf")
    assert meter.used("a") == 30, "what was refused is not counted"


def test_a_meter_forgets_who_is_gone() -> None:
    clock = Clock()
    meter = L.Meter(clock)
    for i in range(100):
        meter.take(str(i), 1)
    clock.now = 3601
    meter.take("other", 1)
    assert list(meter._used) == ["other"]


def test_a_thousand_cookies_take_no_room() -> None:
    clock = Clock()
    meter = L.Meter(clock, most=3)
    for i in range(1_000):
        clock.now = i / 1_000
        meter.take(str(i), 2)
        meter.take(f"refused {i}", 0)
        meter.used(f"looks {i}")
    assert set(meter._used) == {"997", "998", "999"}
    meter.take("998", 2)
    meter.take("new", 2)
    assert set(meter._used) == {"998", "999", "new"}, "who came last stays"
    assert meter.used("998") == 2


def start(now: Limits, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setattr(L, "limits", lambda: now)
    meter = L.Meter(Clock())

    def begin(n: int = 10, *, encoder: str = "bundled", visitor: str = "v") -> None:
        L.check_start(sentences(n), Settings(encoder=encoder), visitor, meter)

    return begin


def test_runs_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = start(replace(ROOMY, runs_per_hour=2), monkeypatch)
    begin()
    begin()
    with pytest.raises(SettingsError, match=r"started 2 runs .* allows 2\..* kept.* 60 minutes"):
        begin()
    begin(visitor="another")


def test_a_refused_run_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = start(replace(ROOMY, runs_per_hour=1, rows=10), monkeypatch)
    with pytest.raises(DataError, match="These are 11 sentences, and this server takes 10"):
        begin(11)
    begin(10)


def test_at_home_a_hundred_runs_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = start(ROOMY, monkeypatch)
    for waiting in range(100):
        begin()
        L.check_queue(waiting, waiting, ROOMY)


@pytest.mark.parametrize(
    ("waiting", "own", "said"),
    [
        (6, 0, r"6 jobs wait already, and this server lets 6 wait\. Nothing of yours is lost"),
        (9, 2, "9 jobs wait already"),
        (3, 3, r"3 jobs of yours wait already, .* lets 3 of one visitor wait\. .* one of them is"),
    ],
)
def test_a_full_queue_takes_no_more(waiting: int, own: int, said: str) -> None:
    now = replace(ROOMY, queue=6)
    L.check_queue(5, 2, now)
    with pytest.raises(SettingsError, match=said):
        L.check_queue(waiting, own, now)


def test_a_queue_of_one_takes_one() -> None:
    L.check_queue(0, 0, replace(ROOMY, queue=1))
    with pytest.raises(SettingsError, match="1 job of yours waits already"):
        L.check_queue(1, 1, replace(ROOMY, queue=1))


# ---- encoders


@pytest.mark.parametrize(
    "name",
    ["bundled", "all-MiniLM-L6-v2", "google-bert/bert-base-uncased", "FacebookAI/RoBERTa-base"],
)
def test_listed_encoders_are_taken(name: str) -> None:
    L.check_encoder(name, Limits(public=True, encoders=LISTED))


@pytest.mark.parametrize("name", ["bert-base-uncased", "someone/large-model", "google-bert/bert"])
def test_others_are_refused_with_the_list(name: str) -> None:
    with pytest.raises(SettingsError, match=r"does not load .* It loads bundled, google-bert/"):
        L.check_encoder(name, Limits(public=True, encoders=LISTED))


@pytest.mark.parametrize("encoders", [None, LISTED])
@pytest.mark.parametrize("there", [True, False])
def test_no_folder_on_a_public_host_and_no_word_on_which_exist(
    tmp_path: Path, encoders: tuple[str, ...] | None, there: bool
) -> None:
    folder = tmp_path / "model"
    if there:
        folder.mkdir()
    for name in (str(folder), "./model", "~/model", "../model", "a/b/c", "\\\\host\\model"):
        with pytest.raises(
            SettingsError, match=r"^That is a folder, and a public server loads none"
        ):
            L.check_encoder(name, Limits(public=True, encoders=encoders))


def test_at_home_folders_and_any_id_are_taken(tmp_path: Path) -> None:
    L.check_encoder(str(tmp_path), Limits())
    L.check_encoder("someone/some-model", Limits())
    L.check_encoder("someone/some-model", Limits(public=True))


# ---- size


def test_word_pieces_are_not_undercounted() -> None:
    """Against the bundled tokenizer, on text in four scripts."""
    tokenizer = Tokenizer.from_file(str(bundled_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    for text in ("the cat sat on the mat!", "数据很好 机器学习", "เราชอบอาหารไทย", "привет мир"):
        assert sizes.word_pieces([text]) >= len(tokenizer.encode(text).ids) * 0.7, text
    assert sizes.word_pieces(["x" * 10**6]) == sizes.MOST_PIECES


def test_too_many_word_pieces_say_how_many_sentences_fit() -> None:
    some = sentences(1_000)
    each = sizes.word_pieces(some.texts) / 1_000
    with pytest.raises(DataError, match=r"takes 1,000\. About (\d+) of them would fit") as error:
        L.check_size(some, Settings(), replace(ROOMY, tokens=1_000))
    fitting = int(str(error.value).split("About ")[1].split()[0])
    assert fitting == pytest.approx(1_000 / each, rel=0.01)
    L.check_size(sentences(fitting - 1), Settings(), replace(ROOMY, tokens=1_000))


def test_a_sentence_may_be_too_long() -> None:
    with pytest.raises(DataError, match=r"longest sentence has 502 characters, and .* takes 500"):
        L.check_size(sentences(1, "x" * 500), Settings(), replace(ROOMY, text_chars=500))
    with pytest.raises(DataError, match=r"That sentence has 501 characters, and .* takes 500"):
        L.check_text("x" * 501, Limits(text_chars=500))
    L.check_text("x" * 500, Limits(text_chars=500))


MEASURED = [
    # n, classes, in depth, anonymous bytes at the peak of `python -m probing run`, bundled encoder
    (1_000, 2, False, 479e6),
    (8_000, 2, False, 858e6),
    (4_000, 40, False, 758e6),
    (3_000, 2, True, 748e6),
]


@pytest.mark.parametrize(("n", "classes", "deep", "peak"), MEASURED)
def test_the_estimate_is_above_what_was_measured_but_not_far(
    n: int, classes: int, deep: bool, peak: float
) -> None:
    guess = sizes.estimate(n, sizes.BUNDLED_SHAPE, 3, classes, deep=deep)
    assert 1.1 * peak < guess < 1.3 * peak


def test_the_estimate_grows_with_everything() -> None:
    base = sizes.estimate(1_000, sizes.BASE_SHAPE, 3, 10)
    assert sizes.estimate(2_000, sizes.BASE_SHAPE, 3, 10) > base
    assert sizes.estimate(1_000, sizes.Shape(24, 768, 125_000_000), 3, 10) > base
    assert sizes.estimate(1_000, sizes.Shape(12, 1024, 125_000_000), 3, 10) > base
    assert sizes.estimate(1_000, sizes.Shape(12, 768, 300_000_000), 3, 10) > base
    assert sizes.estimate(1_000, sizes.BASE_SHAPE, 4, 10) > base
    assert sizes.estimate(1_000, sizes.BASE_SHAPE, 3, 20) > base
    vectors = 4 * 13 * 3 * 768 * 1_000  # bytes: layers, poolings, numbers, sentences
    assert sizes.estimate(1_000, sizes.BASE_SHAPE, 3, 10, deep=True) > base + vectors


def test_too_little_memory_says_how_many_sentences_fit() -> None:
    tight = Limits(memory_gb=0.8)
    with pytest.raises(DataError, match=r"and 0\.8 GB are allowed\. About [\d,]+ of them") as error:
        L.check_size(sentences(20_000), Settings(), tight)
    fitting = int(str(error.value).split("About ")[1].split()[0].replace(",", ""))
    L.check_size(sentences(fitting), Settings(), tight)
    with pytest.raises(DataError):
        L.check_size(sentences(fitting + 1), Settings(), tight)
    with pytest.raises(DataError, match="choose a smaller encoder"):
        L.check_size(sentences(50), Settings(), Limits(memory_gb=0.1))


def test_no_limit_of_memory_is_that_of_the_machine(tmp_path: Path) -> None:
    whole = sizes.machine_memory(tmp_path)
    assert whole is None or whole > 2**29
    (tmp_path / "memory.max").write_text("max\n")
    assert sizes.machine_memory(tmp_path) == whole
    (tmp_path / "memory.max").write_text("500000000\n")
    assert sizes.machine_memory(tmp_path) == 500_000_000


def test_workers_share_memory_and_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(L, "machine_memory", lambda: 1_000_000_000)
    L.check_size(sentences(500), Settings(), Limits(workers=1))
    with pytest.raises(DataError, match=r"0\.5 GB are allowed"):
        L.check_size(sentences(500), Settings(), Limits(workers=2))
    whole = sizes.machine_cores(tmp_path)
    assert 1 <= whole <= (os.cpu_count() or 1)
    assert sizes.threads_each(64, tmp_path) == max(1, whole // 64)
    for workers in (2, 3):
        assert (sizes.threads_each(workers, tmp_path) or 99) * workers <= max(whole, workers)


def test_a_containers_share_of_the_cores_is_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert (sizes.machine_cores(tmp_path), sizes.threads_each(1, tmp_path)) == (16, None)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert sizes.machine_cores(tmp_path) == 16
    (tmp_path / "cpu.max").write_text("350000 100000\n")
    assert sizes.machine_cores(tmp_path) == 4
    assert [sizes.threads_each(n, tmp_path) for n in (1, 2, 8)] == [4, 2, 1]
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert sizes.machine_cores(tmp_path) == 16
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
    assert sizes.machine_cores(tmp_path) == 1


def test_the_size_of_a_folder_is_read_and_of_nonsense_assumed(tmp_path: Path) -> None:
    def shape(config: object) -> sizes.Shape:
        (tmp_path / "config.json").write_text(json.dumps(config))
        return sizes.shape_of(str(tmp_path))

    found = shape({"n_layers": 6, "dim": 768, "vocab_size": 30_522})  # DistilBERT's names
    assert (found.layers, found.hidden) == (6, 768)
    assert found.parameters == pytest.approx(66e6, rel=0.02)
    assert (
        shape({"num_hidden_layers": 10**12, "hidden_size": 8, "vocab_size": 9}) == sizes.BASE_SHAPE
    )
    for nonsense in ([], {}, {"num_hidden_layers": "many"}, None):
        assert shape(nonsense) == sizes.BASE_SHAPE
    assert sizes.shape_of("nobody/never-loaded") == sizes.BASE_SHAPE


# ---- uploads


def test_an_upload_is_measured_against_a_file_an_hour_and_all_visitors() -> None:
    clock = Clock()
    meter = L.Meter(clock)
    now = Limits(public=True, upload_mb=10, uploads_mb_per_hour=25)

    def trouble(mb: float, held: int = 0, visitor: str = "v") -> str | None:
        return L.upload_trouble(visitor, int(mb * 2**20), held, now, meter)

    assert trouble(10) is None
    assert "larger than 10 MB" in str(trouble(10.1))
    assert "holds as many files" in str(trouble(1, L.HELD * 10 * 2**20))
    assert trouble(10) is None
    assert trouble(10) == (
        "You uploaded 20 MB within the last hour, and this server takes 25 MB. "
        "Try again in 60 minutes."
    )
    assert L.uploads_used("v", now, meter) is not None
    assert L.uploads_used("w", now, meter) is None
    assert trouble(5) is None, "what was refused is not counted"
    assert trouble(10, visitor="w") is None
    clock.now = 3600
    assert trouble(10) is None


def test_a_flood_of_nothing_counts_too() -> None:
    now = Limits(public=True, uploads_mb_per_hour=1)
    meter = L.Meter(Clock())
    said = [L.upload_trouble("a", 0, 0, now, meter) for _ in range(20)]
    assert [words is None for words in said] == [True] * 16 + [False] * 4


def test_at_home_uploads_are_not_counted() -> None:
    meter = L.Meter()
    assert L.upload_trouble("v", 50 * 2**20, 10**12, Limits(), meter) is None
    assert not meter._used
    assert L.uploads_used("v", Limits(), meter) is None


def test_what_is_read_of_a_file_is_what_is_uploaded(monkeypatch: pytest.MonkeyPatch) -> None:
    from probing.tables import read_table

    monkeypatch.setenv("PROBING_MAX_ROWS", "3")
    monkeypatch.setenv("PROBING_MAX_UPLOAD_MB", "1")
    with pytest.raises(DataError, match="more than 3 rows"):
        read_table(b"text\n" + b"a b\n" * 4, "a.csv", limits=L.reading_limits())
    with pytest.raises(DataError, match="larger than 1 MB"):
        read_table(b"text\n" + b"a b\n" * 300_000, "a.csv", limits=L.reading_limits())
