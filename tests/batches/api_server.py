"""A provider's batch API as a real local server: files, batches, and answers that a test decides upon.

In: uploads and batches. Out: answers when the test says so, each as `answer` (request body -> status and body) gives it.
"""

import json
import time
import uuid

from fastapi import FastAPI, Form, Request, UploadFile
from fastapi.responses import JSONResponse, Response


class Provider:
    """What the server holds. `created`: how many batches were made; `asked`: how many images were asked for directly;
    `lose_answer`: a batch is made and the answer to it is lost."""

    def __init__(self):
        self.files = {}
        self.batches = {}
        self.created = 0
        self.asked = 0
        self.lose_answer = False
        self.app = FastAPI()
        self.app.post("/v1/files")(self.upload)
        self.app.get("/v1/files/{name}/content")(self.content)
        self.app.post("/v1/batches")(self.create)
        self.app.get("/v1/batches")(self.list)
        self.app.get("/v1/batches/{name}")(self.retrieve)
        self.app.post("/v1/images/generations")(self.refuse)
        self.app.post("/v1/images/edits")(self.refuse)
        self.app.get("/v1/models")(lambda: {"object": "list", "data": []})

    async def upload(self, file: UploadFile, purpose: str = Form()):
        assert purpose == "batch"
        return self._file(await file.read())

    async def content(self, name: str):
        return Response(self.files[name], media_type="application/octet-stream")

    async def create(self, request: Request):
        asked = await request.json()
        self.created += 1
        name = f"batch_{uuid.uuid4().hex}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "status": "in_progress",
            "created_at": int(time.time()),
            "output_file_id": None,
            "error_file_id": None,
        } | asked
        if self.lose_answer:
            self.lose_answer = False
            return JSONResponse({"error": {"message": "bad gateway"}}, 502)
        return self.batches[name]

    async def refuse(self):
        self.asked += 1
        return JSONResponse({"error": {"message": "nobody should ask here"}}, 400)

    async def list(self, after: str | None = None):
        names = list(reversed(self.batches))
        start = 0 if after is None else names.index(after) + 1
        page = [self.batches[name] for name in names[start : start + 1]]
        last = page[-1]["id"] if page else None
        return {"object": "list", "data": page, "last_id": last, "has_more": start + 1 < len(names)}

    async def retrieve(self, name: str):
        return self.batches[name]

    def requests(self, batch):
        """The requests of a batch."""
        return [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]

    def out(self):
        """The batches in progress."""
        return [batch for batch in self.batches.values() if batch["status"] == "in_progress"]

    def end(self, batch, status, answered=(), failed=()):
        """Bring a batch to its end with these lines in its files."""
        batch["status"] = status
        for kind, lines in (("output", answered), ("error", failed)):
            if lines:
                data = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
                batch[f"{kind}_file_id"] = self._file(data)["id"]

    def _file(self, data):
        name = f"file_{uuid.uuid4().hex}"
        self.files[name] = data
        return {"id": name, "object": "file", "bytes": len(data), "created_at": 0, "filename": "f", "purpose": "batch"}
