"""The words of a message, in whichever part a server puts them. In: a message as JSON. Out: its answer, and where it stood.

Content goes first. An answer as the arguments of a tool goes before content that holds no JSON, for some models say that they
will answer and then call a tool. Reasoning counts only where there is no content: a draft is no verdict.
"""

import json
from collections.abc import Iterator
from typing import Any

CONTENT, TOOLS, THINKING = "content", "tool_calls", "thinking"
_TEXT_TYPES = ("text", "output_text", "json", "output_json")
_THOUGHT_TYPES = ("thinking", "reasoning", "reasoning_text", "summary_text", "reasoning.text", "reasoning.summary")
_CALL_TYPES = ("tool_use", "tool_call", "function_call", "function")
THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", THINKING, "thinking_blocks", "thoughts")


def content_of(message: dict[str, Any]) -> str:
    """The content of a message: its text, the texts among its parts, or what it holds as JSON."""
    content = message.get("content")
    if isinstance(content, dict) and "type" not in content and "text" not in content:
        return json.dumps(content, ensure_ascii=False)
    return "".join(_texts(content))


def answer_in(message: dict[str, Any]) -> tuple[str, str]:
    """The answer in a message and the part that holds it, such as ("{...}", "tool_calls"); ("", "content") where none does."""
    content = content_of(message)
    if _holds_object(content):
        return content, CONTENT
    called = [(text, name) for name, text in _called(message) if text.strip()]
    for text, name in called:
        if _holds_object(text):
            return text, name
    if content.strip():
        return content, CONTENT
    thought = [(text, name) for name, text in _thought(message) if text.strip()]
    for text, name in thought:
        if _holds_object(text):
            return text, name
    return called[0] if called else ("", CONTENT)


def refusal_in(message: dict[str, Any]) -> str | None:
    """The refusal of a message, where it has a field or a part for it."""
    parts = message.get("content")
    candidates = [message.get("refusal")]
    candidates += [part.get("refusal") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return next((text for text in candidates if isinstance(text, str) and text.strip()), None)


def _holds_object(text: str) -> bool:
    answer = text.rpartition("</think>")[2]
    return -1 < answer.find("{") < answer.rfind("}")


def _texts(content: Any) -> Iterator[str]:
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and part.get("type", "text") in _TEXT_TYPES:
            yield _flat(part.get("text") or part.get("json") or part.get("content"))


def _called(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a message passes to tools, or holds as an object: (part, text)."""
    yield "parsed", _flat(message.get("parsed"))
    calls = message.get("tool_calls")
    parts = message.get("content")
    inner = [part for part in parts if _is_call(part)] if isinstance(parts, list) else []
    texts = [_arguments(call) for call in (*(calls if isinstance(calls, list) else [calls]), *inner)]
    yield TOOLS, "\n".join(dict.fromkeys(filter(None, texts)))  # the same twice is one answer
    yield "function_call", _arguments(message.get("function_call"))


def _is_call(part: Any) -> bool:
    return isinstance(part, dict) and (part.get("type") in _CALL_TYPES or "functionCall" in part)


def _arguments(call: Any) -> str:
    if not isinstance(call, dict):
        return ""
    inner = next(
        (call[name] for name in ("function", "functionCall", "custom") if isinstance(call.get(name), dict)), call
    )
    given = next((inner[name] for name in ("arguments", "input", "args", "parameters") if inner.get(name)), None)
    return _unwrapped(given) if isinstance(given, str) else _flat(given)


def _unwrapped(text: str) -> str:
    """Arguments that were written as JSON twice, once less."""
    try:
        inner = json.loads(text) if text.lstrip()[:1] == '"' else text
    except (ValueError, RecursionError):
        return text
    return inner if isinstance(inner, str) else text


def _thought(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in THOUGHTS:
        yield name, _flat(message.get(name), thought=True)
    parts = message.get("content")
    inner = (
        [p for p in parts if isinstance(p, dict) and p.get("type") in _THOUGHT_TYPES] if isinstance(parts, list) else []
    )
    yield THINKING, _flat(inner, thought=True)


def _flat(value: Any, thought: bool = False) -> str:
    """Anything as text: of thoughts their words, of other objects their JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    if thought and isinstance(value, list):
        return "".join(_flat(item, thought) for item in value)
    if thought and isinstance(value, dict):
        names = ("text", "thinking", "content", "summary", "reasoning")
        return next((_flat(value[name], thought) for name in names if value.get(name)), "")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) and value else ""
