"""Tokenizers that make much of a text, and vocabularies without end."""

import functools
import os

import pytest

from tests.attack.conftest import RefusedAlone
from tests.attack.spoiling import (
    Spoil,
    map_of,
    only_vocabulary,
    program,
    replace,
    steps,
    template,
    unigram,
    words,
    write,
)

BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}
BILLION = 10**9
TOKEN = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False}

REFUSED: dict[str, tuple[str, Spoil, str]] = {
    # what a tokenizer adds to a text
    "a text in front": (
        "bert",
        steps("normalizer", {"type": "Prepend", "prepend": "x " * 400}),
        "times as long",
    ),
    "a megabyte in front": (
        "bert",
        steps("normalizer", {"type": "Prepend", "prepend": "x " * 500_000}),
        "up to 1,024",
    ),
    "ten for one, nine times": (
        "bert",
        steps("normalizer", *[replace({"String": "a"}, "a" * 10)] * 9),
        r"can make a text 1e\+09 times as long; up to 200",
    ),
    "doubled by a pattern": (
        "bert",
        steps("normalizer", *[replace({"Regex": "(?=.)"}, "a")] * 30),
        "times as long",
    ),
    "an empty pattern": (
        "bert",
        steps("normalizer", *[replace({"String": ""}, "ab")] * 20),
        "times as long",
    ),
    "bytes of bytes": ("bert", steps("pre_tokenizer", *[BYTES] * 25), "times as long"),
    "a map to a novel": ("bert", steps("normalizer", map_of("x" * 100_000)), "times as long"),
    "a decoder that grows": (
        "bert",
        program(lambda v: v.update(decoder=replace({"String": "a"}, "a" * 1000))),
        "times as long",
    ),
    "steps in steps": (
        "bert",
        program(
            lambda v: v.update(
                normalizer=functools.reduce(
                    lambda inner, _: {"type": "Sequence", "normalizers": [inner]},
                    range(100),
                    {"type": "Lowercase"},
                )
            )
        ),
        "cannot be loaded",
    ),
    "the text a thousand times": (
        "bert",
        template([{"Sequence": {"id": "A", "type_id": 0}}] * 1000, [2]),
        "puts a text 1000 times",
    ),
    "100,000 special tokens": (
        "bert",
        template([{"Sequence": {"id": "A", "type_id": 0}}], [2] * 100_000),
        "values beside its vocabulary",
    ),
    "1,000 special tokens": (
        "bert",
        template([{"Sequence": {"id": "A", "type_id": 0}}], [2] * 1000),
        "1,000 of them special",
    ),
    "words without end": (
        "bert",
        program(lambda v: v["model"].update(max_input_chars_per_word=BILLION)),
        "max_input_chars_per_word",
    ),
    "a pattern that cannot be": (
        "bert",
        steps("normalizer", replace({"Regex": "(((("}, "")),
        "cannot be loaded",
    ),
    "a pattern that goes back for ever": (
        "bert",
        steps("normalizer", replace({"Regex": "(a+)+$"}, "")),
        "fails on these sentences .*retry-limit",
    ),
    # vocabularies
    "a token of a megabyte": ("bert", unigram(["x" * 1_000_000]), "up to 1,024"),
    "a million added tokens": (
        "bert",
        program(
            lambda v: v.update(
                added_tokens=[
                    {**TOKEN, "id": 300 + i, "content": f"t{i}", "special": True}
                    for i in range(100_000)
                ]
            )
        ),
        "adds 100,000 tokens; up to 50,000",
    ),
    "added far out": (
        "bert",
        words(added_tokens_decoder={str(10**9): {"content": "boo", "special": True}}),
        "with the id 1000000000",
    ),
    "added in another file": (
        "bert",
        write("added_tokens.json", b'{"film": 99999999999}'),
        "with the id",
    ),
    "an id beyond 32 bits": (
        "bert",
        program(lambda v: v["model"]["vocab"].update(film=4_000_000_000)),
        "with the id 4,000,000,000",
    ),
    "a special token of a megabyte": (
        "bert",
        words(extra_special_tokens={"a": "b" * 10**6}),
        "up to 1,024",
    ),
    "a token of lines": ("bert", words(cls_token="a\nb\x1b[31m"), "has the token a b"),
    "five million pieces": (
        "bert",
        write("tokenizer.json", lambda: b'{"model":{"vocab":[' + b"[]," * 5_000_000 + b"[]]}}"),
        "larger than 4,000,000 values",
    ),
    "a vocabulary of 200 MB": (
        "bert",
        lambda d: os.truncate(d / "tokenizer.json", 200_000_000),
        "larger than 100,000,000 bytes",
    ),
    "ten million lines": (
        "bert",
        only_vocabulary(lambda: b"\n" * 10_000_000),
        "larger than 4,000,000 lines",
    ),
    "a template of 60 MB": (
        "bert",
        write("chat_template.jinja", lambda: b"x" * 60_000_000),
        "larger than 5,000,000",
    ),
    "a limit of 1": ("bert", words(model_max_length=1), "longest input of .* is 1 tokens"),
    "a limit of a half": ("bert", words(model_max_length=0.5), "longest input of .* is 0 tokens"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str, refused_alone: RefusedAlone) -> None:
    refused_alone(*REFUSED[name])
