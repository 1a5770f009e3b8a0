"""Every sentence that the program's errors can say, read from the source without running it.

`raised()` walks the packages that a page can reach, and gives for each error's message and remedy a sample of
every form that it can take: values are filled in, alternatives are spelled out, and names are followed to what
they stand for (an assignment, a loop over a literal, a helper's returns, a caller's argument).
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import crlft
import workbench

ROOT = Path(workbench.__file__).parents[1]
LEFT_OUT = (
    "workbench/commands/", "workbench/cli.py", "workbench/ui/launch.py", "workbench/ui/catalogues/",
    "crlft/commands/", "crlft/cli.py", "crlft/__main__.py",
)  # fmt: skip
"""What only a shell shows."""

INNER = "there is no class 'abc'"
"""Stands where an error's sentence holds another's."""

SENTENCES_OF = (
    ("workbench/jobs/status.py", "_words"),
    ("workbench/services/snapshotplan.py", "_faults"),
    ("workbench/services/snapshotplan.py", "_warnings"),
    ("workbench/services/costs.py", "cost_warnings"),
    ("workbench/services/preflight.py", "_cut_warnings"),
    ("workbench/services/train_request.py", "_data_warnings"),
    ("workbench/services/train_request.py", "_leak_warnings"),
)
"""Functions that give sentences for a page without raising them."""

COUNTED = re.compile(r"^(?:len|sum|min|max)\(|\+ 1$|(?:^|\b)(?:n|number|line|step|index)$|_step\b")
"""What an expression looks like that stands for a number."""

FILLED = {
    "found.title": "plain text", "form.title": "plain text", "detection.why": INNER, 
    "complaint": "exit code 1", "fault": "is empty", "job.status": "failed",
}
"""What stands for an expression whose values lie in tables of other packages."""

MOST_SHAPES = 96
SENTENCE_NAMES = {"message", "remedy", "error", "msg"}
"""Attributes that hold another error's sentence, which is looked at where it is raised."""
NAMED_SENTENCES = {"error", "remedy"}
"""Keywords by which a job is marked as failed."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence (a sample of its form) and where it is written; an empty one could not be read."""

    text: str
    where: str


