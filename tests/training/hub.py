"""A hub for tests: what huggingface_hub asks of a data set's repository when it reads.

In: a folder that is the repository. Out: an ASGI application; `tests.serving` lends it a port.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse

REPOSITORY = "lab/shards"
_COMMIT = "0" * 40


def hub(folder: Path) -> FastAPI:
    app = FastAPI()
    api = f"/api/datasets/{REPOSITORY}"

    def entry(path: Path) -> dict[str, Any]:
        name = str(path.relative_to(folder))
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": _COMMIT}
        return {"type": "file", "path": name, "size": path.stat().st_size, "oid": _COMMIT}

    @app.get(api)
    @app.get(f"{api}/revision/{{revision}}")
    def repository() -> dict[str, Any]:
        return {
            "id": REPOSITORY,
            "sha": _COMMIT,
            "private": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [],
        }

    @app.get(f"{api}/tree/{{revision}}")
    @app.get(f"{api}/tree/{{revision}}/{{path:path}}")
    def tree(path: str = "", recursive: bool = False) -> Response:
        place = folder / path
        if not place.is_dir():
            return JSONResponse({"error": "no such folder"}, 404, {"X-Error-Code": "EntryNotFound"})
        return JSONResponse([entry(one) for one in sorted(place.rglob("*") if recursive else place.iterdir())])

    @app.post(f"{api}/paths-info/{{revision}}")
    async def paths_info(request: Request) -> list[dict[str, Any]]:
        form = await request.form()
        names = [str(name) for name in form.getlist("paths")] or (await request.json())["paths"]
        return [entry(folder / name) for name in names if (folder / name).exists()]

    @app.api_route(f"/datasets/{REPOSITORY}/resolve/{{revision}}/{{path:path}}", methods=["GET", "HEAD"])
    def resolve(path: str) -> Response:
        headers = {"X-Repo-Commit": _COMMIT, "ETag": f'"{path}"'}
        if not (folder / path).is_file():
            return JSONResponse({"error": "no such file"}, 404, headers | {"X-Error-Code": "EntryNotFound"})
        return FileResponse(folder / path, headers=headers)

    return app
