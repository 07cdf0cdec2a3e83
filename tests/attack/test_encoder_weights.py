"""Headers of weights that lie about what follows them."""

import json

import pytest

from tests.attack.conftest import RefusedAlone
from tests.attack.spoiling import Spoil, header

REFUSED: dict[str, tuple[str, Spoil, str]] = {
    "a header of lists": (
        "bert",
        header(lambda: b'{"w":{"shape":[' + b"[]," * 900_000 + b"[]]}}"),
        "not a whole safetensors",
    ),
    "a header of 90 MB": (
        "bert",
        header(lambda: b"{" + b" " * 90_000_000 + b"}"),
        "header of 90,000,002 bytes; up to 3,000,000",
    ),
    "30,000 weights": (
        "bert",
        header(
            lambda: json.dumps(
                {
                    f"w{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
                    for i in range(30_000)
                }
            ).encode()
        ),
        "more than 20,000 weights",
    ),
    "20,000 dimensions": (
        "bert",
        header(lambda: json.dumps({"w": {"shape": [10**18] * 20_000}}).encode()),
        "not a whole safetensors",
    ),
    "numbers that are not there": (
        "bert",
        header(b'{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4]}}'),
        "not a whole safetensors",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str, refused_alone: RefusedAlone) -> None:
    refused_alone(*REFUSED[name])