@dataclass
class Module:
    """A parsed file."""

    path: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    walked: dict[ast.AST, list[ast.AST]] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)
    dicts: list[ast.Dict] = field(default_factory=list)
    classes: list[ast.ClassDef] = field(default_factory=list)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note what stands in what, and what there is."""
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Call):
                self.calls.append(node)
            elif isinstance(node, ast.Dict):
                self.dicts.append(node)
            elif isinstance(node, ast.ClassDef):
                self.classes.append(node)
            elif isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
                stack.append(child)

    def catches(self, name: ast.Name) -> set[str]:
        """Return the names of the classes that an error of this name can be, where it was caught."""
        node: ast.AST = name
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, ast.ExceptHandler) and node.name == name.id and node.type is not None:
                return {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)}
        return set()

    def nodes(self, function: ast.FunctionDef) -> list[ast.AST]:
        """Return everything inside a function."""
        return self.walked.setdefault(function, list(ast.walk(function)) if function not in self.walked else [])

    def function_of(self, node: ast.AST) -> ast.FunctionDef | None:
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, ast.FunctionDef):
                return node
        return None


def modules() -> list[Module]:
    """Return the modules whose errors a page can meet."""
    found = []
    for package in (workbench, crlft):
        for path in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(LEFT_OUT):
                found.append(Module(name, ast.parse(path.read_text("utf-8"))))
    return found


def error_classes(found: Iterable[Module]) -> set[str]:
    """Return the names of `CrlftError` and everything that derives from it."""
    names = {"CrlftError"}
    classes = [c for m in found for c in m.classes]
    while True:
        more = {c.name for c in classes for base in c.bases if getattr(base, "id", "") in names} - names
        if not more:
            return names
        names |= more


class Reader:
    """Turns expressions into sample texts."""

    def __init__(self, found: list[Module]) -> None:
        self.found, self.errors = found, error_classes(found)
        self.home = {name: m for m in found for name in m.functions if not name.startswith("_")}

    def shapes(self, node: ast.AST, at: Module, depth: int = 0) -> list[str]:
        """Return the texts that an expression can be; empty where it cannot be read."""
        match node:
            case _ if depth > 14:
                return []
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return self._joined(parts, at, depth)
            case ast.Call():
                return self._called(node, at, depth)
            case ast.BinOp(op=ast.Add()):
                return self._added(node, at, depth)
            case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
                return self.shapes(element, at, depth + 1)
        return [text for part in self._alternatives(node, at) for text in self.shapes(part, at, depth + 1)]

    def _added(self, node: ast.BinOp, at: Module, depth: int) -> list[str]:
        ends = self.shapes(node.right, at, depth + 1)
        if isinstance(node.right, ast.List | ast.ListComp):
            return [*self.shapes(node.left, at, depth + 1), *ends]
        return [a + b for a in self.shapes(node.left, at, depth + 1) for b in ends][:MOST_SHAPES]

    def _alternatives(self, node: ast.AST, at: Module) -> list[ast.expr]:
        """Return the expressions, one of which an expression comes to."""
        match node:
            case ast.IfExp(body=body, orelse=other):
                return [body, other]
            case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values):
                return values
            case ast.Starred(value=value):
                return [value]
            case ast.Subscript(value=ast.Name() as whole, slice=ast.Constant(value=0)):
                return [whole]
            case ast.Subscript(value=ast.Name() as whole):
                return self._literal(whole, at)
            case ast.Name():
                return self._values(node, at)
        return []

    def _joined(self, parts: list[ast.expr], at: Module, depth: int) -> list[str]:
        texts = [""]
        for part in parts:
            fixed = isinstance(part, ast.Constant)
            ends = self.shapes(part, at, depth + 1) if fixed else self._filled(part, at, depth)
            texts = [a + b for a in texts for b in ends][:MOST_SHAPES]
        return texts

    def _filled(self, part: ast.expr, at: Module, depth: int) -> list[str]:
        assert isinstance(part, ast.FormattedValue)
        value, spec = part.value, "".join(self.shapes(part.format_spec, at)) if part.format_spec else ""
        if part.conversion == ord("r"):
            return ["'abc'"]
        if ast.unparse(value) in FILLED:
            return [FILLED[ast.unparse(value)]]
        if isinstance(value, ast.Name) and at.catches(value) & self.errors:
            return [INNER]
        if isinstance(value, ast.Attribute) and value.attr in SENTENCE_NAMES:
            return ["abc"] if value.attr == "msg" else [INNER]
        if isinstance(value, ast.Subscript) and "'error'" in ast.unparse(value):
            return [INNER]
        written = ast.unparse(value)
        if spec.endswith(("f", "g", "%")):
            return ["0.5"]
        if spec == "," or written.isupper() or COUNTED.search(written):
            return ["1,234" if spec else "12"]
        known = self.shapes(value, at, depth + 1)
        return known if any(known) else ["abc"]

    def _called(self, call: ast.Call, at: Module, depth: int) -> list[str]:
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name in ("join", "list", "tuple", "sorted", "str", "t") and call.args:
            return self.shapes(call.args[0], at, depth + 1)
        if name in ("rstrip", "strip") and isinstance(call.func, ast.Attribute):
            return self.shapes(call.func.value, at, depth + 1)
        if name == "get" and len(call.args) == 2:
            table = call.func.value if isinstance(call.func, ast.Attribute) else call
            return [
                *self.shapes(call.args[1], at, depth + 1),
                *(t for v in self._literal(table, at) for t in self.shapes(v, at, depth + 1)),
            ]
        home = at if name in at.functions else self.home.get(name)
        return self.returned(home.functions[name], home, depth) if home is not None else []

    def returned(self, function: ast.FunctionDef, at: Module, depth: int = 0) -> list[str]:
        """Return the texts that a function can give back or yield."""
        ends = [n for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield) and n.value is not None]
        return [t for end in ends if end.value is not None for t in self.shapes(end.value, at, depth + 1)]

    def _literal(self, table: ast.expr, at: Module) -> list[ast.expr]:
        """Return the values of a dictionary that is written out, here, in the function or in the module."""
        found: list[ast.expr] = [table]
        if isinstance(table, ast.Name):
            function = at.function_of(table)
            places = [*(at.nodes(function) if function else ()), *at.tree.body]
            found = [v for n in places for v in _assigned(table.id, n)]
        return [v for d in found if isinstance(d, ast.Dict) for v in d.values]

    def _values(self, name: ast.Name, at: Module) -> list[ast.expr]:
        """Return the expressions that a name can stand for, in its function, else its callers, else the module."""
        function = at.function_of(name)
        if function is not None:
            found = list(_bound(name.id, at.nodes(function), self, at))
            if not found:
                found = self._arguments(name.id, function, at)
            if found:
                return found
        return list(_bound(name.id, at.tree.body, self, at))

    def _arguments(self, name: str, function: ast.FunctionDef, at: Module) -> list[ast.expr]:
        names = [a.arg for a in function.args.args if a.arg != "self"]
        if name not in names:
            return []
        place, found = names.index(name), []
        for node in at.calls:
            if getattr(node.func, "id", getattr(node.func, "attr", "")) == function.name:
                found += node.args[place : place + 1] + [k.value for k in node.keywords if k.arg == name]
        return found


def _bound(name: str, nodes: Iterable[ast.AST], reader: Reader, at: Module) -> Iterator[ast.expr]:
    for node in nodes:
        match node:
            case ast.Assign() | ast.NamedExpr() | ast.AnnAssign() | ast.AugAssign():
                yield from _assigned(name, node)
            case ast.For(target=target, iter=rows) | ast.comprehension(target=target, iter=rows):
                yield from _looped(name, target, rows, reader, at)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=known), attr="append" | "extend"), args=[value]):
                if known == name:
                    yield value
            case ast.Call(func=ast.Name(id=called), args=arguments) if called in at.functions:
                for place, argument in enumerate(arguments):  # a list that another function fills
                    if isinstance(argument, ast.Name) and argument.id == name:
                        yield from _filled_by(at.functions[called], place)


def _filled_by(function: ast.FunctionDef, place: int) -> Iterator[ast.expr]:
    names = [a.arg for a in function.args.args]
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=known), attr="append"), args=[value]):
                if place < len(names) and known == names[place]:
                    yield value


def _assigned(name: str, node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(targets=[target], value=value) | ast.NamedExpr(target=target, value=value):
            yield from _unpacked(name, target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
            yield from _unpacked(name, target, value)


def _unpacked(name: str, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, other in zip(target.elts, value.elts, strict=True):
            yield from _unpacked(name, one, other)


def _looped(name: str, target: ast.expr, rows: ast.expr, reader: Reader, at: Module) -> Iterator[ast.expr]:
    if isinstance(rows, ast.Call) and getattr(rows.func, "attr", "") == "items" and isinstance(target, ast.Tuple):
        for value in reader._literal(rows.func.value, at):  # type: ignore[attr-defined]
            yield from _unpacked(name, target.elts[1], value)
    elif isinstance(rows, ast.Tuple | ast.List):
        for row in rows.elts:
            yield from _unpacked(name, target, row)


def sentences(call: ast.Call, errors: set[str]) -> Iterator[ast.expr]:
    """Yield the expressions of a call that are sentences for a reader."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "jinja2":
        return
    if name in errors:
        yield from call.args[:2]
        yield from (k.value for k in call.keywords if k.arg in ("message", "remedy", "faults"))
    elif name == "Failure":
        yield from call.args[1:3]
    elif name == "CannotError":
        yield from call.args[:1]
    elif name == "Outcome":
        yield from (k.value for k in call.keywords if k.arg == "message")
    elif ast.unparse(call.func) in ("out.warnings.append", "dataset.warnings.append"):
        yield from call.args
    else:
        yield from (k.value for k in call.keywords if k.arg in NAMED_SENTENCES)


