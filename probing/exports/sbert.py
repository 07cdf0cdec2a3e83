"""A cell as a folder that sentence-transformers loads: encoder, pooling, nothing else to know.

Written as versions 2 to 6 of sentence-transformers read it, without that library: module list,
pooling and dense settings are small JSON files, weights are safetensors.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from probing import store
from probing.encoders import Encoder
from probing.encoders.encoder import pooler_dense
from probing.encoders.quiet import quiet
from probing.errors import EncoderError, SettingsError
from probing.exports.cells import place_of
from probing.exports.truncation import truncated
from probing.mechanism.subject import encoder_of

if TYPE_CHECKING:
    from probing.record import Run

POOLINGS = ("cls", "pooled", "mean")
_MODES = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "lasttoken")
_CARD = """\
---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
---
# {name}, layer {layer}, {pooling}

{name} (revision `{revision}`) up to layer {layer} of {layers}, pooled by `{pooling}`; written by
CLS Probe. The licence of {name} holds.

```python
from sentence_transformers import SentenceTransformer

SentenceTransformer("path/to/this/folder").encode(["a sentence"])
```
"""


def sentence_transformers(
    source: "Run | Encoder", folder: str | Path, layer: int = -1, pooling: str = "cls"
) -> None:
    """Write a new ``folder`` for ``SentenceTransformer(folder)``, whose vectors are the cell's.

    ``source`` is a run, whose encoder is loaded once more, or a loaded encoder. Below the last
    layer the encoder is cut off behind it: config with fewer layers, weights without the rest.
    ``pooled`` is CLS and a dense layer with tanh. Raises EncoderError for encoders that
    sentence-transformers would run otherwise than we do, SettingsError for a layer or a pooling
    that there is not.
    """
    encoder = source if isinstance(source, Encoder) else encoder_of(source)
    at = place_of(layer, encoder.info.layers)
    _refuse(encoder, pooling)
    dense = _dense(encoder) if pooling == "pooled" else None
    model = truncated(encoder, at)
    with store.new_folder(Path(folder)) as work:
        with quiet():
            model.save_pretrained(work)
            encoder.tokenizer.save_pretrained(work)
        _write_settings(work, encoder, pooling)
        if dense is not None:
            _write_dense(work / "2_Dense", dense)
        card = _CARD.format(
            name=encoder.info.id,
            revision=encoder.info.revision,
            layers=encoder.info.layers,
            layer=at,
            pooling=pooling,
        )
        (work / "README.md").write_text(card, encoding="utf-8")


def _refuse(encoder: Encoder, pooling: str) -> None:
    """What sentence-transformers has no means for."""
    title = encoder.family.title
    if pooling not in POOLINGS:
        raise SettingsError(
            "sentence-transformers has no pooling {pooling!r}; choose one of {poolings}.",
            pooling=pooling,
            poolings=", ".join(POOLINGS),
        )
    if not encoder.family.padding_inert:
        raise EncoderError(
            "sentence-transformers pads the sentences of a batch, and padding changes what "
            "{title} makes of them; its vectors would not be this run's. Choose another encoder.",
            title=title,
        )
    if encoder.family.global_cls:
        raise EncoderError(
            "sentence-transformers does not give [CLS] the global attention that {title} has "
            "here; its vectors would not be this run's. Choose another encoder.",
            title=title,
        )


def _dense(encoder: Encoder) -> Any:
    """The pooler's linear layer, where the pooler is tanh(W·h + b). EncoderError elsewhere."""
    dense = pooler_dense(encoder.model)
    if encoder.info.pooler.present and dense is not None:
        with torch.inference_mode():
            h = torch.linspace(-2, 2, 3 * dense.in_features).reshape(3, -1).to(encoder.device)
            if torch.allclose(torch.tanh(dense(h)), encoder.pool(h), atol=1e-6):
                return dense
    raise EncoderError(
        "{id} has no pooler of the form tanh(W·h + b) ({evidence!s}); choose the pooling cls or "
        "mean.",
        id=encoder.info.id,
        evidence=encoder.info.pooler.evidence,
    )


def _write_settings(work: Path, encoder: Encoder, pooling: str) -> None:
    mode = "mean_tokens" if pooling == "mean" else "cls_token"
    if mode == "cls_token" and encoder.info.cls_position == "last":
        mode = "lasttoken"
    settings: dict[str, Any] = {"word_embedding_dimension": encoder.info.hidden}
    settings |= {f"pooling_mode_{name}": name == mode for name in _MODES}
    parts = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")]
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(parts[: 3 if pooling == "pooled" else 2])
    ]
    _json(work / "modules.json", modules)
    _json(
        work / "sentence_bert_config.json",
        {"max_seq_length": encoder.info.max_tokens, "do_lower_case": False},
    )
    _json(work / "1_Pooling" / "config.json", settings)


def _write_dense(folder: Path, dense: Any) -> None:
    from safetensors.torch import save_file

    settings = {
        "in_features": dense.in_features,
        "out_features": dense.out_features,
        "bias": dense.bias is not None,
        "activation_function": "torch.nn.modules.activation.Tanh",
    }
    _json(folder / "config.json", settings)
    weights = {f"linear.{name}": w.detach().cpu().clone() for name, w in dense.named_parameters()}
    save_file(weights, folder / "model.safetensors")


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
