"""The house keeps its shape: small modules, small functions, rooms with names."""

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "src" / "extriage"
MODULES = sorted(HOUSE.rglob("*.py"))
GRAB_BAGS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "stuff"}


def functions(module: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(module.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(HOUSE)))
def test_a_module_is_a_room_not_a_hall(module: Path) -> None:
    lines = len(module.read_text("utf-8").splitlines())
    assert lines <= 400, f"{module.name} has {lines} lines: find the two rooms in it"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(HOUSE)))
def test_a_function_fits_the_screen(module: Path) -> None:
    for function in functions(module):
        lines = (function.end_lineno or 0) - function.lineno + 1
        assert lines < 60, f"{module.name}:{function.name} has {lines} lines: name its steps"


def test_functions_are_mostly_short() -> None:
    lengths = sorted(
        (f.end_lineno or 0) - f.lineno + 1 for module in MODULES for f in functions(module)
    )
    assert lengths[len(lengths) // 2] <= 10, "half of all functions should have ten lines or fewer"
    assert lengths[len(lengths) * 9 // 10] <= 30, "nine of ten should have thirty lines"


def test_every_room_has_a_name() -> None:
    bags = [m for m in MODULES if GRAB_BAGS & {m.stem, *m.relative_to(HOUSE).parts}]
    assert not bags, f"{bags[0]}: if it has no name, it has no place"


def test_every_module_says_what_it_is() -> None:
    silent = [m for m in MODULES if ast.get_docstring(ast.parse(m.read_text("utf-8"))) is None]
    assert not silent, f"{silent[0]} has no docstring: say what it is, for an analyst"
