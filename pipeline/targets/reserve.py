"""Which rows must be held back for floors: a largest flow between categories and slots. Pure, whole numbers.

In: how many rows of each kind are still to come, what each floor needs, what room each slot has. Out: `Reserve`, which takes one
item after another and refuses those for which a floor would have to be given up that could still be met.
"""

from collections.abc import Mapping

from pipeline.targets.finished import Slot
from pipeline.targets.goals import Kind


class Reserve:
    """`rest`: rows to come by (category, slot); `needs` by category; `rooms` by slot. All change as items are taken."""

    def __init__(self, rest: Mapping[Kind, int], needs: Mapping[str, int], rooms: Mapping[Slot, int]) -> None:
        self.rest, self.needs, self.rooms = dict(rest), dict(needs), dict(rooms)
        self._held: dict[Kind, int] = {}
        self._fill()

    @property
    def value(self) -> int:
        """How many rows that floors need can still be kept."""
        return sum(self._held.values())

    def take(self, category: str, slot: Slot, rows: int) -> bool:
        """Take `rows` rows of a kind for kept, as many as there is room for; False, and no change, where that costs a floor."""
        room, need, kind = self.rooms[slot], self.needs.get(category, 0), (category, slot)
        if not room:
            return False
        before = dict(self._held), self.rest[kind], self.value
        self.rest[kind] -= rows
        self.rooms[slot], self.needs[category] = max(0, room - rows), max(0, need - rows)
        self._trim(category, slot)
        if self.value < before[2] - min(rows, need):
            self._fill()
        if self.value >= before[2] - min(rows, need):
            return True
        self._held, self.rest[kind] = before[0], before[1]
        self.rooms[slot], self.needs[category] = room, need
        return False

    def _of_category(self, category: str) -> int:
        return sum(n for (c, _), n in self._held.items() if c == category)

    def _in_slot(self, slot: Slot) -> int:
        return sum(n for (_, s), n in self._held.items() if s == slot)

    def _trim(self, category: str, slot: Slot) -> None:
        """Let go of what no longer fits after a change to one kind, of that kind first."""
        kind = (category, slot)
        self._drop(kind, self._held.get(kind, 0) - self.rest[kind])
        surplus = self._of_category(category) - self.needs[category]
        for other in (kind, *[k for k in self._held if k[0] == category and k != kind]):
            surplus -= self._drop(other, surplus)
        surplus = self._in_slot(slot) - self.rooms[slot]
        for other in (kind, *[k for k in self._held if k[1] == slot and k != kind]):
            surplus -= self._drop(other, surplus)

    def _drop(self, kind: Kind, rows: int) -> int:
        dropped = max(0, min(rows, self._held.get(kind, 0)))
        if dropped:
            self._held[kind] -= dropped
            if not self._held[kind]:
                del self._held[kind]
        return dropped

    def _fill(self) -> None:
        """Hold as much as can be held: augmenting paths from categories that need rows to slots that have room."""
        for category in self.needs:
            while self.needs[category] > self._of_category(category) and self._augment(category):
                pass

    def _augment(self, category: str) -> bool:
        """Hold more rows of `category`, others giving way to them where they can be held elsewhere; False when none can."""
        came: dict[tuple[str, str], Kind | None] = {("category", category): None}  # node -> the kind that led to it
        queue = [("category", category)]
        for what, name in queue:
            if what == "slot" and self.rooms[name] > self._in_slot(name):
                return self._hold_along(came, category, name)
            for kind in self.rest if what == "category" else list(self._held):
                onward = ("slot", kind[1]) if what == "category" else ("category", kind[0])
                mine = (
                    kind[0] == name and self.rest[kind] > self._held.get(kind, 0)
                    if what == "category"
                    else kind[1] == name
                )
                if mine and onward not in came:
                    came[onward] = kind
                    queue.append(onward)
        return False

    def _hold_along(self, came: Mapping[tuple[str, str], Kind | None], category: str, slot: Slot) -> bool:
        path: list[tuple[Kind, int]] = []
        node = ("slot", slot)
        while (kind := came[node]) is not None:
            adds = node[0] == "slot"
            path.append((kind, 1 if adds else -1))
            node = ("category", kind[0]) if adds else ("slot", kind[1])
        spare = [self.rest[k] - self._held.get(k, 0) if sign > 0 else self._held[k] for k, sign in path]
        rows = min(*spare, self.rooms[slot] - self._in_slot(slot), self.needs[category] - self._of_category(category))
        for kind, sign in path:
            if sign > 0:
                self._held[kind] = self._held.get(kind, 0) + rows
            else:
                self._drop(kind, rows)
        return True