def answered(table: ast.Dict) -> Iterator[ast.expr]:
    """Yield the sentences of a dictionary that a worker answers with."""
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant) and key.value in NAMED_SENTENCES:
            yield value


def is_other(node: ast.expr, at: Module) -> bool:
    """Say whether an expression hands on what another error says."""
    match node:
        case ast.Attribute(attr=attr):
            return attr in SENTENCE_NAMES
        case ast.Subscript(slice=ast.Constant(value=key)):
            return key in SENTENCE_NAMES
        case ast.BoolOp(values=values):
            return all(is_other(v, at) for v in values)
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return is_other(inner, at) or (isinstance(inner, ast.Name) and bool(at.catches(inner)))
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=key), *_]):
            return key in SENTENCE_NAMES
    return False


def raised(found: list[Module] | None = None) -> list[Said]:
    """Return what every error says; a sentence that the source does not show has an empty text."""
    found = modules() if found is None else found
    reader, out = Reader(found), []
    for at in found:
        told = [node for call in at.calls for node in sentences(call, reader.errors)]
        told += [node for table in at.dicts for node in answered(table) if at.path.startswith("crlft/")]
        for node in told:
            if is_other(node, at) or (isinstance(node, ast.Constant) and node.value == ""):
                continue
            where = f"{at.path}: {ast.unparse(node)}"
            texts = [text for text in dict.fromkeys(reader.shapes(node, at)) if text.strip()]
            out += [Said(text, where) for text in texts] or [Said("", where)]
    return list(itertools.chain(out, _handed_out(reader)))


def _handed_out(reader: Reader) -> Iterator[Said]:
    for path, name in SENTENCES_OF:
        at = next(m for m in reader.found if m.path == path)
        for text in reader.returned(at.functions[name], at):
            if text.strip():
                yield Said(text, f"{path}: {name}")
