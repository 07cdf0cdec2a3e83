"""What is right for every malformed or unusual file that was collected, looked at one by one."""

# ruff: noqa: SIM905 - headers read better as they are written

from dataclasses import dataclass
from pathlib import Path

import pytest

from probing.errors import DataError
from probing.reading import read_csv
from probing.tables import read_table

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDERS = ("nasty_csv", "raw_uploads")
needs_corpus = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the corpus of malformed files is not beside the checkout"
)


@dataclass(frozen=True)
class Right:
    """How a person would want a file to be read."""

    columns: tuple[str, ...]
    n: int
    """Records that have the header's width."""
    first: tuple[str, ...]
    """The first of them, each cell cut to 30 characters."""
    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    ragged: tuple[int, ...] = ()
    """Physical lines of the records left out."""
    line: int = 2
    """Physical line of the first record."""
    notice: str = ""
    """Part of something that must be said."""


def numbered(n: int) -> tuple[str, ...]:
    return tuple(f"column {i + 1}" for i in range(n))


IMDB = tuple(
    "fn,tid,title,wordsInTitle,url,imdbRating,ratingCount,duration,year,type,nrOfWins,"
    "nrOfNominations,nrOfPhotos,nrOfNewsArticles,nrOfUserReviews,nrOfGenre,Action,Adult,Adventure,"
    "Animation,Biography,Comedy,Crime,Documentary,Drama,Family,Fantasy,FilmNoir,GameShow,History,"
    "Horror,Music,Musical,Mystery,News,RealityTV,Romance,SciFi,Short,Sport,TalkShow,Thriller,War,"
    "Western".split(",")
)
ACCENT = tuple(
    "n_amenageur;n_operateur;n_enseigne;id_station;n_station;ad_station;code_insee;Xlongitude;"
    "Ylatitude;nbre_pdc;id_pdc;puiss_max;type_prise;acces_recharge;accessibilité;observations;"
    "date_maj".split(";")
)
NUMERIC = ("id", "100022", "100025", "100047", "100065", "100093", "10011", "100131", "100156")
GLB = tuple("Year Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec J-D D-N DJF MAM JJA SON".split())

