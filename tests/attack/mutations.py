"""Files as no one would write them on purpose: good ones, and seeded damage done to them."""

import csv
import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
BUNDLED = Path(__file__).resolve().parents[2] / "data" / "reviews.csv"
_CUT = 6_000
"""Bytes of a collected file that are mutated: 10,000 mutants have to be read in minutes."""

Mutation = Callable[[random.Random, bytes], bytes]

ODD_CELLS = (
    *("1e999", "-1e999", "1e-999", "nan", "inf", "NA", "", " ", "0x1F", "٣٤", "½", "1_000", "²"),
    *(
        "=1+1",
        "@SUM(A1)",
        "+1",
        "-1",
        "\ufeff",
        "\u202eabc",
        "\u200b",
        "e\u0301" * 40,
        "\U0001f9d1",
    ),
    *("<script>alert(1)</script>", "%{x}", "$x$", "[a](javascript:alert(1))", "../../etc/passwd"),
    *('"', "'", "\\", '""', ",", ";", "\t", "|", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"),
    *("text", "label", "train", "none", "column 1", "9" * 400, "x" * 20_000, "1,5", "1.234,5"),
)
_ENCODINGS = (
    *("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "cp1251"),
    *("gb18030", "cp932", "utf-7", "koi8_r", "mac_roman", "big5"),
)
_SURROGATES = (b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xe2\x82")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF-", b"{", b"[", b"<html>", b"sep=;\n", b"#", b"BZh9")


def collected() -> Iterator[tuple[str, bytes]]:
    """Real and malformed files, the long ones cut; those of the package alone where the corpus is
    not beside the checkout."""
    yield "reviews.csv", BUNDLED.read_bytes()[:_CUT]
    for folder in ("nasty_csv", "raw_uploads", "csv"):
        for file in sorted((SHARED / folder).glob("*")):
            if file.name != "MANIFEST.csv":
                yield file.name, file.read_bytes()[:_CUT]


def generated() -> Iterator[tuple[str, bytes]]:
    """Small tables of every delimiter and quoting, and tables of odd cells."""
    rng = random.Random(5)
    for delimiter in ",;\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE):
            rows = [[f"a {w} film, said {i}", w] for i, w in enumerate(["good", "bad"] * 12)]
            yield (
                f"{delimiter}{quoting}.csv",
                _written([["text", "label"], *rows], delimiter, quoting),
            )
    for width in (1, 2, 3, 7):
        rows = [[rng.choice(ODD_CELLS) for _ in range(width)] for _ in range(30)]
        yield f"odd {width}.csv", _written(rows, ",", csv.QUOTE_MINIMAL)
    numbers = [[f"sentence number {i}", f"{i * 1.37:.3f}"] for i in range(40)]
    yield "numbers.csv", _written([["sentence", "score"], *numbers], ",", csv.QUOTE_MINIMAL)
    splits = [[f"sentence {i}", "ab"[i % 2], ("train", "dev", "test")[i % 3]] for i in range(30)]
    yield "splits.csv", _written([["text", "label", "split"], *splits], ",", csv.QUOTE_MINIMAL)


def _written(rows: list[list[str]], delimiter: str, quoting: int) -> bytes:
    file = io.StringIO()
    options = {"escapechar": "\\"} if quoting == csv.QUOTE_NONE else {}
    csv.writer(file, delimiter=delimiter, quoting=quoting, **options).writerows(rows)  # type: ignore[arg-type, call-overload]
    return file.getvalue().encode("utf-8", "surrogatepass")


def _at(rng: random.Random, data: bytes) -> int:
    return rng.randrange(len(data) + 1)


def _put(rng: random.Random, data: bytes, what: bytes) -> bytes:
    at = _at(rng, data)
    return data[:at] + what + data[at:]


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 3, 30)) if out else 0):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def any_bytes(rng: random.Random, data: bytes) -> bytes:
    return _put(rng, data, rng.randbytes(rng.choice((1, 4, 200))))


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: _at(rng, data)]


def behead(rng: random.Random, data: bytes) -> bytes:
    return data[_at(rng, data) :]


def double_marks(rng: random.Random, data: bytes) -> bytes:
    """Some delimiters, quotes or line ends twice (or thirty times)."""
    mark = rng.choice((b",", b";", b"\t", b"|", b'"', b"'", b"\n", b"\r", b"\\"))
    parts, times = data.split(mark), rng.choice((2, 2, 30))
    return b"".join(
        part + (mark * (times if rng.random() < 0.2 else 1) if i < len(parts) - 1 else b"")
        for i, part in enumerate(parts)
    )


def delete_marks(rng: random.Random, data: bytes) -> bytes:
    mark = rng.choice((b",", b";", b"\t", b"|", b'"', b"'", b"\n", b"\r"))
    parts, share = data.split(mark), rng.choice((0.02, 0.3, 1.0))
    return b"".join(
        part + (b"" if i == len(parts) - 1 or rng.random() < share else mark)
        for i, part in enumerate(parts)
    )


