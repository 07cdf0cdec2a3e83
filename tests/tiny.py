"""Tiny checkpoints of every encoder family, saved as a user would save them.

``tiny_checkpoint(folder, "roberta")`` leaves a folder with config.json, model.safetensors and a
tokenizer, random weights, no network. English words of ``WORDS`` are one token each; any other
word falls apart into characters.
"""

import contextlib
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TEXT = (
    "the a an and or not is are was were be in on at of to for with from by it this that he she "
    "they we you i my your good bad great awful fine film movie food service room staff place "
    "book bank card money account time day night one two dog cat man woman child house city very "
    "too so but never always loved hated liked saw ate bought lost found paid sent waited"
)
WORDS = tuple(_TEXT.split())
"""The words that are one token each."""


@dataclass(frozen=True)
class Specials:
    """Special tokens in the order of their ids, and how a sentence is wrapped in them."""

    tokens: tuple[str, ...]
    template: str
    names: dict[str, str]
    padding_side: str = "right"
    token_types: bool = True


BERT = Specials(
    ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "[CLS] $A [SEP]",
    {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"},
)
ROBERTA = Specials(
    ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    "<s> $A </s>",
    {
        "pad": "<pad>",
        "unk": "<unk>",
        "cls": "<s>",
        "sep": "</s>",
        "mask": "<mask>",
        "bos": "<s>",
        "eos": "</s>",
    },
    token_types=False,
)
ESM = Specials(
    ("<cls>", "<pad>", "<eos>", "<unk>", "<mask>"),
    "<cls> $A <eos>",
    {"pad": "<pad>", "unk": "<unk>", "cls": "<cls>", "eos": "<eos>", "mask": "<mask>"},
    token_types=False,
)
XLNET = Specials(
    ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"),
    "$A <sep> <cls>:2",
    {
        "pad": "<pad>",
        "unk": "<unk>",
        "cls": "<cls>",
        "sep": "<sep>",
        "mask": "<mask>",
        "bos": "<s>",
        "eos": "</s>",
    },
    padding_side="left",
)
XLM = Specials(
    ("<s>", "</s>", "<pad>", "<unk>", "<mask>"),
    "<s> $A </s>",
    {"pad": "<pad>", "unk": "<unk>", "cls": "</s>", "sep": "</s>", "mask": "<mask>", "bos": "<s>"},
    token_types=False,
)
EUROBERT = Specials(
    ("<|begin_of_text|>", "<|end_of_text|>", "<|pad|>", "<|mask|>", "<|unk|>"),
    "<|begin_of_text|> $A <|end_of_text|>",
    {
        "pad": "<|pad|>",
        "unk": "<|unk|>",
        "bos": "<|begin_of_text|>",
        "eos": "<|end_of_text|>",
        "mask": "<|mask|>",
    },
    token_types=False,
)

SPECIALS = {
    **dict.fromkeys(
        ("roberta", "xlm-roberta", "camembert", "data2vec-text", "longformer", "mpnet"), ROBERTA
    ),
    "esm": ESM,
    "xlnet": XLNET,
    "xlm": XLM,
    "flaubert": XLM,
    "eurobert": EUROBERT,
}
"""model_type → special tokens; BERT's for every other."""

EXTRA: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 12},
    "big_bird": {"attention_type": "block_sparse", "block_size": 4, "num_random_blocks": 1},
    "convbert": {"embedding_size": 12, "conv_kernel_size": 3, "head_ratio": 1},
    "deberta": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0},
    "deberta-v2": {
        "relative_attention": True,
        "pos_att_type": ["c2p", "p2c"],
        "position_biased_input": False,
        "type_vocab_size": 0,
        "position_buckets": 8,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
    },
    "electra": {"embedding_size": 12},
    "esm": {"position_embedding_type": "rotary", "token_dropout": True},
    "longformer": {"attention_window": 4},
    "mobilebert": {
        "embedding_size": 8,
        "intra_bottleneck_size": 8,
        "true_hidden_size": 8,
        "num_feedforward_networks": 2,
        "classifier_activation": True,
    },
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 8},
    "nystromformer": {"num_landmarks": 4, "segment_means_seq_len": 4, "conv_kernel_size": 3},
    "rembert": {"input_embedding_size": 12, "output_embedding_size": 12},
    "roformer": {"embedding_size": 12},
}
"""What a tiny config of a family needs beside the sizes."""


