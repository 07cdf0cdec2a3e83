"""Who imports whom: the rule of the design, and proof that breaking it is seen."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"torch", "transformers", "sklearn", "umap", "plotly", "pandas", "streamlit", "numba"}

# ---- what a fresh interpreter loads


def loaded(statement: str, environment: dict[str, str], folder: Path = ROOT) -> set[str]:
    """Top-level packages, and modules of probing, in a process that ran ``statement``."""
    code = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    names = done.stdout.split()
    return {name.partition(".")[0] for name in names} | {n for n in names if "probing." in n}


def test_importing_the_package_is_light(environment: dict[str, str]) -> None:
    names = loaded("import probing", environment)
    assert not names & (HEAVY | {"numpy", "pyarrow", "scipy"})
    assert not {name for name in names if name.startswith("probing.")}


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import probing.probes.nested, probing.probes.folds", {"transformers", "plotly"}),
        ("import probing.projections", {"transformers", "torch", "umap", "plotly"}),
        ("import probing.statistics, probing.geometry", {"transformers", "torch"}),
        ("from probing import Run, Settings, Sentences, ProbeResult, read_csv", HEAVY),
        ("import probing.exports.bundle, probing.exports.projector, probing.exports.code", HEAVY),
        ("import probing.cli", HEAVY),
        ("import probing.figures", {"torch", "transformers", "umap", "streamlit"}),
        ("import probing.encoders", {"torch", "transformers"}),
        (
            "import probing; run = probing.load_run('data/sample_run'); "
            "probing.compare(run, run).text",
            {"torch", "sklearn", "umap", "numba", "plotly", "streamlit"},
        ),
        ("import probing.projections", {"sklearn", "numba", "pandas"}),
        ("import dashboard.jobs", {"torch", "transformers", "umap", "sklearn"}),
        ("import dashboard.app", {"torch", "transformers", "umap", "sklearn", "numba"}),
    ],
)
def test_what_a_module_must_not_load(
    statement: str, forbidden: set[str], environment: dict[str, str]
) -> None:
    names = loaded(statement, environment)
    assert not names & forbidden
    assert "probing" in names


def test_a_finished_run_is_read_without_the_heavy_libraries(
    stored: Path, environment: dict[str, str]
) -> None:
    statement = (
        f"import probing; run = probing.load_run({str(stored)!r}); run.table; "
        "run.figure('accuracy'); run.figure('map')"
    )
    names = loaded(statement, environment)
    assert not names & {"torch", "transformers", "sklearn", "umap", "numba", "streamlit"}
    assert {"pandas", "plotly"} <= names


def test_the_pages_load_no_heavy_library_into_the_web_process(
    environment: dict[str, str], tmp_path: Path
) -> None:
    statement = (
        "from streamlit.testing.v1 import AppTest\n"
        "from dashboard.jobs import jobs\n"
        f"page = AppTest.from_file({str(ROOT / 'dashboard' / 'page.py')!r}, default_timeout=60)\n"
        "assert not page.run().exception and len(page.get('plotly_chart')) == 2\n"
        "jobs().close()"
    )
    names = loaded(statement, {**environment, "PROBING_HOME": str(tmp_path)})
    assert not names & {"torch", "transformers", "sklearn", "umap", "numba"}
    assert {"plotly", "dashboard"} <= names


def test_a_heavy_import_would_be_seen(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "probing").mkdir()
    (tmp_path / "probing" / "__init__.py").write_text("import numpy\n")
    assert "numpy" in loaded("import probing", environment, tmp_path)


# ---- what is written in the files

Rule = Callable[[str, str, bool], bool]
"""(module that imports, module imported, at module level) → forbidden."""


def imports(path: Path, package: str) -> Iterator[tuple[str, bool]]:
    """Absolute names that a file imports, each with whether it is loaded with the module.

    An import under TYPE_CHECKING is none.
    """

    def walk(node: ast.AST, top: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from (found for part in child.orelse for found in walk(part, top))
            elif isinstance(child, ast.Import):
                yield from ((alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    parts = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*parts, base]).rstrip(".")
                yield from ((f"{base}.{alias.name}", top) for alias in child.names)
            elif isinstance(child, ast.Call) and _named(child) is not None:
                yield (str(_named(child)), top)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, top and not inside)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), True)


def _named(call: ast.Call) -> str | None:
    """The module in ``import_module("…")`` or ``__import__("…")`` with a plain string."""
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in ("import_module", "__import__") and call.args:
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value
    return None


def modules(root: Path) -> dict[str, Path]:
    """Dotted names of the files of both packages."""
    found = {}
    for package in ("probing", "dashboard"):
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts)] = path
    return found


def broken(root: Path, forbidden: Rule) -> list[str]:
    """``importer -> imported`` for every import that a rule forbids."""
    found = []
    for name, path in modules(root).items():
        package = name.rpartition(".")[0]
        for imported, top in imports(path, package):
            if forbidden(name.removesuffix(".__init__"), imported, top):
                found.append(f"{name} -> {imported}")
    return found


def of(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of ``packages`` or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


VALUES = ("probing.sentences", "probing.errors", "probing.settings", "probing.statistics")
RULES: dict[str, Rule] = {
    "probing never imports streamlit or dashboard": lambda who, what, top: (
        of(who, "probing") and of(what, "streamlit", "dashboard")
    ),
    "only probing.figures imports plotly": lambda who, what, top: (
        of(what, "plotly") and not of(who, "probing.figures")
    ),
    "probes, projections and statistics never import transformers or encoders": (
        lambda who, what, top: (
            of(who, "probing.probes", "probing.projections", "probing.statistics",
               "probing.geometry")
            and of(what, "transformers", "probing.encoders", "probing.extraction")
        )
    ),
    "values import nothing that computes": lambda who, what, top: (
        of(who, "probing.sentences", "probing.representations", "probing.probes.result",
           "probing.record", "probing.errors", "probing.statistics", "probing.progress")
        and top
        and of(what, "torch", "sklearn", "pandas", "probing.runs", "probing.store",
               "probing.extraction", "probing.probes.nested", "probing.probes.solver",
               "probing.encoders", "probing.figures", "probing.preparation")
    ),
    "nothing of the library but its entrances imports runs": lambda who, what, top: (
        of(what, "probing.runs")
        and of(who, "probing")
        and who not in ("probing", "probing.cli", "probing.__init__")
    ),
    "heavy libraries wait until they are needed": lambda who, what, top: (
        top
        and of(what, "umap", "sklearn", "pandas", "pyarrow", "transformers", "numba")
        and of(who, "probing")
        # made of numba, and met by the solver only; a class of scikit-learn's
        and who not in ("probing.probes.kernels", "probing.sentence_encoder")
    ),
    "dashboard never computes": lambda who, what, top: (
        of(who, "dashboard")
        and of(what, "torch", "umap", "sklearn", "transformers")
        and (top or who != "dashboard.worker")
    ),
    "views import no other part of the dashboard's inside": lambda who, what, top: (
        of(who, "probing", "dashboard.selection", "dashboard.cached", "dashboard.jobs")
        and of(what, "dashboard.views", "dashboard.app")
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_import_rule(rule: str) -> None:
    assert broken(ROOT, RULES[rule]) == []


BREACHES = {
    "probing never imports streamlit or dashboard": (
        "probing/pooling.py", "def f():\n    from dashboard import jobs\n"),
    "only probing.figures imports plotly": (
        "probing/deep/report.py", "import plotly.graph_objects as go\n"),
    "probes, projections and statistics never import transformers or encoders": (
        "probing/probes/nested.py", "def f():\n    from ..encoders import load_encoder\n"),
    "values import nothing that computes": (
        "probing/record.py", "from .runs import run\n"),
    "nothing of the library but its entrances imports runs": (
        "probing/store.py", "from importlib import import_module\nimport_module('probing.runs')\n"),
    "heavy libraries wait until they are needed": (
        "probing/reading.py", "try:\n    import pandas as pd\nexcept ImportError:\n    pass\n"),
    "dashboard never computes": (
        "dashboard/views/map.py", "import umap\n"),
    "views import no other part of the dashboard's inside": (
        "dashboard/cached.py", "from dashboard.views import map\n"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_breach_of_the_rule_is_seen(rule: str, tmp_path: Path) -> None:
    name, text = BREACHES[rule]
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert len(broken(tmp_path, RULES[rule])) == 1
    harmless = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
    path.write_text(harmless + "".join(f"    {line}\n" for line in text.splitlines()))
    assert broken(tmp_path, RULES[rule]) == []


# ---- what only one file of the dashboard may touch


def touching(root: Path, words: set[str], within: str = "dashboard") -> set[str]:
    """Files below ``within`` that read an attribute or a name among ``words``."""
    found = set()
    for path in sorted((root / within).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            imported = {a.name for a in node.names} if isinstance(node, ast.ImportFrom) else set()
            if name in words or imported & words:
                found.add(path.relative_to(root).as_posix())
    return found


STATE, CACHE = {"session_state", "query_params"}, {"cache_data", "cache_resource"}


def test_one_package_holds_the_selection_and_one_file_the_cache() -> None:
    selecting = touching(ROOT, STATE)
    assert selecting
    assert all(path.startswith("dashboard/selection/") for path in selecting)
    assert touching(ROOT, CACHE) <= {"dashboard/cached.py"}
    assert touching(ROOT, STATE | CACHE | {"environ", "getenv"}, "probing") <= {
        "probing/environment.py"
    }


def test_a_second_file_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "dashboard" / "views").mkdir(parents=True)
    view = tmp_path / "dashboard" / "views" / "map.py"
    for text in (
        "import streamlit as st\nst.session_state['a'] = 1\n",
        "from streamlit import query_params as q\n",
    ):
        view.write_text(text)
        assert touching(tmp_path, STATE) == {"dashboard/views/map.py"}
    view.write_text("import streamlit as st\n\n@st.cache_data\ndef f(): return 1\n")
    assert touching(tmp_path, CACHE) == {"dashboard/views/map.py"}
