"""What every backend must do, whatever it is: the checks of the contract, each over one `Case`.

In: a case and a folder. Out: nothing, or an AssertionError. They run the backend's real code, opened as an engine opens it.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.backends.contract import Access, BareModel
from pipeline.backends.openai.client import close_clients
from pipeline.backends.registry import backend
from pipeline.engines.client import Fleet, key_of
from pipeline.engines.fleet import start
from pipeline.engines.spec import EngineSpec
from pipeline.storage.image_store import ImageStore
from stages.identity import call_key
from stages.protocols import ImageReply, ImageRequest, Model, Request, TextReply, TextRequest
from tests.backends.cases import Case

MANY = 4


def opened(at: Access, store: ImageStore) -> BareModel:
    return backend(at.backend).open(at, store, None)


async def answer(model: Model, request: Request) -> Any:
    """What the request got, without what may differ between two answers: usage."""
    if isinstance(request, TextRequest):
        return replace(await model.ask(request), usage=None)
    if isinstance(request, ImageRequest):
        return replace(await model.draw(request), usage=None)
    return replace(await model.score(request), usage=None)


async def answers(model: Model, requests: Sequence[Request]) -> list[Any]:
    return await asyncio.gather(*(answer(model, request) for request in requests))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    async def closing() -> Any:
        try:
            return await work
        finally:
            await close_clients()

    return asyncio.run(closing())


def check_concurrent_calls(case: Case, folder: Path) -> None:
    """Calls made at once get what each gets alone, and the event loop goes on meanwhile."""
    store = ImageStore(str(folder / "store"))
    with case.accessible(folder) as at:
        requests, model = case.requests(store, MANY), opened(at, store)

        async def work() -> tuple[list[Any], list[Any], int]:
            alone = [await answer(model, request) for request in requests]
            together, turns = asyncio.create_task(answers(model, requests)), 0
            while not together.done():
                await asyncio.sleep(0.001)
                turns += 1
            return alone, await together, turns

        alone, together, turns = run(work())
    assert together == alone
    assert turns > 1, "the event loop was blocked while the calls ran"
    for reply in alone:
        assert isinstance(reply, TextReply | ImageReply) or reply.tokens
        assert not isinstance(reply, ImageReply) or store.has(reply.image.sha256)


def check_faults(case: Case, folder: Path) -> None:
    """Each way to go wrong is the error that it should be, in words for a person."""
    assert case.faults
    for name, fault in case.faults.items():
        place = folder / name.replace(" ", "-")
        place.mkdir()
        store = ImageStore(str(place / "store"))
        with fault.made(place, store) as (open_model, request), pytest.raises(fault.error, match=fault.words) as raised:
            run(answer(open_model(), request))
        assert type(raised.value) is fault.error, name
        assert "\n" not in str(raised.value), name


def check_cancellation(case: Case, folder: Path) -> None:
    """A call that is given up harms no other, and the model goes on answering."""
    store = ImageStore(str(folder / "store"))
    with case.accessible(folder) as at:
        requests, model = case.requests(store, MANY), opened(at, store)

        async def work() -> tuple[list[Any], list[Any], Any]:
            tasks = [asyncio.create_task(answer(model, request)) for request in requests]
            await asyncio.sleep(0)
            tasks[1].cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            return ended, [await answer(model, request) for request in requests], tasks[1].cancelled()

        ended, again, cancelled = run(work())
    assert cancelled
    assert ended[:1] + ended[2:] == again[:1] + again[2:]


def check_identity(case: Case, folder: Path) -> None:
    """A model says who it is as its description does; what changes answers is part of it and of every key, where it is is not."""
    store = ImageStore(str(folder / "store"))
    with case.accessible(folder) as at:
        described = backend(at.backend)
        identity = described.identity(at.model, at.revision, at.options)
        model, (request, *_) = opened(at, store), case.requests(store, 1)
        assert model.identity == identity
        elsewhere = replace(at, name="elsewhere", batch=7, batch_wait_s=0.5)
        assert opened(elsewhere, store).identity == identity
        others = [
            described.identity(at.model, at.revision, {**at.options, **dict([pair])}) for pair in case.other.items()
        ]
        others.append(described.identity(at.model, "another", at.options))
    keys = {call_key(one, request) for one in (identity, *others)}
    assert len(keys) == 2 + len(case.other)


def check_coalescing(case: Case, folder: Path) -> None:
    """Calls of one shape that wait together are answered together, each with an answer of its own, and none waits for ever."""
    assert case.batches is not None
    store = ImageStore(str(folder / "store"))
    with case.accessible(folder) as at:
        model = opened(replace(at, batch=MANY, batch_wait_s=0.5), store)
        requests = case.requests(store, MANY)
        one_kind = [request for request in requests if type(request) is type(requests[0])][:MANY]
        replies = run(answers(model, [*one_kind, one_kind[0]]))
    assert len(replies) == MANY + 1
    assert sum(case.batches(model)) >= MANY
    assert max(case.batches(model)) == MANY


def check_restart(case: Case, folder: Path) -> None:
    """An engine that is killed under its calls is started again, and whoever asked gets the same answers; needs Ray to be up."""
    store = ImageStore(str(folder / "store"))
    with case.accessible(folder) as at:
        requests = case.requests(store, MANY)
        fleet = in_engine(at, store, folder)
        pid = int((folder / "engines" / "e-0.log").read_text().split()[1])

        async def work() -> tuple[list[Any], list[Any]]:
            model = fleet.model(at)
            before = await answers(model, requests)
            under_way = [asyncio.create_task(answer(model, request)) for request in requests]
            await asyncio.sleep(0)
            os.kill(pid, signal.SIGKILL)
            return before, await asyncio.gather(*under_way)

        before, after = run(work())
    assert after == before
    assert (folder / "engines" / "e-0.log").read_text().count("begins") == 2


def in_engine(at: Access, store: ImageStore, folder: Path, **spec: Any) -> Fleet:
    """The model in an engine called as the access is."""
    engine = EngineSpec.model_validate({"cpus": 0.1} | spec)
    hosted = {at.name: {key_of(at): at}}
    return start({at.name: engine}, hosted, store.root, folder / "engines", print)


Check = Callable[[Case, Path], None]
CHECKS: dict[str, Check] = {
    "concurrent calls": check_concurrent_calls,
    "error mapping": check_faults,
    "cancellation": check_cancellation,
    "identity in keys": check_identity,
    "batch coalescing": check_coalescing,
    "restart of an engine": check_restart,
}


def checks_of(case: Case, backend_name: str) -> list[str]:
    """The checks that concern a case: batches only where it makes some, engines only where it may run in one, calls only where
    they are answered at once."""
    without = {"batch coalescing"} if case.batches is None else set()
    if backend(backend_name).engine == "no":
        without.add("restart of an engine")
    if not case.answers_at_once:
        without |= {"concurrent calls", "cancellation"}
    return [name for name in CHECKS if name not in without]
