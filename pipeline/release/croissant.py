"""`croissant.json`: what a release holds, for machines that read no card (MLCommons Croissant 1.0, as JSON-LD).

In: what a release says of itself and of its files. Out: a document in which every shard is a file with its checksum, every split
a set of files, and every column of it a field, nested ones included;
`mlcroissant.Dataset("croissant.json").records("sft/train")` reads the rows. Source: the Croissant format specification, 1.0.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.output.origins import Origins
from pipeline.output.places import product_of, stem_of
from pipeline.output.run_json import RunSummary
from pipeline.output.schema import IMAGE, SCHEMAS
from pipeline.output.shards import ShardFile
from pipeline.release.summary import ReleaseSummary

NAME = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
PARQUET = "application/x-parquet"
_VERSION = "1.0.0"
_SOURCE = "Built with x2i-ladder after SAIR, https://arxiv.org/abs/2605.14709"
_BYTES = ("jpg_0", "jpg_1")
"""Columns that hold an encoded image without a name."""

CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(run: RunSummary, released: ReleaseSummary, come_from: Origins) -> str:
    """The document of a release. `come_from`: where its rows come from."""
    splits: dict[str, list[str]] = {}
    for name in run.files:
        splits.setdefault(stem_of(name), []).append(name)
    # a reader of a set without a row finds no columns in it
    read = [split for split, names in splits.items() if any(run.files[name].rows for name in names)]
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": run.name,
        "description": _describe(released),
        "license": run.manifest["output"]["licence"],
        "version": _VERSION,
        "datePublished": released.released_at.partition("T")[0],
        "citeAs": "; ".join([_SOURCE, *sorted({cited for _, cited in come_from.citations if cited})]),
        "usageInfo": _usage(come_from),
        "rai:dataAnnotationProtocol": _protocol(released),
        "rai:machineAnnotationTools": sorted(set(run.models.values())),
        "distribution": [
            *(_file_object(name, file) for name, file in run.files.items()),
            *(_file_set(split, splits[split]) for split in read),
        ],
        "recordSet": [_record_set(split) for split in read],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _describe(released: ReleaseSummary) -> str:
    rows = f"{released.counts['released']:,} of {released.counts['kept']:,} rows"
    return (
        "Interleaved trajectories of images and texts that teach a unified multimodal model when to think harder; "
        f"{rows} were released after review by {len(released.reviewers)} people."
    )


def _usage(come_from: Origins) -> str:
    shares = ", ".join(f"{licence} ({rows:,} rows)" for licence, rows, _ in come_from.licences)
    return f"Rows keep the licences of their sources: {shares or 'there are no rows'}. The column `licence` names each row's."


def _protocol(released: ReleaseSummary) -> str:
    judged = f"{sum(lot.judged for lot in released.lots):,} of {released.counts['kept']:,} rows"
    return (
        f"Models made and judged every row. People judged {judged}, result and reasoning apart; "
        "lots were accepted by exact single-sample plans, as README.md and release.json say."
    )


def _file_object(name: str, file: ShardFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": PARQUET,
        "sha256": file.sha256,
    }


def _file_set(split: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{split}/files",
        "name": f"{split}/files",
        "encodingFormat": PARQUET,
        "includes": f"{names[0].rpartition('/')[0]}/*.parquet",
    }


def _record_set(split: str) -> dict[str, Any]:
    schema = SCHEMAS[product_of(split)]  # type: ignore[index]
    fields = [_field(f"{split}/{column.name}", column.name, column.type, (), f"{split}/files") for column in schema]
    return {"@type": "cr:RecordSet", "@id": split, "name": split, "field": fields}


def _field(name: str, column: str, kind: Any, path: tuple[str, ...], files: str) -> dict[str, Any]:
    """The field `name`, found in `column` under `path`."""
    field: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name}
    if pa.types.is_list(kind):
        field["repeated"] = True
        kind = kind.value_type
    if kind == IMAGE:
        return field | {"dataType": "sc:ImageObject", "source": _source(files, column, (*path, "bytes"))}
    if pa.types.is_struct(kind):
        inner = [_field(f"{name}/{part.name}", column, part.type, (*path, part.name), files) for part in kind]
        return field | {"subField": inner}
    data_type = "sc:ImageObject" if column in _BYTES else _data_type(kind)
    return field | {"dataType": data_type, "source": _source(files, column, path)}


def _source(files: str, column: str, path: tuple[str, ...]) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": files}, "extract": {"column": column}}
    return source | ({"transform": {"jsonPath": ".".join(path)}} if path else {})


def _data_type(kind: Any) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
