"""The JSON schemas of the replies, as servers enforce them. In: a text request. Out: the `response_format` of its call.

They stay within the strict subset that all servers share: every key required, no other key allowed, no references.
"""

from typing import Any, Literal, get_args

from stages.protocols import TextRequest
from stages.records import Cause, ErrorType

Structured = Literal["json_schema", "json_object", "none"]

_TEXT = {"type": "string"}
_SCORE = {"type": "integer", "minimum": 1, "maximum": 5}


def schema(request: TextRequest) -> dict[str, Any]:
    """The schema of the reply that `request` asks for. Raises ValueError for a kind that has none."""
    match request.schema:
        case "evaluation":
            return _object({axis: _object({"score": _SCORE, "reason": _TEXT}) for axis in request.axes})
        case "reflection":
            error_type = {"type": "string", "enum": list(get_args(ErrorType))}
            return _object({"error_type": error_type, "failure_analysis": _TEXT, "improvement_plan": _TEXT})
        case "diagnosis":
            return _object({"cause": {"type": "string", "enum": list(get_args(Cause))}, "explanation": _TEXT})
        case "plan":
            return _object({"rationale": _TEXT, "steps": {"type": "array", "items": _TEXT}})
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


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
