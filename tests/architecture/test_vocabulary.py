"""One language: names and prose use the field's terms (docs/glossary.md), not the words that they replaced."""

import io
import re
import tokenize
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
REPLACED = {
    "sceptic": "baseline", "sceptics": "baselines", "foretell": "predict", "foretold": "predicted",
    "rehearse": "simulate extremes", "rehearsed": "physics-augmented", "rehearsal": "physics augmentation",
    "strandlines": "waterlines", "familiarity": "out-of-distribution", "strangeness": "p-value",
    "heed": "assimilate", "heeding": "assimilating", "foresee": "forecast", "counsel": "guidance",
    "adviser": "forecast source", "advisers": "forecast sources", "remark": "warning", "remarks": "warnings",
    "enrol": "prepare", "curriculum": "pretraining config", "widening": "spread inflation",
    "taught": "trained", "said": "prediction, message", "told": "reported", "sharpen": "fine-tune",
}  # fmt: skip
"""Word → the term that replaces it."""
NAMES = {
    "word": "prediction", "lesson": "data", "mind": "state", "charge": "config",
    "stakes": "action_parameters", "worth": "net_present_value", "briefing": "deployment", "outage": "dropout_rate",
    "false_dry": "miss_rate", "called_flooded": "flood_extent", "know_nothing": "climatological_prior",
    "Turn": "DihedralTransform", "Place": "StudyArea", "Site": "Baseline", "Voice": "ForecastFunction",
}  # fmt: skip
"""The same for identifiers alone: these words have other uses in prose."""
ALLOWED = {
    ("docs/glossary.md", "strandlines"),
    ("docs/glossary.md", "rehearsal"),
    ("src/strandline/web/run_folder.py", "familiarity"),  # a key of older runs, which are refused
}
"""Places that explain a former word."""
SOURCES = sorted([*ROOT.glob("src/strandline/**/*.py"), *ROOT.glob("src/strandline/**/*.jinja")])
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def words_of(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z]+", text)}


def test_names_and_prose_use_the_fields_terms() -> None:
    found = {}
    for path in (*SOURCES, *PAGES):
        words = words_of(path.read_text(encoding="utf-8")) & set(REPLACED)
        left = {word: REPLACED[word] for word in words if (relative(path), word) not in ALLOWED}
        found |= {relative(path): left} if left else {}
    assert found == {}, "file → word → term to use"


def test_identifiers_use_the_fields_terms() -> None:
    found = {}
    for path in SOURCES:
        if path.suffix == ".py":
            tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
            names = {token.string for token in tokens if token.type == tokenize.NAME}
            parts = names | {part for name in names for part in name.split("_")}
            left = {name: NAMES[name] for name in parts & set(NAMES)}
            found |= {relative(path): left} if left else {}
    assert found == {}, "file → identifier → term to use"
