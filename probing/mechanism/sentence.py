"""One sentence, read by the probes of a run: its tokens, what the average is made of, readings."""

import numpy as np
from torch import Tensor

from probing.encoders.encoder import Encoder
from probing.encoders.tokens import tokens_of
from probing.language import say

from .occlusion import spans, vectors, without
from .readers import Readers
from .saliency import gradient_times_input
from .tokens import group_of
from .values import Average, Missing, Reading, Token

_NO_MEAN = Missing(
    say(
        "This run has no probe that reads the mean of the hidden states. Make a run with the "
        "pooling mean to see what each token adds to it."
    )
)
_NO_PROBES = Missing(
    say(
        "This run has no probe that can read a sentence: its vectors are the same for all "
        "sentences."
    )
)


def tokens_of_sentence(text: str, encoder: Encoder) -> tuple[tuple[Token, ...], int]:
    """The T tokens as the encoder reads them, and how many more were cut off.

    Raises EncoderError for a text that has no tokens at all, or no [CLS].
    """
    tokens = tokens_of([text], encoder)
    place = int(encoder.cls_positions(tokens.batch(np.array([0]), encoder))[0])
    ids, special = tokens.flat["input_ids"].tolist(), tokens.flat["special_tokens_mask"].tolist()
    found = []
    for i, (number, is_special) in enumerate(zip(ids, map(bool, special), strict=True)):
        shown = _shown(encoder, number)
        group = group_of(shown, is_special, i == place)
        found.append(Token(shown, number, is_special, group))
    return tuple(found), int(tokens.counts[0] - tokens.lengths[0])


def averages(text: str, encoder: Encoder, readers: Readers) -> tuple[Average, ...] | Missing:
    """What each token adds to the logits of the mean's probe, by layer; one forward pass.

    With the intercepts they add up to the logits of the mean: w·(1/T) Σ_t h_t = Σ_t w·h_t / T.
    Computed in float64. Raises EncoderError as ``tokens_of_sentence`` does.
    """
    wanted = {reader.layer: reader for reader in readers.all if reader.pooling == "mean"}
    if not wanted:
        return _NO_MEAN
    batch = tokens_of([text], encoder).batch(np.array([0]), encoder)
    encoder.cls_positions(batch)  # a text that the encoder cannot read is refused here
    found: dict[int, Average] = {}

    def visit(layer: int, states: Tensor) -> None:
        if layer in wanted:
            reader, tokens = wanted[layer], states[0].cpu().double().numpy()
            parts = (tokens @ reader.weights).T / len(tokens)
            found[layer] = Average(
                layer, tuple(map(tuple, parts.tolist())), tuple(reader.intercepts.tolist())
            )

    encoder.visit_layers(batch, visit)
    return tuple(found[layer] for layer in sorted(found))


def readings(text: str, encoder: Encoder, readers: Readers) -> tuple[Reading, ...] | Missing:
    """The probabilities of every probe, and which tokens they rest on, by two measures.

    Costs a pass over the sentence without each of its words, and a forward and a backward pass
    for each probe. No state is left in the encoder. Raises EncoderError as ``tokens_of_sentence``.
    """
    if not readers.all:
        return _NO_PROBES
    tokens = tokens_of([text], encoder)
    words = spans(text, tokens, encoder)
    if len(words) == 1:  # nothing but special tokens would be left
        words = []
    poolings = tuple(dict.fromkeys(reader.pooling for reader in readers.all))
    x = vectors(without(tokens, words), encoder, poolings)
    read = [r.probabilities(x[r.pooling][r.layer]) for r in readers.all]
    given = [int(probabilities[0].argmax()) for probabilities in read]
    gradients = gradient_times_input(tokens, encoder, readers.all, given)
    found = []
    for reader, probabilities, number, gradient in zip(
        readers.all, read, given, gradients, strict=True
    ):
        changes: list[float | None] = [None] * int(tokens.lengths[0])
        lost = probabilities[0, number] - probabilities[1:, number]
        for span, change in zip(words, lost.tolist(), strict=True):
            for place in span:
                changes[place] = change
        whole = tuple(probabilities[0].tolist())
        found.append(Reading(reader.layer, reader.pooling, whole, tuple(changes), gradient))
    return tuple(found)


def _shown(encoder: Encoder, number: int) -> str:
    """A token as people read it: its name, but in letters where the tokenizer writes bytes."""
    tokenizer = encoder.tokenizer
    token = str(tokenizer.convert_ids_to_tokens(number))
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if token.isascii() or type(getattr(backend, "decoder", None)).__name__ != "ByteLevel":
        return token
    begins = token.startswith("Ġ")
    text = str(tokenizer.convert_tokens_to_string([token])).strip()
    if not text or "\N{REPLACEMENT CHARACTER}" in text:  # a space, or a part of a letter
        return token
    return f"Ġ{text}" if begins else text
