"""The texts that the code marks for translation: ``python -m tests.texts`` puts new ones in.

A translation that no text asks for any more goes; a new text gets an empty one.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from probing.language import LANGUAGES, MESSAGE, TEXTS

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {"tr": None, "later": None, "tr_n": (1, 2)}
ERRORS = ("ProbingError", "DataError", "EncoderError", "SettingsError", "RunFolderError")
MESSAGES = {"say": None, "say_n": (1, 2), **dict.fromkeys(ERRORS)}
TRANSLATED = tuple(name for name in LANGUAGES if name != "en")


def marked() -> Catalog:
    """All texts in the code, without translations."""
    found = Catalog(charset="utf-8")
    for folder in ("probing", "dashboard"):
        for keywords, context in ((KEYWORDS, None), (MESSAGES, MESSAGE)):
            for file, _, message, _, _ in extract_from_dir(
                ROOT / folder, [("**.py", "python")], keywords=keywords
            ):
                found.add(message, locations=[(f"{folder}/{file}", 0)], context=context)
    return found


def kept(language: str) -> Catalog:
    """The translations of one language."""
    with (TEXTS / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def write(language: str, catalogue: Catalog) -> None:
    """Write a language's file, sorted, with the head it has: no dates that change each time."""
    path = TEXTS / f"{language}.po"
    head = path.read_bytes().partition(b"\n\n")[0]
    with path.open("wb") as file:
        file.write(head + b"\n\n")
        write_po(
            file,
            catalogue,
            width=100,
            omit_header=True,
            sort_output=True,
            ignore_obsolete=True,
            no_location=True,
        )


def main() -> None:
    """Bring each language's file in step with the code."""
    texts = marked()
    for language in TRANSLATED:
        catalogue = kept(language)
        catalogue.update(texts, no_fuzzy_matching=True)
        write(language, catalogue)


if __name__ == "__main__":
    main()
