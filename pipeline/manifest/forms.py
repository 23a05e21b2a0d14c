"""In which form this program writes each product: part of what a run means, and noted in every file.

In: nothing. Out: a name and a number a product. Rows of another number have other columns, or columns that mean something else.
"""

from collections.abc import Mapping
from typing import Literal

Product = Literal["sft", "rl", "pairs", "edit_pairs", "record"]
PRODUCTS: tuple[Product, ...] = ("sft", "rl", "pairs", "edit_pairs", "record")

FORMS: Mapping[Product, str] = {
    "sft": "traj/2",
    "rl": "rl/3",
    "pairs": "pairs/3",
    "edit_pairs": "pairs/3",
    "record": "record/4",
}
