"""What looks like harm in a checkpoint and is never acted on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attack.spoiling import Spoil, config, program, spoilt_copy, words, write
from tests.conftest import ROOT

EVIL = "{{ cycler.__init__.__globals__.os.mkdir('canary') }}"
BILLION = 10**9
HARMLESS: dict[str, Spoil] = {
    "padding to a billion": program(
        lambda v: v.update(
            padding={
                "strategy": "BatchLongest",
                "direction": "Right",
                "pad_to_multiple_of": BILLION,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            }
        )
    ),
    "fixed padding": program(
        lambda v: v.update(
            padding={
                "strategy": {"Fixed": BILLION},
                "direction": "Right",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            }
        )
    ),
    "cut to one": program(
        lambda v: v.update(
            truncation={
                "direction": "Right",
                "max_length": 1,
                "strategy": "LongestFirst",
                "stride": 0,
            }
        )
    ),
    "no limit": words(model_max_length=10**30),
    "a limit below 0": words(model_max_length=-1),
    "a limit of NaN": words(model_max_length=float("nan")),
    "a template that acts": words(chat_template=EVIL),
    "a file of a template that acts": write("chat_template.jinja", EVIL.encode()),
    "a class of another module": words(tokenizer_class="os.system"),
    "a class of a pickle": lambda d: (
        words(tokenizer_class="TransfoXLTokenizer", pretrained_vocab_file="vocab.pkl")(d),
        write("vocab.pkl", b"cos\nmkdir\n(S'canary'\ntR.")(d),
    ),
    "files of elsewhere": words(vocab_file="/dev/zero", tokenizer_file="/etc/passwd"),
    "code of a processor": write("processor_config.json", b'{"auto_map":{"AutoProcessor":"e.X"}}'),
    "generation settings nested": write("generation_config.json", b"[" * 5000),
    "a name of elsewhere": config(_name_or_path="/etc", architectures=["../../evil"]),
    "kernels": config(use_kernels=True, attn_implementation="someone/kernel"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_said_to_nobody_does_no_harm(
    name: str,
    alone: Callable[[Path], dict[str, Any]],
    checkpoint: Callable[..., Path],
    tmp_path: Path,
) -> None:
    found = alone(spoilt_copy(HARMLESS[name], checkpoint("bert"), tmp_path / "copy"))
    assert found["outcome"] == "loaded", found
    assert found["mb"] < 200
    assert found["seconds"] < 4
    assert not list(ROOT.glob("canary")) + list(tmp_path.rglob("canary"))


def test_a_sound_encoder_is_loaded_there(
    alone: Callable[[Path], dict[str, Any]], checkpoint: Callable[..., Path]
) -> None:
    """So that a refusal is the attack's, and what dies is told from what is refused."""
    assert alone(checkpoint("bert"))["outcome"] == "loaded"
