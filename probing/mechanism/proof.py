"""The proof card: that ``[:, 0]`` is the first token, and what becomes of it, on one sentence."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from probing.encoders.encoder import Encoder, HiddenStates, pooler_dense
from probing.encoders.families import head_reads
from probing.encoders.heads import head_input, head_logits, head_step
from probing.encoders.info import PLACES
from probing.encoders.quiet import quiet
from probing.language import say

from .proof_code import program
from .values import Proof, Step

SHOWN = 8
"""Numbers of a vector that the card shows."""
_SEED = 0


def proof(text: str, encoder: Encoder) -> Proof:
    """The card for ``text`` (cut at what the encoder reads) as this encoder treats it.

    Two forward passes over one sentence. The head is the family's own
    …ForSequenceClassification around the encoder's own weights, with random weights of its own.
    """
    batch = encoder.tokenize([text])
    position = int(encoder.cls_positions(batch)[0])
    states = encoder.forward(batch)
    table = encoder.model.get_input_embeddings().weight
    last = states.layers[-1][0]
    classifier = None if encoder.family.assumed else _classifier(encoder)
    checked = _check_head(classifier, encoder, batch) if classifier is not None else None
    return Proof(
        specials=_specials(encoder.tokenizer),
        cls_position=position,
        embedding=_numbers(table[batch["input_ids"][0, position]]),
        embedding_size=(int(table.shape[0]), int(table.shape[1])),
        steps=_steps(encoder, batch, states, checked[0] if checked else None),
        first_token=_numbers(last[position]),
        first_feature=_numbers(last[:, 0]),
        pooler_difference=_pooler_difference(encoder, states, position),
        pooler_note=_pooler_note(encoder),
        head=encoder.info.head,
        head_steps=_head_steps(encoder, classifier if checked else None),
        head_difference=checked[1] if checked else None,
        code=program(text, encoder, SHOWN, head=checked is not None),
    )


def _numbers(vector: Tensor) -> tuple[float, ...]:
    return tuple(vector[:SHOWN].tolist())


def _specials(tokenizer: Any) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (name, str(token), int(tokenizer.convert_tokens_to_ids(str(token))))
        for name, given in tokenizer.special_tokens_map.items()
        for token in ([given] if isinstance(given, str) else given)
    )


def _steps(
    encoder: Encoder, batch: dict[str, Tensor], states: HiddenStates, logits: int | None
) -> tuple[Step, ...]:
    """``logits``: how many there are; None where the head is not known."""
    info, shape = encoder.info, tuple(states.layers[0].shape)
    tokens, hidden = shape[1], shape[2]
    name = info.cls_token or say("whatever token is there")
    at = "0" if info.cls_position == "first" else "-1"
    steps = [
        Step(
            "input_ids",
            tuple(batch["input_ids"].shape),
            say("one sentence of {tokens} tokens", tokens=tokens),
        ),
        Step("hidden_states[0]", shape, say("the embedding output: no token has seen another")),
        *(
            Step(
                f"hidden_states[{layer}]",
                tuple(state.shape),
                say("what layer {layer} gives", layer=layer),
            )
            for layer, state in enumerate(states.layers[1:], start=1)
        ),
        Step(
            f"hidden_states[-1][:, {at}]",
            (1, hidden),
            say(
                "the {place!s} token, {name!s}: all {hidden} features of it",
                place=PLACES[info.cls_position],
                name=name,
                hidden=hidden,
            ),
        ),
        Step(
            "hidden_states[-1][:, :, 0]",
            (1, tokens),
            say("not a token: the first feature of all {tokens} tokens", tokens=tokens),
        ),
    ]
    if states.pooler_output is not None:
        note = encoder.family.pooler or ""
        steps.append(Step("pooler_output", tuple(states.pooler_output.shape), note))
    if logits is not None:
        steps.append(
            Step("logits", (1, logits), say("what the family's classification head gives"))
        )
    return tuple(steps)


# ---- the pooler


def _pooler_difference(encoder: Encoder, states: HiddenStates, position: int) -> float | None:
    """From tanh(W·h + b), written out; a family that is not in the table may do otherwise."""
    dense = pooler_dense(encoder.model)
    if states.pooler_output is None or dense is None or encoder.family.assumed:
        return None
    by_hand = states.layers[-1][:, position] @ dense.weight.T
    by_hand = torch.tanh(by_hand if dense.bias is None else by_hand + dense.bias)
    return float((by_hand - states.pooler_output).abs().max())


def _pooler_note(encoder: Encoder) -> str:
    pooler = encoder.info.pooler
    if not pooler.present:
        return say(
            "This encoder has no pooler that can be used: {evidence!s}.", evidence=pooler.evidence
        )
    if pooler.trained:
        return say(
            "pooler_output is {formula!s}. Training has shaped it: {evidence!s}.",
            formula=encoder.family.pooler,
            evidence=pooler.evidence,
        )
    return say(
        "pooler_output is {formula!s}, but training never shaped it: {evidence!s}.",
        formula=encoder.family.pooler,
        evidence=pooler.evidence,
    )


# ---- the head


def _classifier(encoder: Encoder) -> nn.Module | None:
    """The family's …ForSequenceClassification around ``encoder.model`` itself, not a copy.

    Built without memory (``meta``), then given the encoder and random weights for the rest. None
    where transformers cannot build it.
    """
    from transformers import AutoModelForSequenceClassification

    config = copy.deepcopy(encoder.model.config)
    try:
        with quiet(), torch.device("meta"):
            classifier: Any = AutoModelForSequenceClassification.from_config(
                config,
                trust_remote_code=False,
                dtype=torch.float32,
                attn_implementation=config._attn_implementation,
            )
    except (ValueError, RuntimeError, NotImplementedError):
        return None
    base = classifier.base_model_prefix
    if not isinstance(getattr(classifier, base, None), nn.Module):
        return None
    setattr(classifier, base, encoder.model)
    generator = torch.Generator(encoder.device).manual_seed(_SEED)
    for name, part in classifier.named_children():
        if name != base:
            _randomise(part.to_empty(device=encoder.device), generator)
    return classifier.eval()


def _randomise(part: nn.Module, generator: torch.Generator) -> None:
    """Normal numbers, large enough that a step left out would be seen, a bias too."""
    with torch.no_grad():
        for name, weight in part.named_parameters():
            scale = weight.ndim == 1 and not name.endswith("bias")  # of a norm
            spread = weight.shape[1] ** -0.5 if weight.ndim == 2 else 0.1
            weight.normal_(1.0 if scale else 0.0, spread, generator=generator)
            weight.requires_grad_(False)


def _check_head(
    classifier: Any, encoder: Encoder, batch: dict[str, Tensor]
) -> tuple[int, float] | None:
    """How many logits, and the largest difference of the table's steps from the class's own.

    None where it is not known what the head reads.
    """
    family, config = encoder.family, classifier.config
    if head_reads(family, config) == "unknown":
        return None
    mask, cls = batch["attention_mask"], encoder.cls_positions(batch)
    with torch.inference_mode():
        inputs = encoder.model_inputs(batch)
        own = classifier(**inputs, return_dict=True).logits
        output = encoder.model(**inputs, return_dict=True)
        pooled = getattr(output, "pooler_output", None)  # as the class gets it, random or not
        try:
            read = head_input(family, config, output.last_hidden_state, mask, cls, pooled)
            steps = head_logits(family, classifier, read, mask)
        except (ValueError, AttributeError):
            return None
    return int(own.shape[1]), float((steps - own).abs().max())


def _head_steps(encoder: Encoder, classifier: Any | None) -> tuple[str, ...]:
    """What is read, then each module with its size: ``classifier: Linear(…)``."""
    family = encoder.family
    if family.assumed:
        return ()
    reads = head_reads(family, encoder.model.config)
    if classifier is None:
        return (reads, *family.head_steps)
    shown = (
        f"{step.removeprefix('config:')}: {head_step(classifier, step)!r}"
        for step in family.head_steps
    )
    return (reads, *(" ".join(line.split()) for line in shown))
