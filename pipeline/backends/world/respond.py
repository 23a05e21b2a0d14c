"""Answer any request to the world. In: messages, image bytes, a seed, the reply's schema name, a skill. Out: text or PNG bytes.

It is pure and deterministic: equal inputs give equal bytes in any process. It plays all three models, and sees nothing but
rendered words and pixels.
"""

from collections.abc import Sequence

from pipeline.backends.world.models.analyzer import evaluate
from pipeline.backends.world.models.appraisal import appraise
from pipeline.backends.world.models.generator import make_image
from pipeline.backends.world.models.plans import plan
from pipeline.backends.world.models.reflection import diagnose, reflect
from pipeline.backends.world.models.request import read
from pipeline.backends.world.models.rewording import reword
from pipeline.backends.world.models.skill import Skill
from stages.errors import Refused
from stages.protocols import Message


def respond(
    messages: Sequence[Message], images: Sequence[bytes], seed: int, *, schema: str, skill: Skill
) -> str | bytes:
    """The reply to a request: PNG bytes for schema "image", else JSON text. Raises stages.errors.Refused."""
    request = read(messages, images, seed, schema)
    match schema:
        case "image":
            return make_image(request, skill)
        case "evaluation":
            return evaluate(request, skill)
        case "reflection":
            return reflect(request, skill)
        case "diagnosis":
            return diagnose(request, skill)
        case "plan":
            return plan(request)
        case "appraisal":
            return appraise(request, skill)
        case "rewording":
            return reword(request)
        case _:
            raise Refused(f"I do not know replies of the kind {schema!r}.")