def tiny_checkpoint(
    folder: Path,
    model_type: str = "bert",
    *,
    layers: int = 2,
    hidden: int = 16,
    heads: int = 2,
    seed: int = 0,
    words: Sequence[str] = WORDS,
    positions: int = 64,
    head: str | None = None,
    labels: int = 3,
    noise: float = 0.0,
    specials: Specials | None = None,
    limit: int | None = None,
    config: dict[str, Any] | None = None,
) -> Path:
    """Save model and tokenizer of a family into ``folder`` and return it.

    ``head``: None (the base model), ``"SequenceClassification"``, ``"MaskedLM"``, … as in
    AutoModelFor…. ``noise``: standard deviation of normal noise added to every weight, which
    makes biases non-zero and norms unequal, as training does. ``positions``: longest input in
    tokens. ``limit``: the tokenizer's own limit, default ``positions``. ``config``: further config
    entries, the last word.
    """
    import torch
    import transformers

    specials = specials or SPECIALS.get(model_type, BERT)
    tokenizer = tiny_tokenizer(words, specials, limit or positions)
    settings = _settings(model_type, layers, hidden, heads, positions, tokenizer)
    for name in specials.names:
        settings[f"{name}_token_id"] = getattr(tokenizer, f"{name}_token_id")
    settings |= {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    settings |= EXTRA.get(model_type, {}) | {"num_labels": labels} | (config or {})
    full = transformers.AutoConfig.for_model(model_type, **settings)
    maker = getattr(transformers, f"AutoModelFor{head}" if head else "AutoModel")
    with _quietly(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = maker.from_config(full).eval()
        with torch.no_grad():
            for weight in model.parameters():
                weight += noise * torch.randn_like(weight)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return Path(folder)


def tiny_tokenizer(words: Sequence[str] = WORDS, specials: Specials = BERT, limit: int = 64) -> Any:
    """A lower-casing WordPiece tokenizer: ``words`` whole, all else in characters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = [*specials.tokens, *characters, *(f"##{c}" for c in characters), *words]
    vocab = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token=specials.names["unk"]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if specials.template:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=specials.template,
            special_tokens=[(token, vocab[token]) for token in specials.tokens],
        )
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    if not specials.token_types:
        inputs.remove("token_type_ids")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=limit,
        padding_side=specials.padding_side,
        model_input_names=inputs,
        **{f"{name}_token": token for name, token in specials.names.items()},
    )


def _settings(
    model_type: str, layers: int, hidden: int, heads: int, positions: int, tokenizer: Any
) -> dict[str, Any]:
    """The sizes under the names that the family's config has for them."""
    pad = tokenizer.pad_token_id or 0
    vocab = len(tokenizer)
    if model_type in ("xlm", "flaubert"):
        sizes = {
            "emb_dim": hidden,
            "n_layers": layers,
            "n_heads": heads,
            "n_words": vocab,
            "pad_index": pad,
        }
        sizes |= {"eos_index": 1, "bos_index": 0, "unk_index": 3, "mask_index": 4}
        first = {"summary_type": "first", "max_position_embeddings": positions}
        return sizes | first | {"pad_token_id": pad}
    if model_type == "xlnet":
        sizes = {"d_model": hidden, "n_layer": layers, "n_head": heads, "d_inner": 2 * hidden}
        return sizes | {"vocab_size": vocab, "pad_token_id": pad, "summary_type": "last"}
    if model_type == "distilbert":
        sizes = {"dim": hidden, "n_layers": layers, "n_heads": heads, "hidden_dim": 2 * hidden}
    else:
        sizes = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads}
        sizes |= {"intermediate_size": 2 * hidden}
    if model_type == "eurobert":
        sizes |= {"num_key_value_heads": heads}
    if model_type in SPECIALS and model_type != "eurobert":
        positions += pad + 1
    return sizes | {"vocab_size": vocab, "pad_token_id": pad, "max_position_embeddings": positions}


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if bars:
            logging.enable_progress_bar()