TABLES = {
    "CleverCSV__imdb.csv": Right(
        IMDB,
        100,
        (
            *("titles01/tt0012349", "tt0012349", "Der Vagabund und das Kind (192"),
            *("der vagabund und das kind", "http://www.imdb.com/title/tt00", "8.4", "40550"),
            *("3240", "1921", "video.movie", "1", "0", "19", "96", "85", "3", "0", "0", "0", "0"),
            *("0", "1", "0", "0", "1", "1", *"000000000000000000"),
        ),
        notice="backslash",
    ),
    "csvkit__bad.csv": Right(
        ("column_a", "column_b", "column_c"),
        1,
        ("0", "mixed types.... uh oh", "17"),
        ragged=(2, 3),
        line=4,
    ),
    "csvkit__dummy.tsv": Right(("a", "b", "c"), 1, ("1", "2", "3"), delimiter="\t"),
    "csvkit__mac_newlines.csv": Right(("a", "b", "c"), 2, ("1", "2", "3")),
    # Every extra field is blank: delimiters at the end of a line, not a row of four fields.
    "csvkit__test_empty_columns_long_row.csv": Right(("a", "b", "c"), 1, ("", "", "")),
    "csvkit__test_utf16_big.csv": Right(("a", "b", "c"), 2, ("1", "2", "3"), encoding="utf-16"),
    "csvkit__test_utf8_bom.csv": Right(
        ("foo", "bar", "baz"), 2, ("1", "2", "3"), encoding="utf-8-sig"
    ),
    "data_table__1680-fread-header-encoding.csv": Right(
        ("Ort", "Straße", "Bezeichnung"),
        4,
        ("Vienna", "Testgasse 1", 'Ministerium "Pestalozzi"'),
        delimiter=";",
        encoding="cp1252",
        notice="cp1252, a guess",
    ),
    # A second table of two columns follows; it does not fit the first.
    "data_table__issue_773_fread.txt": Right(
        ("AAA", "BBB", "CCC"), 21, ("4", "5", "6"), delimiter="|", ragged=tuple(range(23, 29))
    ),
    "data_table__quoted_no_header.csv": Right(
        numbered(6),
        6,
        ("John", "Doe", "120 jefferson st.", "Riverside", " NJ", " 08075"),
        header=False,
        line=1,
        notice="no header",
    ),
    "data_table__unescaped.csv": Right(
        ("No", "Comment", "Type"),
        2,
        ("0", 'he said:"wonderful."', "A"),
        notice="not doubled",
    ),
    # Unnamed columns with something in them stay; the nine without anything do not.
    "duckdb__auto__missing_many_col.csv": Right(
        ("a", "column 2", "column 3", "column 13"),
        2,
        ("123", "TEST2", "text1", "value1"),
        notice="without name or content: 9",
    ),
    "duckdb__auto__semicolon_quote.csv": Right(
        numbered(3), 3, ("123", "TEST10", "text1"), delimiter=";", header=False, line=1
    ),
    "duckdb__auto__tab_single_quote.csv": Right(
        numbered(3),
        3,
        ("123", "TEST13", "text1"),
        delimiter="\t",
        header=False,
        line=1,
        notice="single quotes",
    ),
    # A single column: the header has no delimiter, "84,hello world" is prose with a comma.
    "duckdb__csv_quoted_newline_odd.csv": Right(
        ("content",), 2, ("RT @Truffaut: 🎁#Concours\nVos a",), delimiter=""
    ),
    "duckdb__encodings__all_latin1.csv": Right(
        numbered(1), 190, ("!",), delimiter="", encoding="cp1252", header=False, line=1
    ),
    "duckdb__real__web_page.csv": Right(
        numbered(14),
        60,
        (
            *("1", "AAAAAAAABAAAAAAA", "1997-09-03", "", "2450810", "2452620", "Y", "98539"),
            *("http://www.foo.com", "welcome", "2531", "8", "3", "4"),
        ),
        delimiter="|",
        header=False,
        line=1,
    ),
    "duckdb__test__many_empty_lines.csv": Right(
        numbered(1), 1, ("1",), delimiter="", header=False, line=1, notice="Blank lines"
    ),
    "duckdb__unquoted_escape__human_eval.csv": Right(
        numbered(5),
        10,
        (
            "HumanEval/0",
            "from typing import List\n\n\ndef ",
            "has_close_elements",
            "\tfor idx, elem in enumerate(nu",
            "\n\nMETADATA = {\n\t'author': 'jt'",
        ),
        header=False,
        line=1,
        notice="backslash",
    ),
    "frictionless__accent.csv": Right(
        ACCENT,
        2,
        (
            *("XXX", "YYY", "ZZZ", "FR*A17*P*ZZZ*3*_*_*_", "Parking 1", "D109A", "06090"),
            *("6.92641", "43.59413", "2", "FR*A17*E*ZZZ*3*1*1*_", "22.0", "T2 - E/F"),
            *("Payant (badge, appli et QR cod", "24h/24", "RAS", "2018/03/31"),
        ),
        delimiter=";",
    ),
    "frictionless__blank-headers.csv": Right(
        ("id", "column 2", "age"), 2, ("1101", "John", "30"), notice="blank or repeated: column 2"
    ),
    "frictionless__escaping.csv": Right(
        ("ID", "Test"), 3, ("1", "Test line 1"), notice="spaces after a delimiter"
    ),
    "frictionless__issue-1066-largecellsize.csv": Right(
        ("Description", "status"), 19, ("Apart from counting words and ", "test")
    ),
    "frictionless__issue-1138.csv": Right(
        ("Zeit [MEZ]", "Wasserstand", "Status"),
        7,
        ("09.07.2013 12:00:00", "146", "nicht qualitätsgesichert"),
        delimiter=";",
    ),
    "frictionless__latin1.csv": Right(("id", "name"), 2, ("1", "english"), encoding="cp1252"),
    "frictionless__numeric-labels.csv": Right(
        (*NUMERIC, "100171"), 3, ("id1", "TRUE", "TRUE", "FALSE", *["TRUE"] * 6)
    ),
    "frictionless__skip-rows-before-headers.csv": Right(
        ("id", "name"), 2, ("1", "english"), line=3, notice="Skipped above the header: # it's a"
    ),
    "messytables__excel_pasting.csv": Right(
        ("Year", "2000", "2001", "2002", "2003", "2004", "2005", "2006", "2007"),
        17,
        ("Timber", "2,666", "2,274", "1,877", "1,999", "2,055", "1,632", "1,687", "1,751"),
        line=5,
        notice="Skipped above the header: CO2 emissions",
    ),
    "messytables__mixedGLB.csv": Right(
        GLB,
        133,
        (
            *("1880", "-43", "-27", "-26", "-36", "-31", "-39", "-24", "-14", "-29", "-23"),
            *("-20", "-23", "-28", "****", "*****", "-31", "-25", "-24"),
        ),
        line=5,
        notice="Skipped above the header: Combined Land",
    ),
    "messytables__skip_initials.csv": Right(("field1", "field2"), 2, ("hello", "    goodbye")),
    "BBBP.csv": Right(
        ("num", "name", "p_np", "smiles"),
        2050,
        ("1", "Propanolol", "1", "[Cl].CC(C)NCC(O)COc1cccc2ccccc"),
    ),
    "banking77_train.csv": Right(
        ("text", "category"), 10003, ("I am still waiting on my card?", "card_arrival")
    ),
    "indonlu_emot_label_first.csv": Right(
        ("label", "tweet"), 3521, ("happy", "Ini adalah hal yang paling mem")
    ),
    "spam_cp1252.csv": Right(
        ("v1", "v2", "column 3", "column 4", "column 5"),
        5572,
        ("ham", "Go until jurong point, crazy..", "", "", ""),
        encoding="cp1252",
        notice="column 3 has no name and is filled in 50 of 5,572 rows",
    ),
}