def other_marks(rng: random.Random, data: bytes) -> bytes:
    one, other = rng.sample((b",", b";", b"\t", b"|", b'"', b"'", b"\n", b"\r\n", b"\r"), 2)
    return data.replace(one, other)


def put_marks(rng: random.Random, data: bytes) -> bytes:
    for _ in range(rng.choice((1, 2, 20))):
        data = _put(rng, data, rng.choice((b'"', b"'", b",", b"\n", b"\r", b"\\", b'\\"', b'""')))
    return data


def encode_again(rng: random.Random, data: bytes) -> bytes:
    """All, or only the second half, in another encoding."""
    half = rng.choice((0, len(data) // 2))
    text = data[half:].decode("utf-8", "replace")
    return data[:half] + text.encode(rng.choice(_ENCODINGS), "replace")


def put_nul(rng: random.Random, data: bytes) -> bytes:
    return _put(rng, data, b"\0" * rng.choice((1, 3, 500)))


def put_surrogate(rng: random.Random, data: bytes) -> bytes:
    return _put(rng, data, rng.choice(_SURROGATES))


def put_mark_of_order(rng: random.Random, data: bytes) -> bytes:
    mark = rng.choice(_MARKS)
    return mark + data if rng.random() < 0.7 else _put(rng, data, mark)


def other_start(rng: random.Random, data: bytes) -> bytes:
    return rng.choice(_STARTS) + data


def long_line(rng: random.Random, data: bytes) -> bytes:
    unit = rng.choice((b"a", b"a ", b'"', b"'", b"\\", b"\xc3\xa9", b"=", b"1", b"\xe2\x80\xae"))
    return _put(rng, data, unit * rng.choice((300, 40_000, 150_000)))


def many_columns(rng: random.Random, data: bytes) -> bytes:
    mark = rng.choice((b",", b";", b"\t", b"|"))
    lines = data.split(b"\n")
    lines[rng.randrange(len(lines))] += mark.join([b"x"] * rng.choice((150, 250, 5_000)))
    return b"\n".join(lines)


def odd_cell(rng: random.Random, data: bytes) -> bytes:
    cells = data.split(b",")
    for _ in range(rng.choice((1, 5, 50))):
        odd = rng.choice(ODD_CELLS).encode("utf-8", "surrogatepass")
        cells[rng.randrange(len(cells))] = odd
    return b",".join(cells)


def number_column(rng: random.Random, data: bytes) -> bytes:
    """The last field of every line becomes a number, some out of range."""
    lines = data.splitlines()
    numbers = ("1e999", "-1e400", "1e308", "1e100", "nan", "1,5", "12 %", "-0", "1e-320", "7")
    odd = rng.choice((0.0, 0.1, 1.0))
    for i in range(1, len(lines)):
        value = rng.choice(numbers) if rng.random() < odd else f"{rng.gauss(0, 9):.3f}"
        lines[i] = lines[i].rpartition(b",")[0] + b"," + value.encode()
    return b"\n".join(lines)


def same_headers(rng: random.Random, data: bytes) -> bytes:
    first, _, rest = data.partition(b"\n")
    mark = rng.choice((b",", b";", b"\t", b"|"))
    name = rng.choice((b"text", b"", b" ", b"label (2)", b"column 2", first.split(mark)[0]))
    return mark.join([name] * (first.count(mark) + 1)) + b"\n" + rest


def shuffle_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def repeat_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join([*lines, *[rng.choice(lines)] * rng.choice((5, 400))])


def blank_out(rng: random.Random, data: bytes) -> bytes:
    """A stretch becomes blanks, line ends or nothing but delimiters."""
    start, end = sorted((_at(rng, data), _at(rng, data)))
    return data[:start] + rng.choice((b" ", b"\n", b",", b"\r", b"\xc2\xa0")) * (end - start)


MUTATIONS: tuple[Mutation, ...] = (
    *(flip_bits, any_bytes, truncate, behead, double_marks, delete_marks, other_marks, put_marks),
    *(encode_again, put_nul, put_surrogate, put_mark_of_order, other_start, long_line),
    *(many_columns, odd_cell, number_column, same_headers, shuffle_lines, repeat_lines, blank_out),
)


def mutants(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """``count`` damaged files, the same for the same seed; each name says how to make it again."""
    files = [*collected(), *generated()]
    for i in range(count):
        rng = random.Random(f"{seed} {i}")
        name, data = files[i % len(files)]
        done = rng.choices(MUTATIONS, k=rng.choice((1, 1, 2, 3)))
        for mutate in done:
            data = mutate(rng, data)
        yield f"{i} {name}: {', '.join(each.__name__ for each in done)}", data
