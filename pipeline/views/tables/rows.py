"""The rows of a table, one by one, as plain values.

In: a DataFrame. Out: dicts by column name; a named index is a column like the others.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd


def rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each row in order; counts stay whole numbers, which `DataFrame.iterrows` would not promise."""
    for row in table.reset_index().to_dict("records"):
        yield {str(name): value for name, value in row.items()}
