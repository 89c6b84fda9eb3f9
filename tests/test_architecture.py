"""The house stays as it was built: one way of the data, no circles, engines in one room."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "generator"
ENGINES = {"torch", "vllm", "transformers", "bitsandbytes", "safetensors", "tokenizers", "huggingface_hub", "lm_eval"}


def modules() -> dict[str, ast.Module]:
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in PACKAGE.rglob("*.py")
    }


def imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_only_the_measuring_stage_imports_an_engine() -> None:
    guilty = {
        name
        for name, tree in modules().items()
        if not name.startswith("generator.measure.") and {one.split(".")[0] for one in imports(tree)} & ENGINES
    }

    assert guilty == set()


def test_no_module_imports_itself_by_a_detour() -> None:
    known = modules()
    arrows = {name: imports(tree) & set(known) for name, tree in known.items()}

    def reaches(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(arrows[start])
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += arrows[name]
        return seen

    assert [name for name in known if name in reaches(name)] == []


def test_the_analysis_and_the_pages_touch_neither_file_nor_clock() -> None:
    guilty = {
        name
        for name, tree in modules().items()
        if name.startswith(("generator.analyse.", "generator.render."))
        and {one.split(".")[0] for one in imports(tree)} & {"os", "pathlib", "time", "datetime", "subprocess", "psutil"}
    }

    assert guilty == set()


def test_pages_are_made_without_any_engine_being_imported() -> None:
    program = (
        "import sys; from generator.site import site_files; site_files(); "
        f"print(sorted(set(sys.modules) & {ENGINES!r}))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
