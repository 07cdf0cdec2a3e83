"""[CLS] is found by its id, wherever padding is, and its absence is noticed."""

from dataclasses import replace

import pytest
import torch

from probing.encoders import Encoder, cls_positions, load_encoder
from probing.encoders.families import FAMILIES
from probing.encoders.tokenization import find_cls
from probing.errors import EncoderError
from tests.tiny import BERT, XLNET, tiny_tokenizer

from .conftest import Checkpoints, Encoders

CLS, SEP, PAD = 2, 3, 0
RIGHT = torch.tensor([[CLS, 9, 8, SEP], [CLS, 9, SEP, PAD]])
LEFT = torch.tensor([[CLS, 9, 8, SEP], [PAD, CLS, 9, SEP]])


def test_first_under_right_and_left_padding() -> None:
    assert cls_positions(RIGHT, (RIGHT != PAD).int(), cls_id=CLS).tolist() == [0, 0]
    assert cls_positions(LEFT, (LEFT != PAD).int(), cls_id=CLS).tolist() == [0, 1]


def test_last_under_right_and_left_padding() -> None:
    right, left = RIGHT.clone(), LEFT.clone()
    for ids in (right, left):
        ids[ids == CLS] = 7
        ids[ids == SEP] = CLS
    found = [
        cls_positions(ids, (ids != PAD).int(), place="last", cls_id=CLS).tolist()
        for ids in (right, left)
    ]
    assert found == [[3, 2], [3, 3]]


def test_padding_with_the_id_of_cls_is_not_cls() -> None:
    ids = torch.tensor([[CLS, CLS, CLS, 9, SEP]])
    assert cls_positions(ids, torch.tensor([[0, 0, 1, 1, 1]]), cls_id=CLS).tolist() == [2]


def test_without_an_id_the_first_or_last_real_token_is_taken() -> None:
    mask = (LEFT != PAD).int()
    assert cls_positions(LEFT, mask).tolist() == [0, 1]
    assert cls_positions(RIGHT, (RIGHT != PAD).int(), place="last").tolist() == [3, 2]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (
            [[CLS, 9, SEP], [9, 8, SEP]],
            r"row 1 .* \[CLS\] \(id 2\) .* position 0, .* not there",
        ),
        ([[9, CLS, SEP], [CLS, 8, SEP]], r"row 0 .* as its first token.* but it is at position 1"),
        ([[CLS, 9, SEP], [PAD, PAD, PAD]], "row 1 of the batch has no tokens at all"),
    ],
)
def test_rows_without_cls_in_its_place(ids: list[list[int]], message: str) -> None:
    batch = torch.tensor(ids)
    with pytest.raises(EncoderError, match=message):
        cls_positions(batch, (batch != PAD).int(), cls_id=CLS, cls_token="[CLS]")


def test_a_batch_made_without_special_tokens_is_refused(encoder: Encoders) -> None:
    loaded = encoder("bert")
    batch = loaded.tokenizer(["good film"], add_special_tokens=False, return_tensors="pt")
    with pytest.raises(EncoderError, match="use the tokenizer with its special tokens"):
        loaded.cls_positions(batch)


def test_cls_written_in_a_sentence_does_not_confuse(encoder: Encoders) -> None:
    loaded = encoder("bert")
    batch = loaded.tokenize(["[CLS] good [SEP] film [CLS]", "bad"])
    assert batch["input_ids"][0].tolist().count(loaded.info.cls_id) == 3
    assert loaded.cls_positions(batch).tolist() == [0, 0]


def test_a_left_padding_tokenizer_is_turned_around(checkpoint: Checkpoints) -> None:
    folder = checkpoint("bert", specials=replace(BERT, padding_side="left"))
    loaded = load_encoder(folder)
    batch = loaded.tokenize(["a good film", "bad"])
    assert batch["attention_mask"].tolist() == [[1] * 5, [1, 1, 1, 0, 0]]
    assert "pads on the left; here it pads on the right" in loaded.info.notices[0]
    check_alone_equals_in_a_batch(loaded)


def test_a_right_padding_xlnet_is_turned_around(checkpoint: Checkpoints) -> None:
    folder = checkpoint("xlnet", specials=replace(XLNET, padding_side="right"))
    loaded = load_encoder(folder)
    batch = loaded.tokenize(["a good film", "bad"])
    assert loaded.cls_positions(batch).tolist() == [4, 4]
    check_alone_equals_in_a_batch(loaded)


def check_alone_equals_in_a_batch(loaded: Encoder) -> None:
    batch = loaded.tokenize(["a good film", "bad"])
    alone = loaded.tokenize(["bad"])
    position, other = loaded.cls_positions(batch)[1], loaded.cls_positions(alone)[0]
    for a, b in zip(loaded.forward(alone).layers, loaded.forward(batch).layers, strict=True):
        torch.testing.assert_close(a[0, other], b[1, position], atol=1e-5, rtol=0)


def without(*names: str, template: str = BERT.template) -> object:
    kept = {name: token for name, token in BERT.names.items() if name not in names}
    return replace(BERT, names=kept, template=template)


def test_a_tokenizer_with_cls_that_does_not_add_it(checkpoint: Checkpoints) -> None:
    folder = checkpoint("bert", specials=replace(BERT, template=""))
    with pytest.raises(
        EncoderError, match=r"has the token \[CLS\] but does not put it first .* adds its special"
    ):
        load_encoder(folder)


def test_a_tokenizer_without_cls_takes_the_first_token(checkpoint: Checkpoints) -> None:
    loaded = load_encoder(checkpoint("bert", specials=without("cls", template="")))
    assert (loaded.info.cls_token, loaded.info.cls_id) == (None, None)
    assert any("adds no [CLS] token" in notice for notice in loaded.info.notices)
    assert loaded.cls_positions(loaded.tokenize(["a good film", "bad"])).tolist() == [0, 0]
    with pytest.raises(EncoderError, match="row 1 of the batch has no tokens"):
        loaded.cls_positions(loaded.tokenize(["a good film", " "]))


def test_a_tokenizer_without_padding_gets_one(checkpoint: Checkpoints) -> None:
    loaded = load_encoder(checkpoint("bert", specials=without("pad")))
    assert "no padding token; [SEP] is used" in loaded.info.notices[0]
    batch = loaded.tokenize(["a good film", "bad"])
    assert batch["attention_mask"].tolist() == [[1] * 5, [1, 1, 1, 0, 0]]
    check_alone_equals_in_a_batch(loaded)


def test_a_tokenizer_without_any_special_token_gets_padding(checkpoint: Checkpoints) -> None:
    bare = without("pad", "cls", "sep", "mask", template="")
    loaded = load_encoder(checkpoint("bert", specials=bare))
    assert "no padding token; [UNK] is used" in loaded.info.notices[0]
    check_alone_equals_in_a_batch(loaded)


def test_xlms_cls_token_is_its_separator_so_bos_counts() -> None:
    from tests.tiny import XLM

    token, notices = find_cls(tiny_tokenizer(specials=XLM), FAMILIES["xlm"], "x")
    assert (token.token, token.id, notices) == ("<s>", 0, ())


def test_ids_beyond_the_models_vocabulary(checkpoint: Checkpoints) -> None:
    folder = checkpoint("bert", config={"vocab_size": 100})
    with pytest.raises(EncoderError, match=r"gives token id .* has 100 tokens; they do not belong"):
        load_encoder(folder)
