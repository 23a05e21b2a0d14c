"""Is an output in the form that this program writes and reads? Rows of another form are not wrong, but no rule here fits them.

In: the folder of an output. Out: one line that says which form is there and what to do, or None. Nothing but the files' own
metadata is looked at; a file that cannot be read is left to `x2i verify`.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.manifest.forms import FORMS, PRODUCTS
from pipeline.output.places import list_files


def describe_other_form(out: Path) -> str | None:
    """The first product of another form, in words; None when all are of the forms of `pipeline.output.schema`, or tell none."""
    for product in PRODUCTS:
        for name in list_files(out, product):
            form = _form(out / name)
            if form not in (None, FORMS[product]):
                return (
                    f"{name}: its rows are {form}, this version of x2i reads and writes {FORMS[product]}; "
                    "build it again with --fork, which keeps its answers, or use the version that built it"
                )
    return None


def _form(path: Path) -> str | None:
    try:
        about = json.loads((pq.read_schema(path).metadata or {}).get(b"x2i", b"{}"))
        return str(about["schema"])
    except (OSError, pa.ArrowException, ValueError, LookupError, TypeError):
        return None