REFUSED = {
    "duckdb__nullbyte.csv": r"has a NUL character on line 2.*Save it again",
    "duckdb__nullterm.csv": r"has a NUL character on line 2.*Save it again",
    # Two bytes 0xff among 430 of ASCII are damage, not two letters ÿ.
    "duckdb__test__invalid_utf_quoted_nl.csv": r"is not valid UTF-8 on line 12 \(byte 0xff\).*Save",
    "duckdb__test__unterminated.csv": r"a quote \(\"\) opened in the record that begins on line 1 ",
    "frictionless__compression__implicit-gz.csv": r"is a gzip archive, not CSV\. Unpack it",
    # Not one row has the header's width: any choice of columns would be invented.
    "frictionless__defective-rows.csv": r"No row .* has the 3 fields of its header; 2 have 2 or 4",
    "frictionless__invalid.csv": r"No row .* has the 4 fields of its header; 3 have 2 or 5",
    "frictionless__without-rows.csv": r"has no row below its header \(id, name\)\. Give a row",
    "messytables__small.csv": r"has no row below its header \(a\)\. Give a row",
}

# text, label; None is no label. Files whose columns a person would name without doubt.
COLUMNS = {
    "banking77_train.csv": ("text", "category"),
    "indonlu_emot_label_first.csv": ("tweet", "label"),
    "spam_cp1252.csv": ("v2", "v1"),
    "BBBP.csv": ("smiles", "p_np"),
    "data_table__unescaped.csv": ("Comment", None),
    "data_table__quoted_no_header.csv": ("column 3", None),
    "duckdb__csv_quoted_newline_odd.csv": ("content", None),
    "duckdb__unquoted_escape__human_eval.csv": ("column 2", None),
    "frictionless__issue-1066-largecellsize.csv": ("Description", None),
    "frictionless__escaping.csv": ("Test", None),
    "frictionless__skip-rows-before-headers.csv": ("name", None),
    "frictionless__blank-headers.csv": ("column 2", None),
    "messytables__excel_pasting.csv": ("Year", None),
}


def path_of(name: str) -> Path:
    return next(p for p in (SHARED / folder / name for folder in FOLDERS) if p.is_file())


@needs_corpus
def test_every_file_has_its_entry() -> None:
    files = {path.name for folder in FOLDERS for path in (SHARED / folder).iterdir()}
    assert files - {"MANIFEST.csv"} == TABLES.keys() | REFUSED.keys()
    assert not TABLES.keys() & REFUSED.keys()


