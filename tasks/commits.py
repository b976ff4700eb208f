"""Tells the hooks of extensions of the changes that were committed, each at least once and in their order.

One worker does so at a time. A hook that fails is told again, later and later; changes that it fails at while it takes
others, or for very long, become dead letters, so that neither they nor those behind them are lost.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import structlog

from errors import CatalographError
from indexing.services import Services
from models.changes import Position
from models.collections.extras import CommitHook
from models.commits import Commit, commit_of, commit_of_letter, position_of, told
from models.deadletters import DeadLetter
from tasks.desk import TaskDesk
from tasks.nudging import Nudges
from tasks.store import Store

LOOK_SECONDS = 5.0
"""How long a worker waits until it looks whether nobody tells the hooks any more."""
TRIES = 5
"""How often a hook is told of several changes at once, before it is told of each alone."""
LONGEST_PAUSE = 60.0
PATIENCE_SECONDS = 3_600.0
"""How long a hook that fails at everything is told again."""
CALL_SECONDS = 300.0
_LOCK = "commit hooks"

log = structlog.get_logger()
Failed = list[tuple[Commit, str]]


async def tell_hooks(services: Services, desk: TaskDesk, nudges: Nudges) -> None:
    """Tell the hooks for as long as the process runs, whenever no other worker does."""
    teller = Teller(services, desk, nudges)
    while services.catalog.extras.commit_hooks:
        try:
            async with services.database.exclusive(_LOCK) as alone:
                if alone:
                    await teller.run()
        except* CatalographError as group:
            reasons = ", ".join(sorted({str(error) for error in group.exceptions}))
            log.warning("hooks_not_told", reason=reasons, remedy="they are told of it later")
        except* Exception:
            # A defect of ours: the next look may be spared it.
            log.exception("hooks_not_told")
        await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True)
class Teller:
    """Tells all hooks of a process."""

    services: Services
    desk: TaskDesk
    nudges: Nudges

    async def run(self) -> None:
        """Tell each hook of what comes, until a store is away or another worker does."""
        async with asyncio.TaskGroup() as group:
            for hook in self.services.catalog.extras.commit_hooks:
                group.create_task(self._follow(hook))

    async def _follow(self, hook: CommitHook) -> None:
        database = self.services.database
        after = await database.write(lambda session: position_of(session, hook.name))
        async with self.desk.changes.follow(after, hook.collections) as follower:
            while True:
                changes = await follower.next()
                commits = [
                    commit_of(change, collection.key_of(change.data))
                    for change in changes
                    if (collection := self.services.catalog.get(change.collection))
                ]
                failed = await self.tell(hook, commits) if commits else []
                after = await self._noted(hook, after, changes[-1].position, failed)

    async def _noted(self, hook: CommitHook, after: Position, until: Position, failed: Failed) -> Position:
        if failed:
            log.error("commits_buried", hook=hook.name, count=len(failed), remedy="see `deadLetters`")
        await self.services.database.write(lambda session: told(session, hook.name, after, until, failed))
        return until

    async def tell(self, hook: CommitHook, commits: Sequence[Commit]) -> Failed:
        """Tell a hook until it takes the changes; those that it takes for good not, each with the reason."""
        began = time.monotonic()
        for attempt in count():
            parts = [[commit] for commit in commits] if attempt >= TRIES else [list(commits)]
            failed = [(commit, why) for part in parts if (why := await self._why_not(hook, part)) for commit in part]
            if len(failed) < len(commits) or time.monotonic() - began > PATIENCE_SECONDS:
                return failed
            await asyncio.sleep(min(2.0**attempt, LONGEST_PAUSE))
        raise AssertionError("it ends when its patience does")

    async def tell_again(self, letter: DeadLetter) -> str | None:
        """Tell the hook of a dead letter once more; why it fails again."""
        async with self.services.database.reading() as session:
            found = await commit_of_letter(session, letter)
        if found is None:
            return "there is no such change any more"
        name, commit = found
        hook = next((one for one in self.services.catalog.extras.commit_hooks if one.name == name), None)
        return await self._why_not(hook, [commit]) if hook else f"no extension has a hook {name} any more"

    async def _why_not(self, hook: CommitHook, commits: list[Commit]) -> str | None:
        store = Store(self.services, self.nudges, f"extension {hook.code.module}")
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await hook.code.function(commits, store)
        except Exception as error:
            log.exception("after_commit_failed", hook=hook.name, changes=len(commits), remedy="it is told again")
            return f"{type(error).__name__}: {error}"
        return None
