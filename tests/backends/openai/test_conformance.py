"""A server that speaks every shape of reply in `shapes`: each comes to its end, through the model and through the journal."""

import base64
import io
import json
import random
from contextlib import contextmanager
from functools import partial

import pytest
from fastapi import FastAPI, Request
from PIL import Image
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.spec import Provider
from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.journal.scribe import Scribe
from pipeline.money.cost import Load, cost
from pipeline.money.spec import Price
from pipeline.storage.ledger import LEDGER
from pipeline.storage.outcomes import Outcomes
from pipeline.traffic.retried import Retried
from stages import replies
from stages.errors import Malformed, ModelError, Refused, TooLong, Transient
from stages.policy import Thresholds
from stages.protocols import Usage
from tests.backends.openai.gateway import picture, png, question, run
from tests.backends.openai.shapes import SHAPES, VERDICT, Shape, turn
from tests.backends.openai.shapes_silent import SILENT
from tests.serving import serving

ENDS = {"refused": Refused, "malformed": Malformed, "transient": Transient, "too long": TooLong}
ALL = [*SHAPES, *SILENT]


def speckled() -> bytes:
    """A picture whose base64 holds both characters that URL-safe base64 spells otherwise, and needs padding."""
    for seed in range(99):
        pixels = random.Random(seed).randbytes(24 * 24 * 3)
        out = io.BytesIO()
        Image.frombytes("RGB", (24, 24), pixels).save(out, "PNG")
        text = base64.b64encode(out.getvalue()).decode()
        if "+" in text and "/" in text and text.endswith("="):
            return out.getvalue()
    raise AssertionError


PICTURE = speckled()


