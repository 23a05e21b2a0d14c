"""Groups whose rollouts come one by one: they wait for each other, and are rewarded together or not at all.

In: rollouts, each with the name and the size of its group, and the work that judges it. Out: `Rewarded`, once the group is whole.
Lives on one event loop. A rollout is judged as soon as it comes; one that comes again gets what it got before.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.rewards.rollout import Rollout
from training.rewards.score import GroupScores
from training.rewards.server.problems import GroupConflict, GroupIncomplete

REMEMBERED = 20_000
"""Rollouts whose rewards are known again when they are sent once more."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A rollout that came: its id, and a digest of all that it holds and answers to."""

    id: str
    content: str


@dataclass(frozen=True, slots=True)
class Rewarded:
    """The place of a rollout in the scores of its group, and what the judge said of it."""

    scores: GroupScores
    place: int
    rollout: Rollout


@dataclass
class _OpenGroup:
    name: str
    size: int
    prompt: str
    members: dict[str, tuple[Arrival, "asyncio.Task[Rollout]"]] = field(default_factory=dict)
    done: "asyncio.Future[dict[str, Rewarded]]" = field(default_factory=lambda: _future())
    alarm: asyncio.TimerHandle | None = None
    finishing: "asyncio.Task[None] | None" = None


@dataclass
class GroupDesk:
    """Brings the rollouts of a group together. `score` rewards a whole group.

    `wait_s`: how long a group waits for its next rollout, in seconds; then all who wait get GroupIncomplete, and it begins anew.
    """

    score: Callable[[Sequence[Rollout]], GroupScores]
    wait_s: float
    _open: dict[str, _OpenGroup] = field(default_factory=dict)
    # whole, and being judged: a group of the same name may begin anew meanwhile
    _closing: dict[tuple[str, str], tuple[Arrival, _OpenGroup]] = field(default_factory=dict)
    _known: "OrderedDict[tuple[str, str], tuple[Arrival, Rewarded]]" = field(default_factory=OrderedDict)

    async def reward(
        self,
        group: str,
        size: int,
        prompt: str,
        arrival: Arrival,
        judge: Callable[[], Coroutine[Any, Any, Rollout]],
    ) -> Rewarded:
        """The reward of a rollout, once all `size` of its group are there. `prompt`: a digest of what they answer to.

        Raises GroupIncomplete, GroupConflict, and what judging any of the group raises.
        """
        key = (group, arrival.id)
        if key in self._known:
            self._known.move_to_end(key)
            first, rewarded = self._known[key]
            _check_same(first, arrival, group)
            return rewarded
        if key in self._closing:
            first, there = self._closing[key]
            _check_same(first, arrival, group)
        else:
            there = self._join(group, size, prompt, arrival, judge)
        # the client may hang up; its rollout stays, and is known again when it comes once more
        return (await asyncio.shield(there.done))[arrival.id]

    @property
    def waiting(self) -> int:
        """Rollouts that wait for others of their group."""
        return sum(len(group.members) for group in self._open.values())

    def _join(
        self, name: str, size: int, prompt: str, arrival: Arrival, judge: Callable[[], Coroutine[Any, Any, Rollout]]
    ) -> _OpenGroup:
        group = self._open.get(name) or _OpenGroup(name, size, prompt)
        if arrival.id in group.members:
            _check_same(group.members[arrival.id][0], arrival, name)
            return group
        if group.size != size:
            text = f"group {name}: it was said to have {group.size} rollouts, and now {size}; say the same each time"
            raise GroupConflict(text, "group_size")
        if group.prompt != prompt:
            text = f"group {name}: its rollouts answer to different prompts; give each prompt a group of its own"
            raise GroupConflict(text, "prompt")
        self._open[name] = group
        task = asyncio.ensure_future(judge())
        task.add_done_callback(_look_at_error)
        group.members[arrival.id] = (arrival, task)
        if group.alarm is not None:
            group.alarm.cancel()
        if len(group.members) < size:
            group.alarm = asyncio.get_running_loop().call_later(self.wait_s, self._give_up, group)
            return group
        del self._open[name]
        self._closing |= {(name, member): (first, group) for member, (first, _) in group.members.items()}
        group.finishing = asyncio.ensure_future(self._finish(group))
        return group

    def _give_up(self, group: _OpenGroup) -> None:
        del self._open[group.name]
        for _, task in group.members.values():
            task.cancel()
        group.done.set_exception(GroupIncomplete(group.name, len(group.members), group.size, self.wait_s))

    async def _finish(self, group: _OpenGroup) -> None:
        """Wait for the judge, then reward the group. Whatever goes wrong reaches everybody who waits."""
        tasks = [task for _, task in group.members.values()]
        await asyncio.wait(tasks)
        failed = next((task.exception() for task in tasks if not task.cancelled() and task.exception()), None)
        for member in group.members:
            del self._closing[group.name, member]
        if failed is not None:
            group.done.set_exception(failed)
            return
        rollouts = [task.result() for task in tasks]
        try:
            scores = self.score(rollouts)
        except ValueError as error:
            group.done.set_exception(error)
            return
        rewarded = {id_: Rewarded(scores, n, rollouts[n]) for n, id_ in enumerate(group.members)}
        for id_, one in rewarded.items():
            self._known[group.name, id_] = (group.members[id_][0], one)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        group.done.set_result(rewarded)


def _check_same(first: Arrival, arrival: Arrival, group: str) -> None:
    """Raises GroupConflict where another rollout comes under the id of one that came before."""
    if first.content != arrival.content:
        raise GroupConflict(
            f"group {group}: another rollout came as {arrival.id}; give each rollout an id of its own", "rollout.id"
        )


def _future() -> "asyncio.Future[Any]":
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.add_done_callback(_look_at_error)
    return future


def _look_at_error(done: "asyncio.Future[Any]") -> None:
    """Python complains of an error that nobody looks at; where every client has hung up, nobody does."""
    if not done.cancelled():
        done.exception()
