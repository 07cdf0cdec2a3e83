"""The tokenizer of an encoder: loading it, its [CLS] token, its padding, its longest input."""

import string
from dataclasses import dataclass
from typing import Any

from torch import nn

from probing.errors import EncoderError
from probing.language import say

from .families import Family
from .folders import Checkpoint
from .info import PLACES
from .messages import is_panic, on_one_line, one_line

_SIDES = {"left": say("left"), "right": say("right")}
_DEFAULT_LIMIT = 512
_NO_LIMIT = 1_000_000
_SAMPLE = "A sample."
_PROBE = (
    f"{string.printable} The quick brown fox jumps over a lazy dog. Ärger, ελιά, дом, שלום, 東京 😀"
)
_MOST_PER_BYTE = 4
_MOST_SPECIAL = 64
_HIGHEST_ID = 2**31 - 1


@dataclass(frozen=True)
class ClsToken:
    """The token in [CLS]'s place; both None where it is whatever token comes first (or last)."""

    token: str | None
    id: int | None


def load_tokenizer(checkpoint: Checkpoint, family: Family) -> tuple[Any, tuple[str, ...]]:
    """The tokenizer, made to pad on the side the family needs, and notices of what was changed.

    Raises EncoderError for a missing or damaged tokenizer, or one that needs another package.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            checkpoint.folder, trust_remote_code=False, local_files_only=True
        )
        tokens = len(tokenizer(_PROBE, verbose=False)["input_ids"])
        special = tokenizer.num_special_tokens_to_add()
    except ImportError as error:
        raise EncoderError(
            "the tokenizer of {shown} needs a package that is not installed: {error}; install it, "
            "or choose another encoder",
            shown=checkpoint.shown,
            error=one_line(error),
        ) from error
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        raise EncoderError(
            "the tokenizer of {shown} cannot be loaded: {error}; save it into the folder with "
            "save_pretrained",
            shown=checkpoint.shown,
            error=one_line(error),
        ) from error
    _check_vocabulary(tokenizer, checkpoint.shown)
    if special > _MOST_SPECIAL or tokens - special > _MOST_PER_BYTE * len(_PROBE.encode()):
        raise EncoderError(
            "the tokenizer of {shown} makes {tokens:,} tokens of {n} characters, {special:,} of "
            "them special; up to {most} a byte and {most_special} are taken. Choose "
            "another encoder",
            shown=checkpoint.shown,
            tokens=tokens,
            n=len(_PROBE),
            special=special,
            most=_MOST_PER_BYTE,
            most_special=_MOST_SPECIAL,
        )
    notices: tuple[str, ...] = ()
    if tokenizer.pad_token_id is None:
        notices += (_give_padding(tokenizer),)
    side = "left" if family.cls == "last" else "right"
    if tokenizer.padding_side != side:
        notices += (
            say(
                "The tokenizer pads on the {old!s}; here it pads on the {side!s}, so that "
                "padding does not move the words.",
                old=_SIDES[tokenizer.padding_side],
                side=_SIDES[side],
            ),
        )
        tokenizer.padding_side = side
    return tokenizer, notices


def find_cls(tokenizer: Any, family: Family, shown: str) -> tuple[ClsToken, tuple[str, ...]]:
    """The token that stands in [CLS]'s place, looked up in a sample, and notices.

    It is the tokenizer's cls_token, or its bos_token (XLM, whose cls_token is </s>, stands for
    <s>). A tokenizer with neither: no token is expected. Raises EncoderError where the tokenizer
    has a cls_token and puts it, and its bos_token, somewhere else or nowhere.
    """
    ids = tokenizer(_SAMPLE)["input_ids"]
    there = ids[0 if family.cls == "first" else -1] if ids else None
    for name in ("cls_token", "bos_token"):
        token, number = getattr(tokenizer, name), getattr(tokenizer, f"{name}_id")
        if number is not None and number == there:
            return ClsToken(str(token), int(number)), ()
    if tokenizer.cls_token_id is not None:
        raise EncoderError(
            "the tokenizer of {shown} has the token {cls_token} but does not put it {place!s} in a "
            "sentence; save a tokenizer that adds its special tokens",
            shown=shown,
            cls_token=on_one_line(str(tokenizer.cls_token)),
            place=PLACES[family.cls],
        )
    notice = say(
        "The tokenizer adds no [CLS] token: the {place!s} token of each sentence, which is a word "
        "piece, is taken for it.",
        place=PLACES[family.cls],
    )
    return ClsToken(None, None), (notice,)


def longest_input(tokenizer: Any, model: nn.Module, shown: str) -> tuple[int, tuple[str, ...]]:
    """Tokens (special ones included) of the longest input, and a notice where it is a guess.

    The least of the tokenizer's own limit, the config's, and the rows of the position table,
    where families like RoBERTa begin counting behind the padding id. Raises EncoderError where
    that leaves no place beside the special tokens.
    """
    config: Any = model.config
    limits = [tokenizer.model_max_length, getattr(config, "max_position_embeddings", None)]
    for name, module in model.named_modules():
        if name.split(".")[-1] == "position_embeddings" and isinstance(module, nn.Embedding):
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - unused)
    bounds = [int(x) for x in limits if isinstance(x, int | float) and 0 < x < _NO_LIMIT]
    special = tokenizer.num_special_tokens_to_add()
    if bounds and min(bounds) <= special:
        raise EncoderError(
            "the longest input of {shown} is {most} tokens (model_max_length, "
            "max_position_embeddings), and {special} of them are special; correct that, or choose "
            "another encoder",
            shown=shown,
            most=min(bounds),
            special=special,
        )
    if bounds:
        return min(bounds), ()
    return _DEFAULT_LIMIT, (
        say(
            "The encoder sets no limit to its input; sentences are cut at {most} tokens.",
            most=_DEFAULT_LIMIT,
        ),
    )


def _check_vocabulary(tokenizer: Any, shown: str) -> None:
    vocabulary = tokenizer.get_vocab()
    if set(vocabulary) <= set(tokenizer.all_special_tokens):
        raise EncoderError(
            "{shown} holds no vocabulary for its tokenizer (tokenizer.json, vocab.txt, …); save "
            "the tokenizer into the folder with save_pretrained",
            shown=shown,
        )
    if max(vocabulary.values()) > _HIGHEST_ID:
        raise EncoderError(
            "the tokenizer of {shown} has a token with the id {id:,}; up to {most:,} is "
            "read. Save it anew, or choose another encoder",
            shown=shown,
            id=max(vocabulary.values()),
            most=_HIGHEST_ID,
        )


def _give_padding(tokenizer: Any) -> str:
    """Set some padding token; the attention mask keeps it out of everything."""
    for name in ("eos_token", "sep_token", "unk_token", "cls_token"):
        token = getattr(tokenizer, name, None)
        if token is not None:
            break
    else:
        token = tokenizer.convert_ids_to_tokens(0)
    tokenizer.pad_token = token
    return say(
        "The tokenizer has no padding token; {token} is used, hidden by the attention mask.",
        token=on_one_line(str(token)),
    )
