"""The kernels that the installed vLLM chooses from, read off its source: to import it would take seconds."""

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Final

# vLLM lists them here, by platform, in tables of this name.
_WHERE: Final = "model_executor/kernels/linear/__init__.py"
_TABLES: Final = "_POSSIBLE"


def kernel_names() -> frozenset[str]:
    """The names that vLLM can be told not to use; none where it is not installed, or lists them elsewhere."""
    found = find_spec("vllm")
    for folder in (found and found.submodule_search_locations) or ():
        source = Path(folder) / _WHERE
        if source.is_file():
            return _listed(source.read_text(encoding="utf-8"))
    return frozenset()


def _listed(source: str) -> frozenset[str]:
    tables = (
        node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id.startswith(_TABLES)
        and isinstance(node.value, ast.Dict)
    )
    lists = (value for table in tables for value in table.values)
    return frozenset(name.id for one in lists for name in ast.walk(one) if isinstance(name, ast.Name))
