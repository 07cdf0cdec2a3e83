"""What the bytes of an uploaded file are: text in which encoding, or not a text table at all."""

import codecs
import re

from probing.errors import DataError
from probing.language import say

_ARCHIVE = say("Unpack it and give the CSV inside.")
_EXPORT = say('Open it there and save it as "CSV UTF-8".')
_MAGIC = (
    (b"\x1f\x8b", say("a gzip archive"), _ARCHIVE),
    (b"\xfd7zXZ\x00", say("an xz archive"), _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", say("a Zstandard archive"), _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", say("a 7-Zip archive"), _ARCHIVE),
    (b"Rar!\x1a\x07", say("a RAR archive"), _ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", say("an old Excel or Word file"), _EXPORT),
    (b"%PDF-", say("a PDF"), say("Give the table itself as CSV.")),
    (b"{\\rtf", say("a rich text document"), _EXPORT),
    (
        b"PAR1\x15",
        say("a Parquet file"),
        say("Convert it with pandas.read_parquet(…).to_csv(…, index=False)."),
    ),
    (
        b"ARROW1\x00",
        say("an Arrow file"),
        say("Convert it with pandas.read_feather(…).to_csv(…, index=False)."),
    ),
    (b"\x89HDF", say("an HDF5 file"), say("Convert it to CSV.")),
    (b"SQLite format 3\x00", say("an SQLite database"), say("Export the table as CSV.")),
    (b"\x93NUMPY", say("a NumPy array"), say("Give the sentences as CSV.")),
    (b"\x89PNG", say("a PNG picture"), say("Give the sentences as CSV.")),
    (b"\xff\xd8\xff", say("a JPEG picture"), say("Give the sentences as CSV.")),
)
_WEB_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)?<(?:!doctype|html|head|body|table|\?xml|svg)\b", re.I)
_JSON = re.compile(r'\s*(?:\[\s*)?\{\s*"(?:[^"\\]|\\.)*"\s*:')

_BOMS = (  # the longer first: a UTF-32-LE mark begins like a UTF-16-LE one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What people's spreadsheets write. Left to itself, charset-normalizer prefers rarities such as
# hp_roman8 or cp1006 on a handful of accented letters.
_COMMON = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *("koi8_r", "iso8859_2", "cp932", "euc_jp", "gb18030", "big5", "cp949", "mac_roman", "cp850"),
]
_SAMPLE_BYTES = 32_768
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_NEWLINE = re.compile(rb"\r\n|\r|\n")
_SAVE_AGAIN = say('Save it again as "CSV UTF-8" and give that.')


def decode(data: bytes, name: str) -> tuple[str, str, tuple[str, ...]]:
    """Text of ``data`` without byte order mark, Python's codec name, and notices.

    The whole of ``data`` decodes strictly; nothing is replaced or skipped. ``name`` is the file's
    name for messages. Raises ``DataError`` for what is not text, or in no encoding that fits.
    """
    _refuse_binary(data, name)
    text, encoding, guessed = _decode(data, name)
    _refuse_other_text(text, name)
    if not guessed:
        return text, encoding, ()
    notice = say(
        "The file is not UTF-8; it was read as {encoding}, a guess from its characters.",
        encoding=encoding,
    )
    return text, encoding, (notice,)


def _refuse_binary(data: bytes, name: str) -> None:
    if data.startswith(b"PK\x03\x04"):
        if b"xl/" in data[:4000] or b"[Content_Types]" in data[:100]:
            raise DataError(
                "{name} is an Excel workbook, not CSV. {cure!s}", name=name, cure=_EXPORT
            )
        raise DataError("{name} is a zip archive, not CSV. {cure!s}", name=name, cure=_ARCHIVE)
    if data.startswith(b"BZh") and data[4:10] == b"1AY&SY":
        raise DataError("{name} is a bzip2 archive, not CSV. {cure!s}", name=name, cure=_ARCHIVE)
    for magic, what, cure in _MAGIC:
        if data.startswith(magic):
            raise DataError(
                "{name} is {what!s}, not CSV. {cure!s}", name=name, what=what, cure=cure
            )


def _refuse_other_text(text: str, name: str) -> None:
    if "\0" in text:
        line = len(re.findall(r"\r\n|\r|\n", text[: text.index("\0")])) + 1
        raise DataError(
            "{name} has a NUL character on line {line}: it is damaged or not a text file. {cure!s}",
            name=name,
            line=line,
            cure=_SAVE_AGAIN,
        )
    if _WEB_PAGE.match(text[:2000]):
        raise DataError(
            "{name} is a web page (HTML or XML), not CSV: probably the page that offers the file. "
            "Download the file itself.",
            name=name,
        )
    if _JSON.match(text[:2000]):
        raise DataError(
            "{name} is JSON, not CSV. Convert it with pandas.read_json(…).to_csv(…, index=False).",
            name=name,
        )


def _decode(data: bytes, name: str) -> tuple[str, str, bool]:
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _strictly(data, codec, name), codec, False
    if wide := _wide(data):
        return _strictly(data, wide, name), wide, False
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError as error:
        _refuse_damaged(data, error.start, name)
        guess = _guess(data)
        if guess is None:
            raise _undecodable(data, error.start, name) from None
        return data.decode(guess), guess, True


