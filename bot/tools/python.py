"""Python functions as tools: `@tool` on a typed async function with a docstring.

    from bot.tools.python import tool

    @tool
    async def stock(product: str, country: Literal["AR", "ES"]) -> dict[str, int]:
        \"\"\"Units on hand of a product.

Args:
            product: name or number of the product
        \"\"\"
"""

import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, overload

from bot.errors import ConfigurationError
from bot.tools.arguments import KEY, check_by_model, model_of_function, schema_of
from bot.tools.reading import told
from bot.tools.settings import PythonTool
from bot.tools.tool import Asker, Output, Tool

Function = Callable[..., Awaitable[Any]]
_MARK = "__vocero_tool__"


@dataclass(frozen=True, slots=True)
class _Marked:
    effects: bool


@overload
def tool(function: Function) -> Function: ...
@overload
def tool(*, effects: bool = False) -> Callable[[Function], Function]: ...
def tool(
    function: Function | None = None, *, effects: bool = False
) -> Function | Callable[[Function], Function]:
    """Marks a function as a tool. `effects`: it changes something, so the asker confirms each call.

    What it returns goes to the model: text as it is, anything else as JSON. A `ToolError` that it raises is
    told in its own words. A parameter `idempotency_key` is filled in: the same for the same call.
    """

    def mark(marked: Function) -> Function:
        setattr(marked, _MARK, _Marked(effects))
        return marked

    return mark if function is None else mark(function)


def open_python(settings: PythonTool) -> Tool:
    """The tool; raises `ConfigurationError` when the file cannot be run or the function cannot be one."""
    place = f'[[tools]] "{settings.name}"'
    name = settings.function or settings.name
    function = getattr(_load(settings.file, place), name, None)
    mark: _Marked | None = getattr(function, _MARK, None)
    if function is None or mark is None:
        raise ConfigurationError(
            f"{place}: {settings.file} has no function `{name}` marked with @tool; add it, or name another "
            "with `function`."
        )
    if not inspect.iscoroutinefunction(function):
        raise ConfigurationError(f"{place}: the function `{name}` is not async; write `async def`.")
    description = settings.description or _summary(function)
    if not description:
        raise ConfigurationError(f"{place}: the function `{name}` has no docstring; say what it tells.")
    try:
        model = model_of_function(function)
        schema = schema_of(model)
    except (TypeError, ValueError, NameError) as error:
        raise ConfigurationError(f"{place}: the function `{name}` {error}.") from None
    keyed = KEY in inspect.signature(function).parameters

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        return Output(told(await function(**arguments, **({KEY: asker.key} if keyed else {}))))

    return Tool(
        name=settings.name,
        description=description,
        parameters=schema,
        check=check_by_model(model),
        run=run,
        effects=mark.effects if settings.effects is None else bool(settings.effects),
    )


def _summary(function: Function) -> str:
    """The docstring down to its list of arguments."""
    text = inspect.getdoc(function) or ""
    for section in ("Args:", "Parameters:", "Returns:", "Raises:"):
        text = text.partition(f"\n{section}")[0]
    return " ".join(text.split())


def _load(file: Path, place: str) -> ModuleType:
    name = f"vocero_tools_{abs(hash(str(file)))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{place}: {file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ConfigurationError(
            f"{place}: {file} cannot be run: {type(error).__name__}: {error}."
        ) from error
    return module
