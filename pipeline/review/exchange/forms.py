"""`verdict/1`: one row is one thing that a person said of a sample, in JSON lines and in Parquet alike.

In: `HumanVerdict`s. Out: rows with the columns below, and verdicts again; what is wrong with a row is said by field.

    schema          `verdict/1`
    build           fingerprint of the build that was judged
    id              the sample's id
    content_hash    hash of what the reviewer saw of it: a verdict about other content does not count
    verdict         the verdict's own id
    reviewer        who said it, or a pseudonym
    opinion         accept, reject or unsure: the whole, which follows from the next two
    result          of the image
    reasoning       of the texts; null where there is nothing but the image
    axes            [{axis, opinion}]
    reasons         [{code, segment}]; the segment (`G2`) is null where the reason is about the whole
    note            their words
    seconds         from the item's display to the verdict
    at              when, in UTC (ISO 8601)
    taxonomy        version of the reasons
    supersedes      id of the verdict that this one takes the place of, or null
    adjudicates     true: a lead settles what judges disagree about
    withdrawn       true: takes back the verdict that it supersedes and stands for none
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.review.records import HumanVerdict, Opinion, ReasonMark
from stages.records import Axis

FORM = "verdict/1"
_S, _B = pa.string(), pa.bool_()

SCHEMA = pa.schema(
    [
        ("schema", _S),
        ("build", _S),
        ("id", _S),
        ("content_hash", _S),
        ("verdict", _S),
        ("reviewer", _S),
        ("opinion", _S),
        ("result", _S),
        ("reasoning", _S),
        ("axes", pa.list_(pa.struct([("axis", _S), ("opinion", _S)]))),
        ("reasons", pa.list_(pa.struct([("code", _S), ("segment", _S)]))),
        ("note", _S),
        ("seconds", pa.float64()),
        ("at", _S),
        ("taxonomy", _S),
        ("supersedes", _S),
        ("adjudicates", _B),
        ("withdrawn", _B),
    ]
)


class BadVerdict(ValueError):
    """A row that is no verdict; the message names the field and what belongs there."""


class _Axis(BaseModel):
    model_config = ConfigDict(extra="forbid")
    axis: Axis
    opinion: Opinion


class _Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str
    segment: str | None = None


class _Row(BaseModel):
    """A row as it comes from outside; what is missing beyond the first five has its default."""

    model_config = ConfigDict(extra="forbid", strict=True)
    form: str = Field(alias="schema", pattern=f"^{FORM}$")
    build: str = Field(min_length=1)
    id: str = Field(min_length=1)
    content_hash: str = Field(min_length=1)
    reviewer: str = Field(min_length=1)
    result: Opinion
    verdict: str = Field(min_length=1)
    opinion: Opinion | None = None
    reasoning: Opinion | None = None
    axes: list[_Axis] = []
    reasons: list[_Reason] = []
    note: str = ""
    seconds: float = Field(0.0, ge=0, allow_inf_nan=False)
    at: str = ""
    taxonomy: str = ""
    supersedes: str | None = None
    adjudicates: bool = False
    withdrawn: bool = False


def row_of(verdict: HumanVerdict, build: str) -> dict[str, Any]:
    """The row of a verdict on the build with this fingerprint."""
    return {
        "schema": FORM,
        "build": build,
        "id": verdict.sample_id,
        "content_hash": verdict.content_hash,
        "verdict": verdict.id,
        "reviewer": verdict.reviewer,
        "opinion": verdict.opinion,
        "result": verdict.result,
        "reasoning": verdict.reasoning,
        "axes": [{"axis": axis, "opinion": opinion} for axis, opinion in sorted(verdict.axes.items())],
        "reasons": [{"code": mark.code, "segment": mark.segment} for mark in verdict.reasons],
        "note": verdict.note,
        "seconds": verdict.seconds,
        "at": verdict.at,
        "taxonomy": verdict.taxonomy,
        "supersedes": verdict.supersedes,
        "adjudicates": verdict.adjudicates,
        "withdrawn": verdict.withdrawn,
    }


def verdict_of(row: Mapping[str, Any], build: str) -> HumanVerdict:
    """The verdict of a row. Raises BadVerdict where it is none, or is about another build than `build`."""
    try:
        read = _Row.model_validate(dict(row))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the row"
        raise BadVerdict(f"{field}: {first['msg'].removeprefix('Value error, ')}; {_remedy(field)}") from None
    if read.build != build:
        raise BadVerdict(
            f"build: it is about build {read.build[:12]}, this review is of {build[:12]}; name that build's folder"
        )
    verdict = HumanVerdict(
        id=read.verdict,
        sample_id=read.id,
        content_hash=read.content_hash,
        reviewer=read.reviewer,
        result=read.result,
        reasoning=read.reasoning,
        axes={axis.axis: axis.opinion for axis in read.axes},
        reasons=tuple(ReasonMark(reason.code, reason.segment) for reason in read.reasons),
        note=read.note,
        seconds=read.seconds,
        at=read.at,
        taxonomy=read.taxonomy,
        supersedes=read.supersedes,
        adjudicates=read.adjudicates,
        withdrawn=read.withdrawn,
    )
    if read.opinion not in (None, verdict.opinion):
        raise BadVerdict(
            f"opinion: it is {read.opinion}, result and reasoning make it {verdict.opinion}; correct one of them"
        )
    return verdict


def _remedy(field: str) -> str:
    """What to do about a field."""
    if field == "schema":
        return f"this version reads {FORM}: export the verdicts again"
    if field.partition(".")[0] not in SCHEMA.names:
        return f"the columns are {', '.join(SCHEMA.names)}"
    return "correct it, or leave the row out"
