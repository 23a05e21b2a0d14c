"""Questions that other builds of a shared database have sent, or are about to send: their answers are awaited, not asked for again.

In: the database, and where this build is. Out: how many there are, and the end of a wait for them; or Waiting.
"""

import asyncio
import time

from pipeline.errors import Waiting
from pipeline.storage import letters
from pipeline.storage.outcomes import Outcomes


class OtherBuilds:
    """The builds of the database of `outcomes` but that in the folder `place`."""

    def __init__(self, outcomes: Outcomes, place: str) -> None:
        self._outcomes = outcomes
        self._place = place
        self._since = time.time()
        self._seen: dict[str, int] = {}
        self._waited_s = 0.0

    def letters(self) -> dict[str, int]:
        """How many questions they have, by their output folder, "" for those that are not sent yet."""
        with self._outcomes.engine.connect() as connection:
            return letters.count_with_others(connection, self._outcomes.run, self._place, self._since)

    async def wait(self, samples: int, poll_s: float, wait_s: float) -> None:
        """Wait `poll_s` seconds, where any of them has a question. Raises Waiting once nothing changed for `wait_s` seconds."""
        theirs = self.letters()
        if not theirs:
            return
        if theirs != self._seen:
            self._seen, self._waited_s = theirs, 0.0
        if self._waited_s >= wait_s:
            places = ", ".join(place or "a folder that is not known yet" for place in theirs)
            raise Waiting(
                f"{samples:,} samples wait for requests that another build of this database has sent ({places}); let that one go "
                "on, and type the same command again"
            )
        await asyncio.sleep(min(poll_s, wait_s))
        self._waited_s += poll_s
