"""Word several edits as one instruction. In: a request with one `edit` tag an edit. Out: JSON text.

Each edit is read and worded anew, in the same order. One that the world's reader does not understand is declined.
"""

import json

from pipeline.backends.world.models.request import Request, tags
from pipeline.backends.world.words.language import join, phrase
from pipeline.backends.world.words.reading import NotUnderstood, parse
from stages.errors import Refused


def reword(request: Request) -> str:
    """The instruction. Raises Refused."""
    edits = [tag.text for tag in tags(request.text, "edit")]
    if not edits:
        raise Refused("I cannot do this: the request holds no <edit>.")
    try:
        ops = [op for edit in edits for op in parse(edit)]
    except NotUnderstood as error:
        raise Refused(f"I cannot word this: {error}.") from error
    rng = request.rng("words")
    return json.dumps({"instruction": join([phrase(op, rng) for op in ops], rng)})