class ConformanceServer:
    """Answers every call with one body; pictures lie on paths of its own. `visited` are the paths that were fetched."""

    def __init__(self) -> None:
        self.base_url, self.elsewhere = "", ""
        self.visited: list[str] = []
        self.body, self.status, self.calls = b"{}", 200, 0
        self.app = FastAPI()
        self.app.add_api_route("/v1/{path:path}", self._answer, methods=["POST"])
        self.app.add_api_route("/{path:path}", self._place, methods=["GET"])

    async def _answer(self, request: Request, path: str) -> Response:
        await request.body()
        self.calls += 1
        return Response(self.body, self.status, {"content-type": "application/json"})

    async def _place(self, request: Request, path: str) -> Response:
        assert "authorization" not in request.headers
        self.visited.append(path)
        match path:
            case "moved":
                return RedirectResponse("/p.png")
            case "away":
                return RedirectResponse(f"{self.elsewhere}/p.png")
            case "page":
                return HTMLResponse("<p>no picture</p>")
        return Response(PICTURE, 200, {"content-type": "image/png"})

    def speak(self, shape: Shape, cdn: str = "") -> None:
        encoded = base64.b64encode(PICTURE).decode()
        wrapped = "\n".join(encoded[n : n + 76] for n in range(0, len(encoded), 76))
        port = self.base_url.rpartition(":")[2]
        names = {
            "@B64": encoded,
            "@URLSAFE": base64.urlsafe_b64encode(PICTURE).decode(),
            "@UNPADDED": encoded.rstrip("="),
            "@WRAPPED": wrapped,
            "@HALF": base64.b64encode(PICTURE[: len(PICTURE) // 2]).decode(),
            "@DRAFT": base64.b64encode(png("blue")).decode(),
            "@HERE": self.base_url,
            "@UPPER": self.base_url.replace("http", "HTTP"),
            "@CDN": cdn,
            "@ELSEWHERE": self.elsewhere,
            "@LOOKALIKE": f"http://127.0.0.1:{port}@elsewhere.example",
        }
        text = json.dumps(shape.body)
        for name, value in names.items():
            text = text.replace(
                name, json.dumps(json.dumps(value)[1:-1])[1:-1] if '\\"' in text else json.dumps(value)[1:-1]
            )
        self.body, self.status, self.visited, self.calls = text.encode(), shape.status, [], 0

    def provider(self, *image_hosts: str, **more: str) -> Provider:
        return Provider(base_url=f"{self.base_url}/v1", image_hosts=image_hosts, **more)


@contextmanager
def speaking():
    server = ConformanceServer()
    with serving(server.app) as server.base_url:
        yield server


@pytest.fixture(scope="module")
def server():
    with speaking() as server:
        yield server


@pytest.fixture(scope="module")
def cdn():
    with speaking() as cdn:
        yield cdn


@pytest.fixture(scope="module")
def elsewhere():
    with speaking() as elsewhere:
        yield elsewhere


def answer(model, way):
    return run(model.ask(question()) if way == "ask" else model.draw(picture()))


def end_of(server, store, shape, *image_hosts):
    images = {"images": "chat"} if shape.way == "chat" else {}
    model = OpenAIModel("a-model", "1", images, "gate", server.provider(*image_hosts, api_key_env="GATE_KEY"), store)
    try:
        return answer(model, shape.way)
    except ModelError as error:
        return error


@pytest.mark.parametrize("shape", ALL, ids=[f"{s.way}: {s.kind}: {s.name}" for s in ALL])
def test_every_shape_comes_to_its_end(server, cdn, elsewhere, store, monkeypatch, shape):
    monkeypatch.setenv("GATE_KEY", "sk-0123456789")
    server.elsewhere = elsewhere.base_url
    server.speak(shape, cdn.base_url)
    elsewhere.visited.clear()
    end = end_of(server, store, shape, cdn.base_url.removeprefix("http://"))
    if shape.end == "image":
        assert store.get(end.image.sha256) == PICTURE
        assert (end.text or "") == (shape.holds or "")
    elif shape.end == "text":
        assert end.carrier == shape.holds
        assert replies.diagnosis(end.text) == replies.diagnosis(VERDICT)
    else:
        assert isinstance(end, ENDS[shape.end]), end
        assert (shape.holds or "") in (end.text if shape.end == "refused" else str(end))
        assert str(end).strip()
        assert not str(end).rstrip().endswith(":")
    if shape.end == "refused" and b'"completion_tokens": 0' in server.body:
        assert end.usage == Usage(9, 0, None)
    assert (server.calls, elsewhere.visited) == (1, [])


def through(server, store, database, shape):
    """What comes of a call through journal, retry and meter, twice; and the rows of the ledger."""

    async def whole():
        scribe = Scribe(database)
        images = {"images": "chat"} if shape.way == "chat" else {}
        bare = OpenAIModel("a-model", "1", images, "gate", server.provider(), store)
        metered = Metered(
            bare, "generator", "gate", scribe, lambda _: Load(9, 2.0), partial(cost, Price(input_per_million=1e6))
        )
        model = Journalled(Retried(metered, deadline_s=5.0, retries=2, sleep=no_wait), scribe, store)
        ends = []
        try:
            for _ in range(2):
                try:
                    ends.append(await (model.ask(question()) if shape.way == "ask" else model.draw(picture())))
                except ModelError as error:
                    ends.append(error)
        finally:
            await scribe.flush()
            scribe.close()
        return ends

    ends = run(whole())
    with database.engine.connect() as connection:
        return ends, connection.execute(select(LEDGER).order_by(LEDGER.c["try"])).all()


async def no_wait(_):
    return


@pytest.fixture
def database(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    yield outcomes
    outcomes.close()


DECLINES = [
    s for s in SILENT if s.end == "refused" and s.way != "endpoint" and '"completion_tokens": 0' in json.dumps(s.body)
]


@pytest.mark.parametrize("shape", DECLINES, ids=[f"{s.way}: {s.name}" for s in DECLINES])
def test_a_decline_is_paid_once_counted_and_not_asked_for_again(server, store, database, shape):
    server.speak(shape)
    ends, rows = through(server, store, database, shape)
    assert [type(end) for end in ends] == [Refused, Refused]
    assert [(row.outcome, row.input_tokens, row.output_tokens, row.usd) for row in rows] == [("Refused", 9, 0, 9.0)]
    assert (server.calls, database.spent()) == (1, 9.0)


def test_a_broken_server_is_asked_again_and_an_answer_in_thought_is_kept_with_its_place(server, store, database):
    broken = next(s for s in SILENT if s.end == "transient")
    server.speak(broken)
    ends, rows = through(server, store, database, broken)
    assert (server.calls, len(rows), isinstance(ends[0], Transient)) == (6, 6, True)
    thought = next(s for s in SILENT if s.holds == "reasoning")
    server.speak(thought)
    ends, rows = through(server, store, database, thought)
    assert (server.calls, ends[0].carrier, ends[1].carrier, rows[-1].carrier) == (
        1,
        "reasoning",
        "reasoning",
        "reasoning",
    )


def test_a_judge_that_scores_twice_is_malformed(server, store):
    twice = '{"instruction": {"score": 2, "score": 5, "reason": "the cup is red"}}'
    server.speak(Shape("", "", "ask", turn(twice), "text"))
    reply = run(OpenAIModel("a-model", "1", {}, "gate", server.provider(), store).ask(question(schema="evaluation")))
    with pytest.raises(Malformed):
        replies.evaluation(reply.text, ("instruction",), Thresholds())


def test_there_are_enough_shapes_and_each_has_its_own_name():
    assert len(ALL) >= 45
    assert len({(s.way, s.kind, s.name) for s in ALL}) == len(ALL)
    assert {s.end for s in ALL} >= {"image", "text", "refused", "malformed", "transient"}