@needs_corpus
@pytest.mark.parametrize("name", TABLES)
def test_a_readable_file_is_read_as_a_person_would(name: str) -> None:
    right = TABLES[name]
    table = read_table(path_of(name).read_bytes(), name)
    assert table.columns == right.columns
    assert (table.encoding, table.delimiter) == (right.encoding, right.delimiter)
    assert table.has_header is right.header
    assert len(table.records) == right.n
    assert tuple(cell[:30] for cell in table.records[0]) == right.first
    assert table.lines[0] == right.line
    ragged = sorted(line for each in table.dropped for line in each.lines)
    assert tuple(ragged) == right.ragged
    assert table.rows_read == right.n + len(ragged)
    assert right.notice in " ".join(table.notices)


@needs_corpus
@pytest.mark.parametrize("name", REFUSED)
def test_another_file_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(DataError, match=REFUSED[name]) as refusal:
        read_csv(path_of(name))
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


@needs_corpus
@pytest.mark.parametrize("name", COLUMNS)
def test_columns_are_guessed_as_a_person_would(name: str) -> None:
    source = read_csv(path_of(name)).source
    assert (source.text_column, source.label_column) == COLUMNS[name]
    assert source.split_column is None


@needs_corpus
def test_a_table_of_blanks_has_no_text() -> None:
    with pytest.raises(DataError, match="has no text: every cell is blank"):
        read_csv(path_of("csvkit__test_empty_columns_long_row.csv"))


@needs_corpus
def test_cells_deep_in_odd_files() -> None:
    def cells(name: str, column: str) -> list[str]:
        table = read_table(path_of(name).read_bytes(), name)
        return [record[table.columns.index(column)] for record in table.records]

    assert cells("csvkit__mac_newlines.csv", "a") == ["1", "Once upon\ra time"]
    assert cells("csvkit__test_utf16_big.csv", "c") == ["3", "ʤ"]
    assert cells("frictionless__escaping.csv", "Test")[1:] == ['Test " line 2', 'Test " line 3']
    assert cells("data_table__unescaped.csv", "Comment")[1] == (
        'The problem is: reading table, and also "a problem, yes." keep going on.'
    )
    assert cells("duckdb__auto__semicolon_quote.csv", "column 3")[2] == "te;xt3"
    assert cells("duckdb__auto__tab_single_quote.csv", "column 3")[1] == "te\txt2"
    assert cells("duckdb__auto__tab_single_quote.csv", "column 1")[2] == "567"
    assert cells("CleverCSV__imdb.csv", "title")[64] == (
        "Dr. Seltsam, oder wie ich lernte, die Bombe zu lieben (1964)"
    )
    assert cells("frictionless__latin1.csv", "name")[1] == "©"
    assert cells("duckdb__csv_quoted_newline_odd.csv", "content")[1] == "84,hello world"
    assert cells("messytables__excel_pasting.csv", "Year")[9] == "Machinery and \nequipment"
    assert cells("duckdb__encodings__all_latin1.csv", "column 1")[-1] == "ÿ"


# The same sets, cleaned: rows, classes, splits as their README says.
CLEAN = {
    "banking77.csv": (13_083, 77, True),
    "snips.csv": (14_484, 7, True),
    "sms_spam.csv": (5_572, 2, False),
    "clinc150_small.csv": (16_200, 151, True),
    "wisesight_th.csv": (26_737, 4, False),
    "germeval2018.csv": (8_541, 4, True),
    "ru_probe_gapping.csv": (8_623, 2, True),
    "smiles_bbbp.csv": (2_050, 2, False),
}


@needs_corpus
@pytest.mark.parametrize("name", CLEAN)
def test_clean_sets_are_read_whole(name: str) -> None:
    n, classes, splits = CLEAN[name]
    sentences = read_csv(SHARED / "csv" / name)
    assert (len(sentences), len(sentences.classes)) == (n, classes)
    assert (sentences.splits is not None) is splits
    assert sentences.source.dropped == ()
    assert sentences.source.notices == ()
