"""What may be in the files of a tokenizer: how large it is, and how far it may lengthen a text.

tokenizer.json is a small program: its steps replace, repeat and split a text before the vocabulary
sees it, and can make gigabytes of a sentence. What is bounded here is what can be read from the
file: lengths, numbers of tokens, and the product of what its steps add at most. How long a regular
expression takes cannot be read from it; a match gives up after 10 million steps (Oniguruma), and
what is slow below that is stopped by the time limit of the process that computes.
"""

import math
from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from probing.errors import EncoderError
from probing.language import say

from .checks import LARGEST_VOCABULARY, read_json
from .folders import Checkpoint
from .messages import on_one_line

LONGEST_TEXT = 1_024
"""Characters of a token, a pattern or what replaces it."""
MOST_PARTS = 10_000
"""Values of tokenizer.json beside its vocabulary and added tokens."""
MOST_ADDED = 50_000
"""Tokens added to a vocabulary: each is looked for by itself on loading."""
HIGHEST_ID = 4_000_000
"""Token id of an added token: some tokenizers are filled up to it."""
LONGEST_WORD = 1_000
"""Characters up to which WordPiece takes a word apart, in time of its third power."""
GROWTH = 200
"""Times that a text may become longer. XLNet's and XLM-R's steps could at most by 72: a character
of the Unicode map becomes 18, and a run of blanks is replaced by one."""

_OTHER_FILES = ("fast_tokenizer_files", "gguf_file", "vocab", "merges", "tokenizer_object")
_UNREAD = ("chat_template", "precompiled_charsmap")
_LISTS = ("normalizers", "pretokenizers", "decoders")
_ASIDE = ("vocab", "merges", "added_tokens")


def tokenizer_config(checkpoint: Checkpoint) -> dict[str, Any]:
    """tokenizer_config.json as it is in the file; empty where there is none.

    Raises EncoderError where it names files or holds tokens that are not loaded.
    """
    file, shown = checkpoint.folder / "tokenizer_config.json", checkpoint.shown
    settings = read_json(file, shown) if file.is_file() else {}
    inner = settings.get("sp_model_kwargs")
    named = [name for name in _OTHER_FILES if settings.get(name) is not None]
    named += [n for n in ("model_file", "model_proto") if isinstance(inner, dict) and n in inner]
    if settings.get("init_inputs"):
        named.append("init_inputs")
    if named:
        raise EncoderError(
            "tokenizer_config.json of {shown} names other files or vocabularies ({named}); remove "
            "the entry, only the files of the folder are read by their usual names",
            shown=shown,
            named=named[0],
        )
    _check_texts(settings, file.name, shown)
    return settings


def check_tokenizer(checkpoint: Checkpoint, settings: dict[str, Any]) -> None:
    """Refuse a tokenizer that would take memory or time beyond what a text needs.

    ``settings`` is what ``tokenizer_config`` gave. Raises EncoderError.
    """
    shown = checkpoint.shown
    _check_added(settings.get("added_tokens_decoder"), "tokenizer_config.json", shown)
    for name in ("added_tokens.json", "special_tokens_map.json"):
        file = checkpoint.folder / name
        if file.is_file():
            values = read_json(file, shown)
            _check_texts(values, name, shown)
            if name == "added_tokens.json":
                _check_added(dict.fromkeys(map(str, values.values())), name, shown)
    file = checkpoint.folder / "tokenizer.json"
    if file.is_file():
        _check_program(read_json(file, shown, LARGEST_VOCABULARY), shown)


