"""`vocero serve` as a process of its own, to be measured, or killed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@asynccontextmanager
async def serving(
    folder: Path, connected: asyncio.Event, environ: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, connected; what it says is in `serve.log`. `environ`: tokens and addresses."""
    connected.clear()
    others = {name: value for name, value in os.environ.items() if not name.startswith("VOCERO")}
    with (folder / "serve.log").open("a") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "--config", str(folder / "vocero.toml"), "serve"),
            cwd=ROOT,
            env=others | environ,
            stderr=log,
        )
        try:
            await asyncio.wait_for(connected.wait(), 120)
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
