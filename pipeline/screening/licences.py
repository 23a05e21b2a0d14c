"""Which licences rows may have. In: the allowed ones, a sample. Out: None, or why the row stays out.

Case does not count. A row that joins several (`A AND B`, as SPDX writes it) needs all of them allowed; one without a licence is
`unstated`, and stays in only where that is allowed by name.
"""

import re
from collections.abc import Sequence

from pipeline.screening.dropped import Dropped
from stages.records import Sample

_AND = re.compile(r"\s+and\s+", re.IGNORECASE)


def check_licence(allowed: Sequence[str], sample: Sample) -> Dropped | None:
    """None where the licence is allowed, or where none is named as allowed."""
    if not allowed:
        return None
    names = {name.strip().casefold() for name in allowed}
    for licence in _AND.split(sample.licence):
        if licence.strip("() ").casefold() not in names:
            return Dropped("licence", f"{licence}, which is none of {', '.join(allowed)}")
    return None
