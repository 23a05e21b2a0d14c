"""The doctor: a good model passes, and each bad habit of a model or its server is found, with a remedy, and hinders nobody."""

import asyncio
import base64
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from PIL import Image
from rich.console import Console
from starlette.datastructures import UploadFile
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.doctor.cases import make_cases, nearest
from pipeline.doctor.consult import Practice, consult, quote
from pipeline.doctor.findings import Checkup, works
from pipeline.doctor.patients import patients, sample_size
from pipeline.manifest.file import load
from pipeline.manifest.spec import ManifestError
from pipeline.models import build
from pipeline.storage.image_store import ImageStore
from pipeline.views.doctor import as_json, print_examination, print_summary, quote_line
from pipeline.views.doctor_page import doctor_page
from prompts import catalogue
from tests.backends.openai.gateway import SECRET
from tests.backends.world.climber import FLAWLESS, SURE
from tests.serving import serving

ROOT = Path(__file__).parents[2]
DEMO, OVER_HTTP = ROOT / "manifests" / "demo.yaml", ROOT / "manifests" / "world-over-http.yaml"
KEY = "providers.world.api_key_env=A_KEY"


@dataclass
class Habits:
    """A server in front of the world, that has the bad habits of `bad`; `asked` counts the requests."""

    bad: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    app: FastAPI = field(default_factory=FastAPI)
    url: str = ""
    swapped: bytes = b""

    def __post_init__(self) -> None:
        self.app.add_api_route("/v1/{path:path}", self._any, methods=["POST"])

    async def _any(self, request: Request, path: str) -> JSONResponse:
        self.asked.append(path)
        if "401" in self.bad:
            return _error(401, f"no such key {SECRET}")
        if "busy" in self.bad:
            return _error(503, "busy")
        if "slow" in self.bad:
            await asyncio.sleep(30)
        if "refuses" in self.bad:
            return _error(400, "I would rather not", "content_policy_violation")
        if path == "chat/completions":
            return self._said(json.loads(await request.body()))
        return self._made(*await _fields(request))

    def _said(self, body: dict[str, Any]) -> JSONResponse:
        shape = body.get("response_format", {}).get("type")
        if ("no schema" in self.bad and shape == "json_schema") or ("no json" in self.bad and shape == "json_object"):
            return _error(400, f"response_format {shape} is not supported", param="response_format")
        if body.get("return_token_ids"):
            return JSONResponse(_completion("x"))
        text = _answer(body, sees="blind" not in self.bad)
        if "fence" in self.bad:
            text = f"Here it is:\n```json\n{text}\n```"
        if "prose" in self.bad:
            text = "A fine picture, I think."
        return JSONResponse(_completion(text, usage="no usage" not in self.bad))

    def _made(self, fields: dict[str, Any], images: list[bytes]) -> JSONResponse:
        if "one image" in self.bad and len(images) > 1:
            return _error(400, "at most 1 image per request")
        width, height = map(int, fields["size"].split("x"))
        if "wide" in self.bad:
            width *= 2
        if "large" in self.bad:
            width, height = 2 * width, 2 * height
        seed = 0 if "one seed" in self.bad else int(fields["seed"])
        data = images[-1] if "input" in self.bad and images else _png(width, height, seed)
        if "swapped" in self.bad and len(images) > 1:
            data = self.swapped
        if "no seed" in self.bad:
            data = _png(width, height, len(self.asked))
        usage = {"input_tokens": 5, "output_tokens": 7}
        return JSONResponse({"data": [{"b64_json": base64.b64encode(data).decode()}], "usage": usage})


def _error(status: int, words: str, code: str | None = None, param: str | None = None) -> JSONResponse:
    return JSONResponse({"error": {"message": words, "code": code, "param": param}}, status)


def _completion(text: str, usage: bool = True) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 4} if usage else None}


def _answer(body: dict[str, Any], sees: bool) -> str:
    """The reply of a judge that knows which of the doctor's pictures is right by how many it is sent."""
    parts = body["messages"][0]["content"]
    words = parts[-1]["text"]
    if "improvement_plan" in words:
        return json.dumps(
            {
                "error_type": "logic_flaw",
                "failure_analysis": "The star is on the left.",
                "improvement_plan": "Swap them.",
            }
        )
    right = len(parts) == 2 or not sees
    axes = re.search("<axes>(.*)</axes>", words)[1].split(", ")  # type: ignore[index]
    verdicts = {axis: {"score": 5 if right else 2, "reason": "The heart is seen on the right."} for axis in axes}
    return json.dumps({"demands": [{"demand": "a heart on the left", "met": right}], **verdicts})


async def _fields(request: Request) -> tuple[dict[str, Any], list[bytes]]:
    if not request.headers["content-type"].startswith("multipart/"):
        return json.loads(await request.body()), []
    async with request.form() as form:
        images = [await value.read() for _, value in form.multi_items() if isinstance(value, UploadFile)]
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}, images


