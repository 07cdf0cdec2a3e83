"""Encoders of the hub: downloaded from a hub on the loopback interface, cached, refused."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from probing.encoders import load_encoder
from probing.encoders.hub import hub_message
from probing.errors import EncoderError

from .conftest import Checkpoints
from .hub_server import COMMIT, FakeHub, fake_hub

REPO = "owner/tiny"


@pytest.fixture
def hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Checkpoints
) -> Iterator[FakeHub]:
    """A hub that has one tiny BERT, an empty cache, and no offline mode."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with fake_hub() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(
            constants,
            "HUGGINGFACE_CO_URL_TEMPLATE",
            server.url + "/{repo_id}/resolve/{revision}/{filename}",
        )
        server.folders[REPO] = tmp_path / "repo"
        shutil.copytree(checkpoint("bert"), tmp_path / "repo")
        yield server


def refused(name: str, message: str, revision: str | None = None) -> None:
    with pytest.raises(EncoderError, match=message) as caught:
        load_encoder(name, revision=revision)
    assert "\n" not in str(caught.value)


def test_download_then_cache(
    hub: FakeHub, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "repo" / "pytorch_model.bin").write_bytes(b"a pickle")
    (tmp_path / "repo" / "evil.py").write_text("raise SystemExit")
    info = load_encoder(REPO).info
    assert (info.id, info.source, info.revision) == (REPO, "hub", COMMIT)
    files = {request.rsplit("/", 1)[-1] for request in hub.asked if "/resolve/" in request}
    assert files == {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"
    }  # fmt: skip
    hub.asked.clear()
    assert load_encoder(REPO).info == info
    assert load_encoder(REPO, revision="main").info == info
    assert load_encoder(REPO, revision=COMMIT).info == info
    assert hub.asked == [], "what is in the cache needs no hub"
    assert capfd.readouterr() == ("", "")


def test_what_is_cached_works_offline(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    load_encoder(REPO)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.asked.clear()
    assert load_encoder(REPO).info.revision == COMMIT
    refused(
        "owner/other",
        "owner/other is not in the local cache and the hub can't be reached .HF_HUB_OFFLINE",
    )
    refused(REPO, "at revision v2 is not in the local cache and .* connect once, or give", "v2")
    assert hub.asked == []


def test_a_download_that_broke_off_is_finished(hub: FakeHub, tmp_path: Path) -> None:
    load_encoder(REPO)
    (link,) = (tmp_path / "cache").glob("models--*/snapshots/*/model.safetensors")
    link.resolve().unlink()
    link.unlink()
    load_encoder(REPO)
    assert link.exists()


def test_a_snapshot_without_tokenizer_is_completed(hub: FakeHub, tmp_path: Path) -> None:
    load_encoder(REPO)
    (link,) = (tmp_path / "cache").glob("models--*/snapshots/*/tokenizer.json")
    link.unlink()
    load_encoder(REPO)
    assert link.exists()


def test_the_hub_out_of_reach_is_found_out_quickly(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    start = time.monotonic()
    refused(
        REPO,
        "^owner/tiny is not in the local cache and the hub can't be reached; "
        "connect once, or give a local folder$",
    )
    assert time.monotonic() - start < 8


def test_no_such_model(hub: FakeHub) -> None:
    refused("owner/nothing", "there is no model owner/nothing on the hub, or it is private; check")
    hub.errors["owner/gone"] = (404, "RepoNotFound")
    refused("owner/gone", "there is no model owner/gone on the hub")


def test_no_such_revision(hub: FakeHub) -> None:
    refused(REPO, "owner/tiny has no revision v2; give a branch, a tag or a commit", "v2")


def test_gated(hub: FakeHub) -> None:
    hub.gated.add(REPO)
    refused(REPO, "owner/tiny is gated: .* Accept it on its page .* `hf auth login`")
    hub.errors[REPO] = (403, "GatedRepo")
    refused(REPO, "owner/tiny is gated")


def test_disabled_and_failing(hub: FakeHub) -> None:
    hub.errors[REPO] = (500, "")
    refused(REPO, "not in the local cache and the hub answered with status 500; try again later")


def test_pickles_are_not_downloaded(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "repo" / "model.safetensors").rename(tmp_path / "repo" / "pytorch_model.bin")
    refused(REPO, "owner/tiny has its weights only as pytorch_model.bin")
    assert not [request for request in hub.asked if "/resolve/" in request]


def test_too_large_is_known_before_the_download(hub: FakeHub) -> None:
    hub.sizes["model.safetensors"] = 7_000_000_000
    refused(REPO, r"the weights of owner/tiny are 7\.0 GB; up to 6\.0 GB .* are downloaded")
    assert not [request for request in hub.asked if "/resolve/" in request]


def test_not_a_transformers_model(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "repo" / "config.json").unlink()
    refused(REPO, "owner/tiny has no config.json, so it is not a transformers encoder")


def test_a_full_disk_is_not_called_offline() -> None:
    import errno

    error = OSError(errno.ENOSPC, "No space left on device")
    assert hub_message(error, REPO, None) == (
        "owner/tiny cannot be stored in the local cache: No space left on device; make room there"
    )
