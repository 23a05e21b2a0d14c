"""Declines that come without a word: an answer of status 200 that holds nothing, because a filter stopped it.

In: the JSON of an answer, or the reasons for which it ended. Out: what says that it was declined, or None. An answer that holds no
choice at all is a decline where a filter says so, or where the provider counts tokens for it: the prompt was read, and turned
down. Without either the server is broken, and is asked again.
"""

import re
from collections.abc import Iterator
from typing import Any

STOPPED = frozenset(
    {
        "content_filter",
        "content_filtered",
        "content_policy_violation",
        "safety",
        "refusal",
        "blocked",
        "sensitive",
        "moderation",
        "prohibited_content",
        "blocklist",
        "spii",
        "recitation",
        "guardrail_intervened",
    }
)
"""Reasons to end an answer that are declines."""
IMAGE_STOPPED = STOPPED | {
    "no_image",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "image_other",
}
"""The same for an answer that should hold an image."""
OUT_OF_ROOM = frozenset(
    {
        "length",
        "max_tokens",
        "max_output_tokens",
        "max_completion_tokens",
        "max_length",
        "model_length",
        "token_limit",
    }
)
"""Reasons to end an answer that are limits on its length."""
CUT_SHORT = OUT_OF_ROOM | {"incomplete", "abort", "aborted", "cancelled", "error", "insufficient_system_resource"}
"""Reasons to end an answer before it was whole."""
_REASONS = ("finish_reason", "finishReason", "native_finish_reason", "stop_reason")
_BLOCKS = ("blockReason", "block_reason", "raiFilteredReason", "rai_filtered_reason")
_FLAGS = ("filtered", "blocked", "flagged")
_DEEPEST = 8


def reasons(*given: Any) -> frozenset[str]:
    """Reasons for an end, in lower case; "content_filter: RECITATION" are two."""
    texts = (text for text in given if isinstance(text, str))
    return frozenset(word for text in texts for word in re.findall(r"\w+", text.lower().replace("-", "_")))


def filtered_by(answer: Any) -> str | None:
    """What a filter says of an answer, such as "blockReason: SAFETY"; None where none speaks."""
    return next(_signs(answer, "", 0), None)


def is_counted(answer: dict[str, Any]) -> bool:
    """Whether the provider counts tokens or money for an answer: then it worked for it."""
    used = answer.get("usage") or answer.get("usageMetadata")
    counts = used.items() if isinstance(used, dict) else ()
    return any(_is_positive(value) for name, value in counts if "token" in name.lower() or name == "cost")


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _signs(value: Any, name: str, depth: int) -> Iterator[str]:
    if depth >= _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _signs(item, name, depth + 1)
    elif isinstance(value, dict):
        for key in _BLOCKS:
            if isinstance(text := value.get(key), str) and not (text == "" or text.upper().endswith("UNSPECIFIED")):
                yield f"{key}: {text}"
        ended = reasons(*(value.get(key) for key in _REASONS)) & IMAGE_STOPPED
        if ended:
            yield ", ".join(sorted(ended))
        if any(value.get(key) is True for key in _FLAGS):
            yield f"filter: {name}"
        for key, inner in value.items():
            yield from _signs(inner, key, depth + 1)
