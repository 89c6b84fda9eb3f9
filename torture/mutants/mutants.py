"""A module's mutants: its source with one small slip in it, such as a programmer makes. A good test fails for each.

What has no behaviour is left alone: annotations that nothing reads, docstrings, assertions for the type checker, and
how a class stores its values. Of the libraries, mutmut (3.8) leaves out class bodies and whatever is decorated, which
is all of a schema of pydantic; cosmic-ray (8.7) knows no texts and patterns, starts an interpreter for each mutant, and
counts those that can't be imported as killed.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
OPPOSITES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}

# How many characters on either side of a slip tell where it is.
CONTEXT: Final = 40

# What lies between two anchors is a pattern: it may lose one, and a quantifier in it may be another.
_PATTERN: Final = re.compile(r"\^.*\$")
_QUANTIFIER: Final = re.compile(r"(?<=[\])}])[*+]|(?<=\{)\d+")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A slip: the line of the module that it is in, what is there before and after as `ast.unparse` writes it, and the
    whole source with it."""

    line: int
    before: str
    after: str
    source: str


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    original = ast.unparse(tree)
    for spot in _spots(tree, _read_annotations(tree)):
        line = getattr(spot.node, "lineno", getattr(spot.parent, "lineno", 0))
        for changed in _changed(spot.node):
            spot.put(changed)
            mutated = ast.unparse(ast.fix_missing_locations(tree))
            spot.put(spot.node)
            yield Mutant(line, *_difference(original, mutated), mutated)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a node hangs in the tree."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _spots(parent: ast.AST, read: set[ast.AST]) -> Iterator[_Spot]:
    for field, content in ast.iter_fields(parent):
        for index, node in enumerate(content) if isinstance(content, list) else [(None, content)]:
            if isinstance(node, ast.AST) and not _without_behaviour(parent, field, node, read):
                yield _Spot(parent, field, index, node)
                yield from _spots(node, read)


def _read_annotations(tree: ast.Module) -> set[ast.AST]:
    """Those that pydantic reads, in classes with a base; and its aliases, where there are such classes."""
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    if not any("Frozen" in {one.name, *map(ast.unparse, one.bases)} for one in classes):
        return set()
    fields = [one for of in classes if of.bases for one in of.body if isinstance(one, ast.AnnAssign)]
    return {one.annotation for one in fields} | {one.value for one in tree.body if isinstance(one, ast.Assign)}


def _without_behaviour(parent: ast.AST, field: str, node: ast.AST, read: set[ast.AST]) -> bool:
    match node:
        case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Call(func=ast.Name(id="TypeVar")):
            return True
        case ast.Subscript(value=ast.Name(id="Literal")) if isinstance(parent, ast.Assign):
            return node not in read
    if field == "decorator_list":
        return isinstance(parent, ast.ClassDef)
    return field in {"annotation", "returns"} and node not in read


def _changed(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901, PLR0912  a table of slips
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for at, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    yield ast.Compare(left, [*ops[:at], other(), *ops[at + 1 :]], comparators)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from (left, right)
        case ast.BinOp(left=left, op=op, right=right):
            yield ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.AugAssign(target=target, op=op, value=value):
            yield ast.Assign([target], value)
            yield ast.AugAssign(target, ARITHMETIC[type(op)](), value)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield from values if len(values) == 2 else ()
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=value):
            yield from (ast.Constant(value=other) for other in _other_values(value))
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.If(body=body, orelse=orelse):
            yield from (ast.If(ast.Constant(value=test), body, orelse) for test in (True, False))
        case ast.comprehension(target=target, iter=over, ifs=[_]):
            yield ast.comprehension(target, over, [], 0)
        case ast.Call(func=func, args=args, keywords=keywords):
            yield from (ast.Call(func, args, [*keywords[:at], *keywords[at + 1 :]]) for at in range(len(keywords)))
            if len(args) > 1:
                yield ast.Call(func, args[:-1], keywords)
            if isinstance(func, ast.Name) and func.id in OPPOSITES:
                yield ast.Call(ast.Name(OPPOSITES[func.id]), args, keywords)
        case ast.FunctionDef(decorator_list=[_]):
            yield ast.FunctionDef(node.name, node.args, node.body, [], node.returns)
        case ast.ExceptHandler(name=name, body=body):
            yield ast.ExceptHandler(ast.Name("StopAsyncIteration"), name, body)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(value=None))
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()


def _other_values(value: object) -> Iterator[str | float]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (value * 2, value / 2) if value else (1.0,)
    elif isinstance(value, str):
        yield f"XX{value}XX"
        if _PATTERN.fullmatch(value):
            yield from (value[1:], value[:-1])
            for found in _QUANTIFIER.finditer(value):
                other = {"*": "+", "+": "*"}.get(found[0]) or str(int(found[0]) + 1)
                yield value[: found.start()] + other + value[found.end() :]


def _difference(original: str, mutated: str) -> tuple[str, str]:
    """What differs, with enough of its lines on either side to know the place by."""
    start = _alike(original, mutated)
    same = _alike(original[start:][::-1], mutated[start:][::-1])
    start = max(start - CONTEXT, original.rfind("\n", 0, start) + 1)
    end = min(same, CONTEXT, f"{original[len(original) - same :]}\n".index("\n"))
    before, after = (" ".join(text[start : len(text) - same + end].split()) for text in (original, mutated))
    return before, after


def _alike(one: str, other: str) -> int:
    """How many characters the two begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, pair in pairs if pair[0] != pair[1]), min(len(one), len(other)))
