"""A hub for tests that takes uploads: what huggingface_hub asks of it when it writes a folder in one commit.

In: a folder for the repository's files. Out: an ASGI application; `tests.serving` lends it a port. Tables go by the way of large
files (announced, sent, then named in the commit), all else inside the commit.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

REPOSITORY = "lab/released"
_COMMIT = "1" * 40


def taking_hub(folder: Path, token: str) -> FastAPI:
    app = FastAPI()
    api = f"/api/datasets/{REPOSITORY}"
    large: dict[str, bytes] = {}
    app.state.created = []

    @app.middleware("http")
    async def signed_in(request: Request, call_next: Any) -> Response:
        if request.headers.get("authorization") != f"Bearer {token}" and not request.url.path.startswith("/large/"):
            return JSONResponse({"error": "Invalid credentials"}, 401)
        answer: Response = await call_next(request)
        return answer

    @app.post("/api/repos/create")
    async def create(request: Request) -> Response:
        app.state.created.append(await request.json())
        return JSONResponse({"url": str(request.base_url) + f"datasets/{REPOSITORY}", "name": REPOSITORY})

    @app.get(f"{api}/tree/{{revision}}")
    def tree() -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": str(p.relative_to(folder)), "size": p.stat().st_size, "oid": _COMMIT}
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        ]

    @app.get(api)
    @app.get(f"{api}/revision/{{revision}}")
    def repository() -> dict[str, Any]:
        siblings = [{"rfilename": entry["path"]} for entry in tree()]
        known = {"private": True, "tags": [], "downloads": 0, "likes": 0}
        return {"id": REPOSITORY, "sha": _COMMIT, "siblings": siblings, **known}

    @app.post("/api/validate-yaml")
    async def validate() -> dict[str, Any]:
        return {"errors": [], "warnings": []}

    @app.post(f"{api}/preupload/{{revision}}")
    async def preupload(request: Request) -> dict[str, Any]:
        files = (await request.json())["files"]
        modes = [
            {
                "path": f["path"],
                "uploadMode": "lfs" if f["path"].endswith(".parquet") else "regular",
                "shouldIgnore": False,
            }
            for f in files
        ]
        return {"files": modes}

    @app.post(f"/datasets/{REPOSITORY}.git/info/lfs/objects/batch")
    async def batch(request: Request) -> Response:
        objects = (await request.json())["objects"]
        answers = [
            {**o, "actions": {"upload": {"href": f"{request.base_url}large/{o['oid']}", "header": {}}}} for o in objects
        ]
        return JSONResponse({"transfer": "basic", "objects": answers}, media_type="application/vnd.git-lfs+json")

    @app.put("/large/{name}")
    async def put(name: str, request: Request) -> Response:
        data = await request.body()
        assert hashlib.sha256(data).hexdigest() == name
        large[name] = data
        return Response()

    @app.post(f"{api}/commit/{{revision}}")
    async def commit(request: Request) -> dict[str, Any]:
        for line in (await request.body()).decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                _put(folder / value["path"], base64.b64decode(value["content"]))
            elif entry["key"] == "lfsFile":
                _put(folder / value["path"], large[value["oid"]])
            elif entry["key"] == "deletedFile":
                (folder / value["path"]).unlink()
        return {
            "success": True,
            "commitOid": _COMMIT,
            "commitUrl": f"{request.base_url}datasets/{REPOSITORY}/commit/{_COMMIT}",
            "hookOutput": "",
        }

    return app


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
