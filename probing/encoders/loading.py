"""Loading an encoder: the bundled one, one of the hub, or a local folder.

Safetensors only, never code of the checkpoint, never pickles. Whatever is wrong with what a
person gave comes out as an EncoderError of one line.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from probing.errors import EncoderError
from probing.language import say

from .bundled import BUNDLED, BUNDLED_SHA256, bundled_folder, sha256_of
from .encoder import Encoder, pooler_dense, pooler_function
from .families import Family, family_of, head_reads
from .folders import Checkpoint, inspect_folder, sentence_pooling
from .hub import snapshot
from .info import EncoderInfo, Pooler
from .messages import one_line
from .names import Target, check_revision, understand
from .provenance import pooler_provenance
from .quiet import quiet
from .refusals import refuse_others, refuse_remote_code, refuse_size
from .tokenization import ClsToken, find_cls, load_tokenizer, longest_input
from .tokenizer_checks import check_tokenizer, tokenizer_config
from .verification import verified

MAX_PARAMETERS = 1_500_000_000
"""Weights of the largest encoder that is loaded unless asked otherwise: 6 GB in float32."""

_IGNORED_IF_MISSING = ("pooler.", "contact_head.")


def load_encoder(
    name: str | os.PathLike[str] = BUNDLED,
    *,
    revision: str | None = None,
    device: str = "cpu",
    max_parameters: int = MAX_PARAMETERS,
) -> Encoder:
    """The encoder that ``name`` means, checked, in float32 and evaluation mode.

    ``name``: ``BUNDLED``, a hub id, or a folder written as a path (``./my-encoder``, or any
    ``Path``). ``revision``: branch, tag or commit of a hub id; what is in the local cache is used
    without asking the hub. ``device``: ``"cpu"``, ``"cuda"``, …, or ``"auto"``. Raises
    EncoderError for anything that cannot be found, is not safe, or is not an encoder.
    """
    target = understand(name)
    check_revision(revision, target.source)
    where = _device(device)
    with quiet():
        folder, commit = _fetch(target, revision, max_parameters)
        checkpoint = inspect_folder(folder, _shown(target, name))
        parts = _load_parts(checkpoint, max_parameters)
        info = _describe(target, commit, checkpoint, parts)
        encoder = Encoder(info, parts.family, parts.tokenizer, parts.model.to(where), where)
        return verified(encoder)


@dataclass(frozen=True)
class _Parts:
    """What transformers made of a checkpoint."""

    family: Family
    config: Any
    tokenizer: Any
    cls: ClsToken
    model: Any
    missing: frozenset[str]
    """Parameters of the pooler that the checkpoint lacks."""
    notices: tuple[str, ...]


def _fetch(target: Target, revision: str | None, max_parameters: int) -> tuple[Path, str]:
    """The folder to load and the revision to record ("" where it is the weights' digest)."""
    if target.source == "bundled":
        return bundled_folder(), f"sha256:{BUNDLED_SHA256}"
    if target.folder is not None:
        return target.folder, ""
    folder = snapshot(target.id, revision, max_parameters)
    return folder, folder.name


def _load_parts(checkpoint: Checkpoint, max_parameters: int) -> _Parts:
    settings = tokenizer_config(checkpoint)
    refuse_remote_code(checkpoint, settings)
    config = _config(checkpoint)
    refuse_others(config, checkpoint.shown)
    family = family_of(str(config.model_type))
    try:
        refuse_size(checkpoint, config, max_parameters)
    except EncoderError:
        raise
    except Exception as error:
        raise _unusable(checkpoint, say("model"), error) from error
    check_tokenizer(checkpoint, settings)
    tokenizer, notices = load_tokenizer(checkpoint, family)
    cls, cls_notices = find_cls(tokenizer, family, checkpoint.shown)
    model, missing = _model(checkpoint, config)
    if checkpoint.config.get("auto_map"):
        notices += (say("The checkpoint brings its own code; transformers' own was used instead."),)
    return _Parts(family, config, tokenizer, cls, model, missing, notices + cls_notices)


def _config(checkpoint: Checkpoint) -> Any:
    """The config object, with the choice of attention left to transformers."""
    from transformers import AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    kind = checkpoint.config["model_type"]
    if kind not in CONFIG_MAPPING_NAMES:
        raise EncoderError(
            "{shown} is of a family, {kind!r}, that this version of transformers does not know; "
            "choose another encoder",
            shown=checkpoint.shown,
            kind=kind[:60],
        )
    try:
        config = AutoConfig.from_pretrained(
            checkpoint.folder, trust_remote_code=False, local_files_only=True
        )
        config._attn_implementation = None
        for entry, value in family_of(str(config.model_type)).config.items():
            setattr(config, entry, value)
    except Exception as error:
        raise _unusable(checkpoint, "config", error) from error
    return config


def _model(checkpoint: Checkpoint, config: Any) -> tuple[Any, frozenset[str]]:
    """The model, and the pooler's parameters that the checkpoint lacks.

    Raises EncoderError where others are lacking or of another size: they would be random at each
    load.
    """
    from transformers import AutoModel

    try:
        model, report = AutoModel.from_pretrained(
            checkpoint.folder,
            config=config,
            trust_remote_code=False,
            use_safetensors=True,
            local_files_only=True,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except Exception as error:
        raise _unusable(checkpoint, say("model"), error) from error
    for name, stored, expected in sorted(report["mismatched_keys"]):
        raise EncoderError(
            "the weights of {shown} do not fit its config.json: {name} is {stored} in the file "
            "and {expected} by the config; download it again",
            shown=checkpoint.shown,
            name=name,
            stored=tuple(stored),
            expected=tuple(expected),
        )
    missing = frozenset(report["missing_keys"]) & {name for name, _ in model.named_parameters()}
    lacking = sorted(name for name in missing if not name.startswith(_IGNORED_IF_MISSING))
    if lacking:
        raise EncoderError(
            "the weights of {shown} lack {n} parameters of the encoder, e.g. {lacking}, and "
            "random numbers would take their place; download it again or save it with the same "
            "version of its code",
            shown=checkpoint.shown,
            n=len(lacking),
            lacking=lacking[0],
        )
    model.eval().requires_grad_(False)
    return model, frozenset(name for name in missing if name.startswith("pooler."))


def _describe(target: Target, commit: str, checkpoint: Checkpoint, parts: _Parts) -> EncoderInfo:
    family, model = parts.family, parts.model
    max_tokens, limit_notices = longest_input(parts.tokenizer, model, checkpoint.shown)
    notices = (family.notice, *parts.notices, *limit_notices)
    return EncoderInfo(
        id=target.id,
        source=target.source,
        revision=commit or f"sha256:{_digest(checkpoint)[:16]}",
        family=family.model_type,
        family_title=family.title,
        assumed=family.assumed,
        layers=int(parts.config.num_hidden_layers),
        hidden=int(parts.config.hidden_size),
        parameters=sum(weight.numel() for weight in model.parameters()),
        max_tokens=max_tokens,
        cls_position=family.cls,
        cls_token=parts.cls.token,
        cls_id=parts.cls.id,
        pooler=_pooler(model, parts.missing),
        head=family.head,
        head_reads=head_reads(family, parts.config),
        sentence_pooling=sentence_pooling(checkpoint),
        padding_inert=family.padding_inert,
        notices=tuple(notice for notice in notices if notice),
    )


def _pooler(model: nn.Module, missing: frozenset[str]) -> Pooler:
    dense = pooler_dense(model)
    if pooler_function(model) is None:
        return pooler_provenance(None, None)
    if dense is None:
        return pooler_provenance(
            None, None, without=say("its pooler_output is h0 itself, no weights")
        )
    bias = None if dense.bias is None else dense.bias.numpy()
    return pooler_provenance(dense.weight.numpy(), bias, missing)


def _digest(checkpoint: Checkpoint) -> str:
    """SHA-256 of the weights; of the files' digests where there are several."""
    digests = [sha256_of(file) for file in checkpoint.weights]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _device(device: str) -> torch.device:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        where = torch.device(device)
        torch.empty(1, device=where)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise EncoderError(
            "the device {device!r} cannot be used here ({error}); allowed are cpu, auto, and cuda "
            "where there is one",
            device=device,
            error=one_line(error),
        ) from error
    return where


def _shown(target: Target, name: str | os.PathLike[str]) -> str:
    """How messages call the encoder: as the person did."""
    return os.fspath(name) if target.source == "folder" else target.id


def _unusable(checkpoint: Checkpoint, part: str, error: Exception) -> EncoderError:
    return EncoderError(
        "the {part!s} of {shown} cannot be loaded: {error}; download it again, or choose another "
        "encoder",
        part=part,
        shown=checkpoint.shown,
        error=one_line(error),
    )