def _strictly(data: bytes, codec: str, name: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise DataError(
            "{name} begins like {encoding} but stops being it at byte {start:,}: it was cut or "
            "damaged. {cure!s}",
            name=name,
            encoding=codec.upper(),
            start=error.start,
            cure=_SAVE_AGAIN,
        ) from None


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, seen by where the NUL bytes of ASCII characters lie."""
    head = data[:4096]
    if len(head) < 4 or b"\0" not in head:
        return None
    share = [head[i::4].count(0) / len(head[i::4]) for i in range(4)]
    for codec, nul, full in (
        ("utf-32-le", (1, 2, 3), (0,)),
        ("utf-32-be", (0, 1, 2), (3,)),
        ("utf-16-le", (1, 3), (0, 2)),
        ("utf-16-be", (0, 2), (1, 3)),
    ):
        if all(share[i] > 0.4 for i in nul) and all(share[i] < 0.02 for i in full):
            return codec
    return None


def _refuse_damaged(data: bytes, start: int, name: str) -> None:
    """Refuse what is UTF-8 but for a few bytes: another encoding would garble all the rest."""
    text = data.decode("utf-8", "replace")
    good = len(re.findall("[^\x00-\x7f\ufffd]", text))
    if good > 4 * text.count("\ufffd"):
        raise _undecodable(data, start, name)


def _undecodable(data: bytes, start: int, name: str) -> DataError:
    line = len(_NEWLINE.findall(data, 0, start)) + 1
    return DataError(
        "{name} is not valid UTF-8 on line {line} (byte 0x{byte}) and fits no other encoding "
        "as a whole. {cure!s}",
        name=name,
        line=line,
        byte=f"{data[start]:02x}",
        cure=_SAVE_AGAIN,
    )


def _guess(data: bytes) -> str | None:
    """The encoding of text that is not UTF-8, or None. Reads a bounded sample, then checks all."""
    from charset_normalizer import CharsetMatch, from_bytes  # cold, and most files are UTF-8

    beyond = set(data) - set(range(0x80))
    if beyond <= {0xFE, 0xFF}:  # no text has only these; they are what damage looks like
        return None
    sample = _sample(data)
    matches: dict[str, CharsetMatch] = {}
    for match in from_bytes(sample, cp_isolation=_COMMON):
        for codec in (match.encoding, *match.could_be_from_charset):
            if codec in _COMMON and codec not in matches and _decodes(data, codec):
                matches[codec] = match
    ranked = sorted(matches, key=lambda codec: (matches[codec].chaos, -matches[codec].coherence))
    japanese = (codec for codec in ("cp932", "euc_jp") if codec in matches)
    if found := next((codec for codec in japanese if _has_hiragana(sample, codec)), None):
        return found
    old = [codec for codec in ranked if codec in ("mac_roman", "cp850")]
    if old and _letters_lie_low(sample):
        return old[0]
    best = matches[ranked[0]] if ranked else None
    # cp1252 is what spreadsheets write, and a few accents do not tell it from its cousins.
    near = matches.get("cp1252")
    if best and near and near.chaos < best.chaos + 0.15 and near.coherence > best.coherence - 0.06:
        return "cp1252"
    vague = best is None or best.coherence < 0.2
    if vague and _beyond_ascii_alone(sample) and _decodes(data, "cp1252"):
        return "cp1252"
    return ranked[0] if ranked else None


def _has_hiragana(sample: bytes, codec: str) -> bool:
    """Whether this is Japanese: Korean and Chinese read by mistake as Japanese have none."""
    text = sample.decode(codec, "ignore")
    return len(re.findall("[ぁ-ん]", text)) > 0.1 * len(re.findall(r"[^\x00-\x7f]", text))


def _letters_lie_low(sample: bytes) -> bool:
    """Whether accented letters lie where old Macs and DOS had them; in cp1252 dashes and quotes
    lie there, and the letters above."""
    low = len(re.findall(rb"(?<=[A-Za-z])[\x80-\x84\x86-\x90\x98-\x9f](?=[a-z])", sample))
    return low > len(re.findall(rb"[\xc0-\xff]", sample))


def _beyond_ascii_alone(sample: bytes) -> bool:
    """Whether bytes beyond ASCII mostly stand by themselves, as in Western words."""
    alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", sample))
    return alone >= 0.8 * len(_BEYOND_ASCII.findall(sample))


def _sample(data: bytes) -> bytes:
    """About 32 kB of the lines that hold bytes beyond ASCII, wherever in the file they are."""
    parts, size, end = [], 0, 0
    while size < _SAMPLE_BYTES and (found := _BEYOND_ASCII.search(data, end)):
        start = max(end, data.rfind(b"\n", end, found.start()) + 1, found.start() - 200)
        newline = _NEWLINE.search(data, found.start(), found.start() + _SAMPLE_BYTES)
        end = newline.end() if newline else found.start() + _SAMPLE_BYTES
        parts.append(data[start:end])
        size += end - start
    return b"".join(parts)


def _decodes(data: bytes, codec: str) -> bool:
    """Whether all of ``data`` is text in ``codec``, without control characters from 0x80 up."""
    try:
        return not re.search("[\x80-\x9f]", data.decode(codec))
    except UnicodeDecodeError:
        return False
