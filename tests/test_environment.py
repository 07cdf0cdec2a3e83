"""What the environment variables mean, and that a slip in one is not taken for another value."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from probing import environment
from probing.environment import LISTED, Limits, limits
from probing.errors import SettingsError
from probing.tables import Limits as ReadingLimits

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is set."""
    for name in list(os.environ):
        if name.startswith("PROBING_"):
            monkeypatch.delenv(name)


def test_at_home_nothing_is_limited_beyond_what_a_file_may_hold() -> None:
    home, files = limits(), ReadingLimits()
    assert home == Limits()
    assert (home.rows, home.text_chars) == (files.max_rows, files.max_text_chars)
    assert home.upload_mb * 2**20 == files.max_bytes
    assert not home.public
    assert home.encoders is None
    for name in ("tokens", "runs_per_hour", "queue", "run_minutes", "uploads_mb_per_hour"):
        assert getattr(home, name) is None, name


def test_a_public_host_limits_everything_that_strangers_ask_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    public = limits()
    free = {f.name for f in fields(public) if getattr(public, f.name) in (None, ())}
    assert free == {"threads", "memory_gb", "frame_ancestors", "metrics_token"}
    assert public.encoders == LISTED
    assert public.rows < Limits().rows


NUMBERS = {
    "PROBING_MAX_ROWS": ("rows", "300", 300),
    "PROBING_MAX_UPLOAD_MB": ("upload_mb", "7", 7),
    "PROBING_UPLOADS_MB_PER_HOUR": ("uploads_mb_per_hour", "70", 70),
    "PROBING_MAX_TEXT": ("text_chars", "500", 500),
    "PROBING_MAX_TOKENS": ("tokens", "9000", 9000),
    "PROBING_RUNS_PER_HOUR": ("runs_per_hour", "3", 3),
    "PROBING_QUEUE": ("queue", "4", 4),
    "PROBING_STORE_GB": ("store_gb", "1.5", 1.5),
    "PROBING_RETENTION_DAYS": ("retention_days", "9", 9),
    "PROBING_WORKERS": ("workers", "2", 2),
    "PROBING_THREADS": ("threads", "2", 2),
    "PROBING_RUN_MINUTES": ("run_minutes", "12", 12),
    "PROBING_MEMORY_GB": ("memory_gb", "3.5", 3.5),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("public", ["0", "1"])
def test_each_variable_overrides_both_sets(
    name: str, public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    field, given, meant = NUMBERS[name]
    monkeypatch.setenv("PROBING_PUBLIC", public)
    base = limits()
    monkeypatch.setenv(name, f" {given} ")
    assert getattr(limits(), field) == meant
    changed = {f.name for f in fields(base) if getattr(base, f.name) != getattr(limits(), f.name)}
    assert changed <= {field}
    monkeypatch.setenv(name, "")
    assert limits() == base


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("bad", ["-1", "0", "many", "1e3", "1,000", "٣", "nan", "9" * 40, "\n5x"])
def test_a_bad_number_is_refused_in_words(
    name: str, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, bad)
    with pytest.raises(
        SettingsError, match=rf"{name} is .*; it must be a .*number from .* to "
    ) as e:
        limits()
    assert "unset it" in str(e.value)
    assert "\n" not in str(e.value)


def test_the_word_none_lifts_a_limit_of_a_public_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    monkeypatch.setenv("PROBING_RUNS_PER_HOUR", "none")
    assert limits().runs_per_hour is None
    monkeypatch.setenv("PROBING_MAX_ROWS", "none")
    with pytest.raises(SettingsError, match="PROBING_MAX_ROWS is 'none'"):
        limits()


@pytest.mark.parametrize("bad", ["yes", "true", "2", "01"])
def test_public_is_said_with_0_or_1(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that was meant to be public must not come up as a private one."""
    monkeypatch.setenv("PROBING_PUBLIC", bad)
    with pytest.raises(SettingsError, match="it must be 0 or 1"):
        limits()


def test_strangers_fetch_nothing_from_the_hub_unless_they_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert limits().hub_data
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    assert not limits().hub_data
    monkeypatch.setenv("PROBING_HUB_DATA", "1")
    assert limits().hub_data
    monkeypatch.setenv("PROBING_HUB_DATA", "yes")
    with pytest.raises(SettingsError, match="PROBING_HUB_DATA is 'yes'; it must be 0 or 1"):
        limits()


def test_encoders_are_a_list_of_ids_or_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBING_ENCODERS", "bundled, google-bert/bert-base-uncased,bundled")
    assert limits().encoders == ("bundled", "google-bert/bert-base-uncased")
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    monkeypatch.setenv("PROBING_ENCODERS", "any")
    assert limits().encoders is None
    for bad in ("/srv/model", "../x", ",", "a b", "any,bundled/x/y", "~/m"):
        monkeypatch.setenv("PROBING_ENCODERS", bad)
        with pytest.raises(SettingsError, match="PROBING_ENCODERS is"):
            limits()


def test_origins_cannot_bring_other_rules_into_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBING_FRAME_ANCESTORS", "https://huggingface.co https://*.hf.space")
    assert limits().frame_ancestors == ("https://huggingface.co", "https://*.hf.space")
    for bad in ("*", "https://a.b; script-src *", "huggingface.co", "https://a.b/path"):
        monkeypatch.setenv("PROBING_FRAME_ANCESTORS", bad)
        with pytest.raises(SettingsError, match="PROBING_FRAME_ANCESTORS is"):
            limits()


def test_the_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBING_METRICS_TOKEN", "a-secret-of-the-operator")
    assert limits().metrics_token == "a-secret-of-the-operator"
    assert "secret" not in repr(limits())
    monkeypatch.setenv("PROBING_METRICS_TOKEN", "secret")
    with pytest.raises(SettingsError, match="16 to 200") as error:
        limits()
    assert "secret" not in str(error.value)


def test_the_cache_may_be_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.cache_limit() == 4_000_000_000
    monkeypatch.setenv("PROBING_CACHE_GB", "0")
    assert environment.cache_limit() == 0
    monkeypatch.setenv("PROBING_CACHE_GB", "much")
    with pytest.raises(SettingsError, match="PROBING_CACHE_GB is 'much'; it must be a number"):
        environment.cache_limit()


def test_the_listed_encoders_are_such_that_could_be_asked_for() -> None:
    from probing.encoders import understand

    assert {understand(name).source for name in LISTED} == {"bundled", "hub"}


def test_threads_wait_briefly_and_numba_keeps_to_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    for name in names:
        monkeypatch.setenv(name, "")  # so that whatever is set is taken back
        monkeypatch.delenv(name)
    environment.settle_threads()
    assert [os.environ.get(name) for name in names] == [None, "1000", None, None]
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    environment.settle_threads()
    assert [os.environ.get(name) for name in names] == ["ACTIVE", None, "3", "3"]