def _check_program(program: dict[str, Any], shown: str) -> None:
    """Refuse what is too long in tokenizer.json. Its form is tokenizers' to check."""
    name = "tokenizer.json"
    _check_texts(program, name, shown)
    _check_added(program.get("added_tokens"), name, shown)
    model = program.get("model")
    model = model if isinstance(model, dict) else {}
    rest = [value for key, value in program.items() if key not in (*_ASIDE, "model")]
    rest += [value for key, value in model.items() if key not in _ASIDE]
    parts = sum(1 for _ in _inside(rest))
    if parts > MOST_PARTS:
        raise _too_much(
            name, shown, say("has {parts:,} values beside its vocabulary", parts=parts), MOST_PARTS
        )
    word = model.get("max_input_chars_per_word", 0)
    if not isinstance(word, int) or word > LONGEST_WORD:
        said = say("says max_input_chars_per_word = {word}", word=on_one_line(str(word), 20))
        raise _too_much(name, shown, said, LONGEST_WORD)
    try:
        growth = _growth(program.get("normalizer")) * _growth(program.get("pre_tokenizer"))
        growth = max(growth, _growth(program.get("decoder")))
        repeated = _repeated(program.get("post_processor"))
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise EncoderError(
            "{name} of {shown} is not a tokenizer's ({error}); save the tokenizer into the folder "
            "with save_pretrained",
            name=name,
            shown=shown,
            error=type(error).__name__,
        ) from error
    if growth > GROWTH:
        raise _too_much(
            name, shown, say("can make a text {growth:.6g} times as long", growth=growth), GROWTH
        )
    if repeated > 1:
        raise _too_much(name, shown, say("puts a text {n} times into its tokens", n=repeated), 1)


def _growth(step: Any) -> float:
    """How many characters a step can make of one.

    Unicode's own forms count as 1: they make up to 18 of few characters, and no more of those.
    """
    if step is None:
        return 1.0
    kind = step["type"]
    if kind == "Sequence":
        inner = next(step[name] for name in _LISTS if name in step)
        return math.prod(map(_growth, inner))
    if kind == "Replace":
        pattern, content = step["pattern"], len(step["content"])
        literal = pattern.get("String")
        return max(1.0, content / len(literal)) if literal else 1.0 + content
    if kind == "Prepend":
        return 1.0 + len(step["prepend"])
    if kind == "ByteLevel":
        return 4.0
    if kind == "Metaspace":
        return 2.0
    if kind == "Precompiled":
        return _longest_in_map(step["precompiled_charsmap"] or "")
    return 1.0


def _longest_in_map(charsmap: str) -> float:
    """Characters of the longest replacement in SentencePiece's map of characters: four bytes that
    give the size of an index, the index, and the replacements, each ended by a NUL."""
    raw = b64decode(charsmap)
    texts = raw[4 + int.from_bytes(raw[:4], "little") :].split(b"\0")
    return float(max(1, *(len(text.decode("utf-8", "replace")) for text in texts)))


def _repeated(step: Any) -> int:
    """How often the text stands in what a post-processor makes of it."""
    if step is None:
        return 0
    if step["type"] == "Sequence":
        return math.prod(max(1, _repeated(part)) for part in step["processors"])
    if step["type"] == "TemplateProcessing":
        return sum("Sequence" in piece for piece in step["single"])
    return 1


def _check_added(tokens: Any, file: str, shown: str) -> None:
    """Refuse too many added tokens, or ids too high: a table by id, or a list of tokens."""
    if not isinstance(tokens, dict | list):
        return
    if len(tokens) > MOST_ADDED:
        raise _too_much(file, shown, say("adds {n:,} tokens", n=len(tokens)), MOST_ADDED)
    if isinstance(tokens, dict):
        ids: Iterable[Any] = tokens
    else:
        ids = (token.get("id") for token in tokens if isinstance(token, dict))
    for number in map(str, ids):
        if number.isdecimal() and (len(number) > 9 or int(number) > HIGHEST_ID):
            said = say("adds a token with the id {number}", number=on_one_line(number, 20))
            raise _too_much(file, shown, said, HIGHEST_ID)


def _check_texts(values: dict[str, Any], file: str, shown: str) -> None:
    longest = max((len(text) for text in _inside(values) if isinstance(text, str)), default=0)
    if longest > LONGEST_TEXT:
        said = say("has a token or pattern of {longest:,} characters", longest=longest)
        raise _too_much(file, shown, said, LONGEST_TEXT)


def _inside(values: Any) -> Iterable[Any]:
    """All that is in ``values``, at any depth, keys included, but for texts that nobody reads."""
    todo = [values]
    while todo:
        value = todo.pop()
        yield value
        if isinstance(value, dict):
            todo += value
            todo += (inner for name, inner in value.items() if name not in _UNREAD)
        elif isinstance(value, list):
            todo += value


def _too_much(file: str, shown: str, said: str, most: int) -> EncoderError:
    return EncoderError(
        "{file} of {shown} {what!s}; up to {most:,} is taken. Correct it, or choose another "
        "encoder",
        file=file,
        shown=shown,
        what=said,
        most=most,
    )
