"""What a person means by a name: the bundled encoder, a hub id, or a folder."""

from pathlib import Path

import pytest

from probing.encoders import BUNDLED, load_encoder, understand
from probing.encoders.names import check_revision
from probing.errors import EncoderError

from .conftest import Checkpoints


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [BUNDLED, "bundled"])
def test_the_bundled_encoder_even_beside_a_folder_of_its_name(name: str, here: Path) -> None:
    (here / name).mkdir()
    target = understand(name)
    assert (target.source, target.id, target.folder) == ("bundled", BUNDLED, None)


@pytest.mark.parametrize(
    "name",
    ["gpt2", "google-bert/bert-base-uncased", "sentence-transformers/all-MiniLM-L6-v2", "a/b_c.d"],
)
def test_hub_ids(name: str, here: Path) -> None:
    assert understand(name).source == "hub"
    assert understand(name).id == name


@pytest.mark.parametrize("name", ["my-encoder", "owner/my-encoder"])
def test_a_bare_id_equal_to_a_folder_is_refused(
    name: str, here: Path, checkpoint: Checkpoints
) -> None:
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).symlink_to(checkpoint("bert"))
    with pytest.raises(EncoderError, match=rf"could also be a hub id; write \./{name} for"):
        load_encoder(name)
    assert load_encoder(f"./{name}").info.source == "folder"


@pytest.mark.parametrize("form", ["{0}", "./{1}", "../{2}/{1}", "x/../{1}", "{1}/../{1}"])
def test_folders_written_as_paths(form: str, here: Path) -> None:
    (here / "encoder").mkdir()
    (here / "x").mkdir()
    target = understand(form.format(here / "encoder", "encoder", here.name))
    assert (target.source, target.id) == ("folder", "encoder")


def test_a_path_object_is_a_path(here: Path) -> None:
    (here / "encoder").mkdir()
    assert understand(Path("encoder")).source == "folder"
    with pytest.raises(EncoderError, match="folder 'all-MiniLM-L6-v2' does not exist"):
        understand(Path(BUNDLED))


def test_home_is_understood(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    (here / "encoder").mkdir()
    assert understand("~/encoder").folder == here / "encoder"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "'' is not the name of an encoder; give all-MiniLM-L6-v2"),
        ("  ", "is not the name of an encoder"),
        ("a\nb", "is not the name of an encoder"),
        ("a\0b", "is not the name of an encoder"),
        ("x" * 5000, r"'xxx.*…' is not the name of an encoder"),
        ("https://huggingface.co/gpt2", "is neither a hub id nor a path; .* a hub id such as"),
        ("a b", "is neither a hub id nor a path"),
        ("models--gpt2", "is neither a hub id nor a path"),
        ("a/b.git", "is neither a hub id nor a path"),
        ("a..b", "is neither a hub id nor a path"),
        ("-rf", "is neither a hub id nor a path"),
        ("naïve/encoder", "is neither a hub id nor a path"),
        ("./nowhere", "the folder './nowhere' does not exist; give .* written as a path"),
        ("a/b/c", "the folder 'a/b/c' does not exist"),
        ("~nobody-of-this-name/x", "cannot be read|does not exist"),
    ],
)
def test_names_that_mean_nothing(name: str, message: str, here: Path) -> None:
    with pytest.raises(EncoderError, match=message) as caught:
        understand(name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_file_is_not_a_folder(here: Path) -> None:
    (here / "model.safetensors").write_bytes(b"")
    with pytest.raises(EncoderError, match=r"is a file; give the folder that holds config\.json"):
        understand("./model.safetensors")


def test_revisions() -> None:
    check_revision(None, "bundled")
    for good in ("main", "v1.0", "refs/pr/4", "607a30d783dfa663caf39e06633721c8d4cfcd7e"):
        check_revision(good, "hub")
    for bad in ("", "a b", "../../x", "-x", "x" * 300):
        with pytest.raises(EncoderError, match="is not a revision; give a branch, a tag"):
            check_revision(bad, "hub")
    with pytest.raises(EncoderError, match="only encoders from the hub have revisions"):
        check_revision("main", "folder")
