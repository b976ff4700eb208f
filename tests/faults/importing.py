"""Imports files while parts are killed, again when one did not get through: it goes on from what is there."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.running import ROOT, System

PAGES = 3_000


def pages(part: int) -> dict[str, dict[str, Any]]:
    """The records of one file by key, by the names that the API has, each in its first revision."""
    keys = [f"p{part}-{number:05}" for number in range(PAGES)]
    return {key: {"key": key, "revision": 1, "pageId": key, "text": f"the page {key}"} for key in keys}


async def import_pages(system: System, folder: Path, part: int) -> None:
    """Have `catalograph import` succeed, however often it takes."""
    file = folder / f"pages-{part}.ndjson"
    file.write_text("".join(f"{json.dumps({'id': one['key'], 'text': one['text']})}\n" for one in pages(part).values()))
    command = (sys.executable, "-m", "cli", "import", "Page", str(file), "--data", str(system.data))
    while True:
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL)
        try:
            if await process.wait() == 0:
                return
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        await asyncio.sleep(1)
