"""Replies without a word, and answers outside `content`, grouped by kind, with the end of each. See `shapes`."""

from tests.backends.openai.shapes import FILTERED, OBJECT, PASSED, USAGE, VERDICT, Shape, _rows, call, pieces, turn

THOUGHT = f"The bird is unknown to it, I think. {VERDICT}"
BLOCKED = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
PROMPT_FILTERED = {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERED}]}
PROMPT_PASSED = {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": PASSED}]}

DECLINED = [
    ("no choices, with usage", {"choices": [], "usage": USAGE}, "declined"),
    ("choices that are null, with usage", {"choices": None, "usage": USAGE}, "declined"),
    ("choices left out, with usage", {"id": "x", "usage": USAGE}, "declined"),
    (
        "a message that is null, with usage",
        {"choices": [{"finish_reason": "stop", "message": None}], "usage": USAGE},
        "declined",
    ),
    (
        "content_filter without a message",
        {"choices": [{"finish_reason": "content_filter"}], "usage": USAGE},
        "content_filter",
    ),
    ("content_filter", turn(None, "content_filter", USAGE), "content_filter"),
    ("content_filter: RECITATION", turn(None, "content_filter: RECITATION", USAGE), "recitation"),
    ("prompt_filter_results", {"choices": [], **PROMPT_FILTERED, "usage": USAGE}, "hate"),
    ("no choices, a sum of tokens", {"choices": [], "usage": {"total_tokens": 9}}, "declined"),
    ("promptFeedback", {"choices": [], **BLOCKED, "usage": USAGE}, "PROHIBITED_CONTENT"),
]
BROKEN = [
    ("no choices and nothing else", {"choices": []}),
    ("no choices, no tokens", {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}}),
    ("no choices, a filter that let it pass", {"choices": [], **PROMPT_PASSED, "usage": None}),
    (
        "no choices, with an error",
        {"choices": [], "error": {"message": "the upstream is down"}, "usage": None},
        "upstream",
    ),
    ("no choices, with a message", {"choices": [], "message": "the upstream is down", "code": 502}, "upstream"),
]

SILENT = (
    _rows("a decline without a word", "ask", "refused", *DECLINED)
    + _rows("a decline without an image", "chat", "refused", *DECLINED)
    + _rows(
        "a decline of an endpoint",
        "endpoint",
        "refused",
        ("data that is null, with usage", {"data": None, "usage": {"input_tokens": 9}}, "declined"),
        ("no data, with usage", {"data": [], "usage": {"input_tokens": 9, "output_tokens": 0}}, "declined"),
        ("a reason", {"data": [{"finish_reason": "SAFETY"}], "usage": {"input_tokens": 9}}, "safety"),
        ("an error within", {"data": [{"error": {"code": "content_policy_violation", "message": "no"}}]}, "no"),
    )
    + _rows("a broken server", "ask", "transient", *BROKEN)
    + _rows("a broken server, for an image", "chat", "transient", *BROKEN)
    + _rows(
        "an answer outside content",
        "ask",
        "text",
        ("content", turn(VERDICT, reasoning_content='{"cause": "other"}'), "content"),
        ("content as an object", turn(OBJECT), "content"),
        ("reasoning", turn(None, reasoning=VERDICT), "reasoning"),
        ("reasoning_content", turn("", reasoning_content=VERDICT), "reasoning_content"),
        ("reasoning after prose", turn(None, reasoning=THOUGHT), "reasoning"),
        ("reasoning as an object", turn(None, reasoning={"content": VERDICT}), "reasoning"),
        (
            "reasoning_details",
            turn(None, reasoning_details=[{"type": "reasoning.text", "text": VERDICT}]),
            "reasoning_details",
        ),
        ("a thinking part", pieces({"type": "thinking", "thinking": VERDICT}), "thinking"),
        ("thinking_blocks", turn(None, thinking_blocks=[{"type": "thinking", "thinking": VERDICT}]), "thinking_blocks"),
        ("arguments as text", turn(None, "tool_calls", tool_calls=[call(VERDICT)]), "tool_calls"),
        ("arguments as an object", turn(None, "tool_calls", tool_calls=[call(OBJECT)]), "tool_calls"),
        ("words, then a call", turn("I will answer now.", tool_calls=[call(VERDICT)]), "tool_calls"),
        ("a tool_use part", pieces({"type": "tool_use", "name": "answer", "input": OBJECT}), "tool_calls"),
        ("function_call", turn(None, function_call={"name": "answer", "arguments": VERDICT}), "function_call"),
        ("parsed", turn(None, parsed=OBJECT), "parsed"),
        (
            "as a response",
            {"output": [{"type": "message", "content": [{"type": "output_text", "text": VERDICT}]}]},
            "content",
        ),
        (
            "as a message",
            {"content": [{"type": "text", "text": VERDICT}], "stop_reason": "end_turn", "usage": USAGE},
            "content",
        ),
        ("as a completion", {"choices": [{"text": VERDICT, "finish_reason": "stop"}]}, "content"),
    )
    + _rows(
        "an empty reply",
        "ask",
        "malformed",
        ("null", turn(None), "empty"),
        ("space", turn(" \n"), "empty"),
        ("everywhere", turn("", reasoning="", reasoning_content=None, tool_calls=[]), "empty"),
        ("thought that never ended", turn(None, "length", reasoning_content=f"Perhaps {VERDICT}, or"), "max_tokens"),
        ("thought without an answer", turn(None, reasoning="The bird is unknown to it."), "empty"),
    )
)

__all__ = ["SILENT", "Shape"]
