"""An encoder of the hub as a folder on this machine: from the cache, or downloaded.

What is in the cache is used without asking the hub. The hub is asked once, with a short timeout,
before anything is downloaded: whether the model exists, may be read, is safetensors and of a
bearable size. Only configs, tokenizer files and safetensors are downloaded.
"""

import errno
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from probing.errors import EncoderError
from probing.language import say

from .checks import LARGEST_VOCABULARY
from .folders import indexed_names, no_safetensors, weight_files
from .messages import on_one_line

TIMEOUT = 5.0
"""Seconds to wait for the hub's first answer."""

_INDEX = "model.safetensors.index.json"
_SMALL = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "adapter_config.json",
    "vocab.*",
    "merges.txt",
    "bpe.codes",
    "dict.txt",
    "*.model",
    "*.spm",
    _INDEX,
    "1_Pooling/config.json",
)
_VOCABULARIES = ("tokenizer.json", "vocab.*", "*.model", "*.spm", "bpe.codes")


def snapshot(repo: str, revision: str | None, max_parameters: int) -> Path:
    """The folder of ``repo`` at ``revision`` in the hub's cache; its name is the commit.

    Downloads what is not there. Raises EncoderError with a message of its own for: not cached
    and offline or out of reach; no such model; gated; no such revision; no safetensors; weights
    of more than ``max_parameters`` numbers.
    """
    from huggingface_hub import constants

    cached = _cached(repo, revision)
    if cached is not None:
        return cached
    if constants.is_offline_mode():
        raise EncoderError(
            "{repo!s} is not in the local cache and the hub can't be reached (HF_HUB_OFFLINE is "
            "set); unset it and connect once, or give a local folder",
            repo=_called(repo, revision),
        )
    try:
        _check_remote(repo, revision, max_parameters)
        return _download(repo, revision)
    except EncoderError:
        raise
    except Exception as error:
        raise EncoderError(hub_message(error, repo, revision)) from error


def hub_message(error: BaseException, repo: str, revision: str | None) -> str:
    """What ``error``, raised while asking or downloading, means for the person."""
    from huggingface_hub import errors

    chain = _chain(error)
    called = _called(repo, revision)
    if _any(chain, errors.GatedRepoError):
        return say(
            "{repo} is gated: its owners ask for an agreement. Accept it on its page on the "
            "hub and log in with `hf auth login`, or choose another encoder",
            repo=repo,
        )
    if _any(chain, errors.RevisionNotFoundError):
        return say(
            "{repo} has no revision {revision}; give a branch, a tag or a commit that its page "
            "on the hub lists, or leave the revision out",
            repo=repo,
            revision=revision or "main",
        )
    if _any(chain, errors.DisabledRepoError):
        return say("{repo} was disabled on the hub; choose another encoder", repo=repo)
    statuses = [e.response.status_code for e in chain if isinstance(e, errors.HfHubHTTPError)]
    if _any(chain, errors.RepositoryNotFoundError) or statuses[:1] in ([401], [404]):
        return say(
            "there is no model {repo} on the hub, or it is private; check the spelling "
            "(owner/name), or log in with `hf auth login` if it is yours",
            repo=repo,
        )
    if statuses:
        return say(
            "{repo!s} is not in the local cache and the hub answered with status {status}; "
            "try again later, or give a local folder",
            repo=called,
            status=statuses[0],
        )
    if disk := _about_the_disk(chain):
        return say(
            "{repo!s} cannot be stored in the local cache: {disk}; make room there",
            repo=called,
            disk=disk,
        )
    return say(
        "{repo!s} is not in the local cache and the hub can't be reached; connect once, or "
        "give a local folder",
        repo=called,
    )


def _cached(repo: str, revision: str | None) -> Path | None:
    """The cached snapshot, if it is whole.

    Weights are downloaded after all other files. A snapshot that another program left may lack
    the tokenizer.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                repo, revision=revision, local_files_only=True, allow_patterns="config.json"
            )
        )
        weight_files(folder, repo)
        if (folder / "config.json").is_file() and any(
            file for pattern in _VOCABULARIES for file in folder.glob(pattern)
        ):
            return folder
    except (LocalEntryNotFoundError, EncoderError):
        pass
    return None


def _check_remote(repo: str, revision: str | None, max_parameters: int) -> None:
    """Ask the hub about ``repo`` once; EncoderError for what would not be loaded anyway."""
    from huggingface_hub import HfApi

    answer: Any = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=TIMEOUT)
    sizes = {file.rfilename: file.size or 0 for file in answer.siblings or ()}
    if "config.json" not in sizes:
        raise EncoderError(
            "{repo} has no config.json, so it is not a transformers encoder; choose another one",
            repo=repo,
        )
    if "model.safetensors" not in sizes and _INDEX not in sizes:
        names = sorted(name for name in sizes if "/" not in name)
        raise EncoderError(no_safetensors(names, repo))
    for name, size in sizes.items():
        if size > LARGEST_VOCABULARY and any(fnmatch(name, pattern) for pattern in _SMALL):
            raise EncoderError(
                "{name} of {repo} is {size:,} bytes; up to {most:,} are downloaded. "
                "Choose another encoder",
                name=on_one_line(name),
                repo=repo,
                size=size,
                most=LARGEST_VOCABULARY,
            )
    stored = sum(
        size for name, size in sizes.items() if name.endswith(".safetensors") and "/" not in name
    )
    if stored > 4 * max_parameters:
        raise EncoderError(
            "the weights of {repo} are {stored:.1f} GB; up to {most:.1f} GB ({numbers:,} "
            "numbers) are downloaded. Choose a smaller encoder",
            repo=repo,
            stored=stored / 1e9,
            most=4 * max_parameters / 1e9,
            numbers=max_parameters,
        )


def _download(repo: str, revision: str | None) -> Path:
    """Download what is needed, weights last, so that whole weights mean a whole snapshot."""
    from huggingface_hub import snapshot_download

    options: dict[str, Any] = {"etag_timeout": TIMEOUT, "max_workers": 2}
    folder = Path(
        snapshot_download(repo, revision=revision, allow_patterns=list(_SMALL), **options)
    )
    weights = ["model.safetensors"]
    if (folder / _INDEX).is_file():
        weights += indexed_names(folder / _INDEX, repo)
    snapshot_download(repo, revision=folder.name, allow_patterns=weights, **options)
    return folder


def _called(repo: str, revision: str | None) -> str:
    return (
        repo
        if revision is None
        else say("{repo} at revision {revision}", repo=repo, revision=revision)
    )


def _chain(error: BaseException) -> list[BaseException]:
    """``error``, its cause, the cause's cause …"""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _any(chain: list[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(error, kind) for error in chain)


def _about_the_disk(chain: list[BaseException]) -> str:
    """What the operating system said about the disk, empty where it was not about the disk."""
    disk = {errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EDQUOT}
    words = (e.strerror for e in chain if isinstance(e, OSError) and e.errno in disk)
    return next((word for word in words if word), "")
