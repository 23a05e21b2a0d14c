"""What a table holds, as one hash: two runs of one table are the same run, and an edited table is another one.

In: a `TableSpec`. Out: sha256 in hex. Up to 1 GiB every byte counts. Of more, each file counts by its size and by 64 blocks of it:
its beginning, its end and blocks in between, so that a table of a terabyte need not be read for it; a change of other bytes that
leaves the size as it was goes unnoticed. What lies elsewhere counts by size and by what its store says of its content (a hash, a
version, a time). A set on the Hub counts by its commit.
"""

import hashlib
import json

from pipeline.sources import remote
from pipeline.sources.digest import hash_files, join
from pipeline.sources.files import SourceFile, is_one_file, list_files
from pipeline.sources.readers import hub
from pipeline.sources.remote import is_remote
from pipeline.sources.spec import TableSpec
from pipeline.sources.table_error import TableError


def content_hash(spec: TableSpec) -> str:
    """sha256 (hex) of the table: of its bytes, or of the names and bytes of its files. Raises TableError, OSError."""
    if spec.kind == "huggingface":
        return hub.identity(spec)
    files = list_files(spec)
    hashes = [_describe(file) for file in files] if is_remote(spec.path) else hash_files(file.path for file in files)
    if is_one_file(spec):
        return hashes[0]
    return join((file.name, digest) for file, digest in zip(files, hashes, strict=True))


def _describe(file: SourceFile) -> str:
    fs, path = remote.file_system(file.path)
    size, version = remote.describe(fs, path, file.path)
    if size is None and version is None:
        problem = "the server says neither its size nor its version, so a change would go unnoticed; download it first"
        raise TableError(remote.shown(file.path), problem)
    return hashlib.sha256(json.dumps([size, version]).encode()).hexdigest()
