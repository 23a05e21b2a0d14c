"""The JSON schemas of the replies, as servers enforce them. In: a text request. Out: the `response_format` of its call.

They stay within the strict subset that all servers share: every key required, no other key allowed, no references, and no limits
on the length of a text, which some servers turn down; an empty one is told from the reply.
"""

from typing import Any, Literal, get_args

from stages.protocols import TextRequest
from stages.records import Cause, ErrorType
from stages.replies import NO_ERROR

Structured = Literal["json_schema", "json_object", "none"]

_TEXT = {"type": "string"}
_SCORE = {"type": "integer", "minimum": 1, "maximum": 5}


def schema(request: TextRequest) -> dict[str, Any]:
    """The schema of the reply that `request` asks for. Raises ValueError for a kind that has none."""
    match request.schema:
        case "evaluation":
            demands = _list(_object({"demand": _TEXT, "met": {"type": "boolean"}}), 1)
            # in this order: a server that enforces it has the demands checked before anything is scored
            return _object(
                {"demands": demands, **{axis: _object({"score": _SCORE, "reason": _TEXT}) for axis in request.axes}}
            )
        case "reflection":
            # with a way out: a model that sees no fault must not be made to name one
            error_type = {"type": "string", "enum": [*get_args(ErrorType), NO_ERROR]}
            return _object({"error_type": error_type, "failure_analysis": _TEXT, "improvement_plan": _TEXT})
        case "diagnosis":
            return _object({"cause": {"type": "string", "enum": list(get_args(Cause))}, "explanation": _TEXT})
        case "plan":
            return _object({"rationale": _TEXT, "steps": _list(_TEXT, *(request.steps or (1, None)))})
        case "appraisal":
            return _object({"reason": _TEXT, "score": _SCORE})
        case "rewording":
            return _object({"instruction": _TEXT})
        case _:
            raise ValueError(f"there is no schema for replies of the kind {request.schema!r}")


def response_format(request: TextRequest, structured: Structured) -> dict[str, Any]:
    """The field `response_format` of a request's body; empty where no shape is to be enforced."""
    if structured == "none":
        return {}
    if structured == "json_object":
        return {"response_format": {"type": "json_object"}}
    named = {"name": request.schema, "strict": True, "schema": schema(request)}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _list(items: dict[str, Any], least: int, most: int | None = None) -> dict[str, Any]:
    limits = {"minItems": least} | ({} if most is None else {"maxItems": most})
    return {"type": "array", "items": items, **limits}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
