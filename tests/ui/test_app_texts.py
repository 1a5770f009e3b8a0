"""Every text of the interface passes through `t` or `tn`, with the English text as a literal."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import workbench.ui

ROOT = Path(workbench.ui.__file__).parent
FILES = sorted(p for folder in ("views", "widgets", "pages") for p in (ROOT / folder).glob("*.py"))

SHOWS_TEXT = set(
    "button caption checkbox color_picker data_editor dialog download_button empty_state error expander "
    "file_uploader form_submit_button header info markdown multiselect number_input page_header pills popover "
    "radio section segmented_control select_slider selectbox slider spinner subheader success tabs text "
    "text_area text_input title toast toggle warning write".split()
)
# Placeholders are left out: most are examples of data.
TEXT_KEYWORDS = {"label", "help", "title", "text", "purpose", "note", "body"}


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            yield node, name


def says_something(node: ast.expr) -> bool:
    """Whether a literal holds words: not an icon, a unit, a sign or an example of data."""
    if isinstance(node, ast.JoinedStr):
        text = "".join(v.value for v in node.values if isinstance(v, ast.Constant))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    else:
        return False
    bare = " ".join(w for w in text.split() if not w.startswith((":material/", ":small[", ":gray[", "<", "/")))
    return sum(c in string.ascii_letters for c in bare) > 2


def test_no_text_bypasses_the_translation():
    bare = []
    for path in FILES:
        for call, name in calls(path):
            if name not in SHOWS_TEXT:
                continue
            shown = [*call.args[:2], *(k.value for k in call.keywords if k.arg in TEXT_KEYWORDS)]
            if isinstance(call.func, ast.Attribute) and call.args:
                shown = [call.args[0], *shown[len(call.args[:2]) :]]
            bare += [f"{path.name}:{call.lineno}" for part in shown if says_something(part)]
    assert bare == []


def test_what_is_translated_is_a_literal_so_that_it_can_be_collected():
    odd = []
    for path in FILES:
        for call, name in calls(path):
            if name == "tn":
                literals = call.args[1:3]
            elif name == "t" and isinstance(call.func, ast.Name):
                literals = call.args[:1]
            else:
                continue
            odd += [f"{path.name}:{call.lineno}" for a in literals if isinstance(a, ast.JoinedStr | ast.BinOp)]
    assert odd == []


def hidden(path: Path) -> Iterator[str]:
    """Names of the translator that the file imports and gives to something else, too; Python says nothing."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    said = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "workbench.ui.i18n"]
    names = {alias.name for node in said for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        else:
            continue
        if name in names:
            yield f"{path.name}:{node.lineno} {name}"


def test_no_variable_hides_the_translator():
    assert [found for path in sorted(ROOT.rglob("*.py")) for found in hidden(path)] == []
