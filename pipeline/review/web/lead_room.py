"""What the lead's page shows: the figures, counted now and then, the lots, the people.

In: a desk, an address, a way to count. Out: `LeadRoom`. Figures are counted at most once in `_STALE_S` seconds, however many look,
and nobody waits for it but who looks first.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from fastapi.responses import HTMLResponse

from pipeline.review.claims import lot_code
from pipeline.review.errors import ReviewError
from pipeline.review.records import LotKey
from pipeline.review.settings import ReviewSettings
from pipeline.review.web.address import ReviewAddress
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.figures import LeadFigures
from pipeline.review.web.rendering import page, part
from pipeline.review.web.visitor import Visitor
from stages.identity import digest

_STALE_S = 2.0
_AUDIT = 30


class LeadRoom:
    """The figures of a review, as `count` gives them. Those older than `_STALE_S` seconds are shown once more while new ones are
    counted.
    """

    def __init__(self, desk: ReviewDesk, at: ReviewAddress, count: Callable[[], LeadFigures]) -> None:
        self.desk, self.at = desk, at
        self._count_now = count
        self._counting = threading.Lock()
        self._counted: tuple[float, LeadFigures] | None = None

    def figures(self) -> LeadFigures:
        """The figures of now, or of the last look."""
        counted = self._counted
        if counted is None:
            with self._counting:  # of several who look first, one counts
                return self._count() if self._counted is None else self._counted[1]
        if time.monotonic() - counted[0] > _STALE_S and self._counting.acquire(blocking=False):
            threading.Thread(target=self._count_beside, daemon=True).start()
        return counted[1]

    def _count(self) -> LeadFigures:
        self.desk.look_again()
        figures = self._count_now()
        self._counted = (time.monotonic(), figures)
        return figures

    def _count_beside(self) -> None:
        """Count while pages go on. Where that fails, the next look counts, and says why."""
        counted = False
        try:
            self._count()
            counted = True
        finally:
            if not counted:
                self._counted = None
            self._counting.release()

    def forget(self) -> None:
        """Count again at the next look."""
        with self._counting:
            self._counted = None

    def lots(self, codes: list[str] | None) -> list[LotKey]:
        """The lots behind the codes of a form. Raises ReviewError for one that there is not."""
        known = {lot_code(p.key): p.key for p in self.desk.store.populations()}
        try:
            return [known[code] for code in codes or ()]
        except KeyError as error:
            raise ReviewError("one of these lots is not in this review any more; load the page again") from error

    def people(self, who: Visitor, link: str = "", invited: str = "") -> HTMLResponse:
        """The list of people, with a new link if there is one."""
        return part("review_people.html.j2", who=who, link=link, invited=invited, **self.people_values())

    def people_values(self) -> dict[str, Any]:
        """What the list of people shows."""
        lots = [(lot_code(p.key), p.key) for p in self.desk.store.populations()]
        return {"people": self.desk.store.people(), "lots": lots}

    def configure(self, settings: ReviewSettings, who: Visitor) -> None:
        """Change the settings and draw by them. Where nothing can be drawn, they stay as they were."""
        store = self.desk.store
        before = store.settings()
        store.configure(settings, who.name)
        try:
            self.desk.redraw()
        except ReviewError:
            store.configure(before, who.name)
            raise
        self.forget()

    def live(self) -> str:
        """The figures as markup, marked by what they are, so that a page which has them is sent nothing."""
        store = self.desk.store
        values = {
            "figures": self.figures(), "looks": self.desk.looks, "entries": store.audit(_AUDIT),
            "screened": store.settings().screened,
        }  # fmt: skip
        markup = page("review_live.html.j2", values)
        return page("review_polled.html.j2", {"live": markup, "seen": digest("live", str(markup))[:16]})
