"""`flows/` is pure: it imports neither Pipecat nor anything that does I/O."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = sorted((ROOT / "flows").rglob("*.py"))

FORBIDDEN = {
    "aiohttp", "aiosqlite", "alembic", "anthropic", "asyncio", "bot", "daily", "dns", "fastapi",
    "httpcore", "httpx", "livekit", "loguru", "multiprocessing", "openai", "pipecat",
    "processors", "psycopg", "redis", "requests", "shutil", "socket", "sqlalchemy", "sqlite3",
    "ssl", "stamina", "subprocess", "tempfile", "threading", "urllib", "urllib3", "uvicorn",
    "websockets",
}  # fmt: skip
CALLS_THAT_DO_IO = {"open", "print", "input", "exec", "eval"}

# What a dependency of ours may pull in without doing anything with it is not on this list.
NOT_EVEN_INDIRECTLY = {
    "aiohttp", "aiosqlite", "alembic", "bot", "dns", "httpx", "livekit", "loguru", "openai",
    "pipecat", "processors", "psycopg", "redis", "requests", "sqlalchemy", "uvicorn", "websockets",
}  # fmt: skip


def _imports(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_nothing_that_does_io(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert _imports(tree) & FORBIDDEN == set()
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & CALLS_THAT_DO_IO == set()


def test_importing_all_of_flows_loads_no_framework_and_no_client() -> None:
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in MODULES]
    modules = [n.removesuffix(".__init__") for n in names]
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print('\\n'.join(sorted({n.partition('.')[0] for n in sys.modules})))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    loaded = set(result.stdout.split())
    assert "flows" in loaded
    assert loaded & NOT_EVEN_INDIRECTLY == set()