def _png(width: int, height: int, seed: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (seed % 200, seed // 200 % 200, 90)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def habits():
    made = Habits()
    with serving(made.app) as url:
        made.url = url
        yield made


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    store = ImageStore(str(tmp_path_factory.mktemp("store")))
    return store, make_cases(store, catalogue.load(), (256, 256))


def examined(habits, stored, monkeypatch, *bad: str, limit_s: float = 20.0, roles=(), sets=()) -> list[Checkup]:
    monkeypatch.setattr("pipeline.doctor.overheard.PAUSE_S", 0.01)
    monkeypatch.setenv("X2I_BASE_URL", f"{habits.url}/v1")
    monkeypatch.setenv("A_KEY", SECRET)
    habits.bad, habits.asked = set(bad), []
    manifest = load(OVER_HTTP, [KEY, *sets])
    store, cases = stored
    habits.swapped = store.get(cases.swapped.sha256)
    practice = Practice(manifest, cases, catalogue.load(), store, limit_s)
    return asyncio.run(
        consult(practice, patients(manifest, frozenset(roles)), lambda at: build(at, store, None), lambda _: None)
    )


def bad_of(examination: Checkup) -> dict[str, str]:
    return {f.about: f"{f.text} {f.remedy}" for f in examination.findings if f.level == "bad"}


def notes_of(examination: Checkup) -> dict[str, str]:
    return {f.about: f"{f.text} {f.remedy}" for f in examination.findings if f.level == "note"}


def test_a_good_server_passes(habits, stored, monkeypatch):
    found = examined(habits, stored, monkeypatch)
    assert [e.roles for e in found] == [("baseline",), ("generator",), ("analyzer",)]
    assert works(found), [bad_of(e) for e in found]
    assert {f.about for f in found[2].findings if f.level == "fine"} >= {
        "reply",
        "schema",
        "sight",
        "reflection",
        "seed",
        "usage",
    }
    assert {f.about for f in found[0].findings if f.level == "fine"} >= {"size", "change", "seed", "usage"}
    assert "vLLM" in notes_of(found[2])["log-probs of a text"]
    assert all(call.seconds > 0 for e in found for call in e.exchanges)


@pytest.mark.parametrize(
    ("habit", "role", "about", "words"),
    [
        ("no schema", "analyzer", "schema", "models.analyzer.options.structured: json_object"),
        ("prose", "analyzer", "reply", "cannot be read"),
        ("prose", "analyzer", "schema", "no options.structured"),
        ("blind", "analyzer", "sight", "does not see the references"),
        ("401", "analyzer", "reachable", "api_key_env"),
        ("busy", "baseline", "reachable", "start the server"),
        ("refuses", "analyzer", "refusal", "declines"),
        ("refuses", "baseline", "a new picture", "would rather not"),
        ("wide", "baseline", "size", "512x256 where 256x256"),
        ("input", "generator", "change", "gives one of the pictures back"),
        ("one seed", "baseline", "seed", "another seed gives the same image"),
        ("one image", "baseline", "a picture out of two references", "fewer"),
    ],
)
def test_a_habit_that_will_not_do(habits, stored, monkeypatch, habit, role, about, words):
    (found,) = examined(habits, stored, monkeypatch, habit, roles=[role])
    assert words in bad_of(found)[about]
    assert SECRET not in as_json([found])


@pytest.mark.parametrize(
    ("habit", "role", "about", "words"),
    [
        ("fence", "analyzer", "schema", "not enforced"),
        ("no usage", "analyzer", "usage", "does not say"),
        ("large", "baseline", "size", "512x512 where 256x256"),
        ("no seed", "baseline", "seed", "another image"),
        ("", "baseline", "price", "prices.world-baseline"),
        ("swapped", "baseline", "references", "look at it"),
    ],
)
def test_a_habit_that_is_good_to_know(habits, stored, monkeypatch, habit, role, about, words):
    (found,) = examined(habits, stored, monkeypatch, habit, roles=[role])
    assert found.level == "note", bad_of(found)
    assert words in notes_of(found)[about]


def test_two_ways_that_are_not_known_leave_the_third(habits, stored, monkeypatch):
    (found,) = examined(habits, stored, monkeypatch, "no schema", "no json", roles=["analyzer"])
    assert "options.structured: none" in bad_of(found)["schema"]


def test_a_slow_model_is_a_line_and_stops_being_asked(habits, stored, monkeypatch):
    (found,) = examined(habits, stored, monkeypatch, "slow", roles=["baseline"], limit_s=0.3)
    assert "no answer within 0.3 s" in bad_of(found)["time"]
    assert len(habits.asked) == 1
    assert found.usd is None, "nobody knows what the provider takes for it"
    price = "prices={world-baseline: {image: 0.04}}"
    (found,) = examined(habits, stored, monkeypatch, "slow", roles=["baseline"], limit_s=0.3, sets=[price])
    assert found.usd == pytest.approx(0.04), "it may be paid all the same"
    (found,) = examined(habits, stored, monkeypatch, "busy", roles=["baseline"], sets=[price])
    assert found.usd == 0


def test_a_dead_model_does_not_hinder_the_others_and_failover_is_examined_too(habits, stored, monkeypatch):
    gone = "providers.gone={base_url: 'http://127.0.0.1:9/v1'}"
    found = examined(
        habits,
        stored,
        monkeypatch,
        sets=[gone, "models.analyzer.failover=[{provider: gone}]"],
        roles=["analyzer", "generator"],
    )
    assert [(e.place, e.level) for e in found] == [
        ("provider world", "note"),
        ("provider world", "note"),
        ("provider gone", "bad"),
    ]
    assert "no connection" in bad_of(found[2])["reachable"]


def test_a_model_behind_a_batch_is_not_asked(habits, stored, monkeypatch):
    jobs = "batches={jobs: {kind: files}}"
    sets = [jobs, "models.analyzer={backend: batch, batch: jobs, model: a-judge}"]
    (found,) = examined(habits, stored, monkeypatch, roles=["analyzer"], sets=sets)
    assert (found.place, found.level, found.exchanges) == ("batch jobs", "note", ())
    assert "cannot be asked at once" in notes_of(found)["batch"]
    assert habits.asked == []


def test_what_it_will_cost_is_said_before(habits, stored, monkeypatch):
    monkeypatch.setenv("X2I_BASE_URL", f"{habits.url}/v1")
    habits.asked = []
    store, cases = stored
    prices = "prices={world-baseline: {image: 0.04}, world-generator: {image: 0.1}}"
    manifest = load(OVER_HTTP, [prices])
    practice = Practice(manifest, cases, catalogue.load(), store, 1.0)
    estimate = quote(practice, patients(manifest))
    assert (estimate.calls, estimate.images) == (14, 9)
    assert estimate.usd == pytest.approx(5 * 0.04 + 4 * 0.1)
    assert estimate.unpriced == ("world-analyzer",)
    assert "at most $0.60" in quote_line(estimate)
    assert habits.asked == []
    free = Practice(load(DEMO), cases, catalogue.load(), store, 1.0)
    assert quote(free, patients(free.manifest)).usd == 0


def test_the_cases_are_what_they_say(stored):
    """The flawless world agrees: its sure judge passes the right pictures and fails the wrong one."""
    store, cases = stored
    assert nearest(store, cases.swapped, (cases.ordered, cases.swapped)) == 1
    assert len({image.sha256 for image in vars(cases).values() if not isinstance(image, tuple)}) == 6
    assert FLAWLESS.slip == 0
    assert SURE.error_rate == 0


def test_the_page_and_the_terminal_show_everything(habits, stored, monkeypatch, tmp_path):
    store, _ = stored
    found = examined(habits, stored, monkeypatch, "one image")
    page = doctor_page("mine", found, store, tmp_path / "doctor.html").read_text()
    console = Console(record=True, width=120, force_terminal=True, color_system="truecolor", file=io.StringIO())
    for examination in found:
        print_examination(examination, store, console)
    print_summary(found, console)
    shown = console.export_text()
    for words in ("a picture out of two references", "fewer references", "baseline", "analyzer"):
        assert words in page
        assert words in shown
    assert page.count("<img") == sum(len(c.sent) + (c.image is not None) for e in found for c in e.exchanges)
    assert "▀" in shown
    data = json.loads(as_json(found))
    assert (data["works"], [m["level"] for m in data["models"]]) == (False, ["bad", "bad", "note"])


def doctor(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["doctor", *map(str, arguments)])


def test_the_command_examines_the_world_of_this_process(tmp_path):
    done = doctor(DEMO, "--json", "--page", tmp_path / "page.html", "--role", "analyzer")
    assert done.exit_code == 0, done.output
    (model,) = json.loads(done.stdout)["models"]
    assert model["roles"] == ["analyzer"]
    assert "nothing to pay" in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


def test_the_command_pays_nothing_unasked(habits, monkeypatch):
    habits.bad, habits.asked = {"401"}, []
    monkeypatch.setenv("X2I_BASE_URL", f"{habits.url}/v1")
    monkeypatch.setenv("A_KEY", SECRET)
    assert doctor(OVER_HTTP).exit_code == 2
    assert habits.asked == []
    done = doctor(OVER_HTTP, "--yes", "--set", KEY)
    assert done.exit_code == 3
    assert "not accepted" in done.output
    assert SECRET not in done.output
    assert doctor(DEMO, "--role", "judge").exit_code == 2
    assert isinstance(doctor("nowhere.yaml").exception, ManifestError)


def test_the_size_is_that_of_the_samples():
    assert sample_size(load(DEMO, ["sources.0.size=[320, 192]"])) == (320, 192)
