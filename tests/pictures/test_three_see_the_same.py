"""Judge, generator and trainer see the same pixels of every odd picture, and they are those that a person sees in it.

In: the table of odd pictures, admitted as references by a real plan, or returned by a real local server as images made. Out: what
that server is sent about them, and what lies in real shards.
"""

import base64
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.output.finalise import finalise
from pipeline.output.verify import verify
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore
from stages.records import ImageRef
from tests.backends.openai.gateway import Gateway, chat, made, picture, playing, png, question, run
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, Maker, manifest
from tests.pictures.odd import SIZE, Odd
from tests.pictures.table import ODD, VERBATIM
from tests.sources.tables import climbing_trajectories, failure_lines, make_manifest, table, write_jsonl

TABLE: dict[str, Odd] = ODD | VERBATIM


@dataclass(frozen=True)
class Admitted:
    """The pictures of the table as references, and the shards of samples that were made from them."""

    store: ImageStore
    references: dict[str, ImageRef]
    shown: dict[str, np.ndarray]
    problems: list[str]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with playing() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def admitted(tmp_path_factory: pytest.TempPathFactory) -> Admitted:
    folder = tmp_path_factory.mktemp("pictures")
    out = folder / "out"
    rows = [
        {"prompt": f"draw {n}", "name": name, "image": f"data:;base64,{base64.b64encode(odd.data).decode()}"}
        for n, (name, odd) in enumerate(TABLE.items())
    ]
    source = table(write_jsonl(folder / "rows.jsonl", rows), columns={"references": "image"}, id="{name}")
    store = ImageStore(str(out / "store"))
    planned = plan(make_manifest(source), store, 2)
    assert failure_lines(planned) == []
    references = {t.sample.row_id: t.sample.references[0] for t in climbing_trajectories(planned)}
    maker, outcomes = Maker(store), []
    for n, ref in enumerate(references.values()):
        start = maker.start(n, references=0)
        start = replace(start, sample=replace(start.sample, references=(ref,), task="edit"))
        start = replace(
            start, sample=replace(start.sample, applicable_axes=("instruction", "consistency", "quality", "knowledge"))
        )
        outcomes.append(maker.keep(maker.try_once(start, 1, passed=True).accept("direct")))
    finalise(
        outcomes, manifest(output={"image": {"size": list(SIZE)}}), store, out, PROMPTS, FINGERPRINT, IDENTITIES, 1
    )
    return Admitted(store, references, shown_in(out), [str(p) for p in verify(out, 1)])


def shown_in(out: Path) -> dict[str, np.ndarray]:
    """By the hash of a stored image: what a trainer decodes from the shards."""
    shown = {}
    for path in sorted((out / "sft").rglob("*.parquet")):
        for row in pq.read_table(path, columns=["images", "image_meta"]).to_pylist():
            for cell, meta in zip(row["images"], row["image_meta"], strict=True):
                shown[meta["original_sha256"]] = decoded(cell["bytes"])
    return shown


def decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format in ("PNG", "JPEG"), image.mode) == (True, "RGB")
        assert not image.getexif()
        return np.asarray(image, np.int16)


def decoded_uri(uri: str) -> np.ndarray:
    head, _, body = uri.partition(",")
    data = base64.b64decode(body, validate=True)
    with Image.open(io.BytesIO(data)) as image:
        assert head == f"data:image/{str(image.format).lower()};base64"
    return decoded(data)


def as_sent(gateway: Gateway, store: ImageStore, ref: ImageRef) -> list[np.ndarray]:
    """A picture as a judge is sent it, as a generator by chat, and as one by /images/edits."""
    sent = []
    gateway.play(chat("fine"))
    run(gateway.model(store).ask(question(ref)))
    sent.append(decoded_uri(gateway.asked[0].body["messages"][0]["content"][0]["image_url"]["url"]))
    back = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    gateway.play(chat(None, images=[{"type": "image_url", "image_url": {"url": back}}]))
    run(gateway.model(store, images="chat").draw(picture(ref)))
    sent.append(decoded_uri(gateway.asked[0].body["messages"][0]["content"][0]["image_url"]["url"]))
    gateway.play(made(png()))
    run(gateway.model(store).draw(picture(ref)))
    ((_, kind, data),) = gateway.asked[0].files
    assert kind in ("image/png", "image/jpeg")
    return [*sent, decoded(data)]


@pytest.mark.parametrize("name", TABLE)
def test_a_reference_is_the_same_to_judge_generator_and_trainer(
    gateway: Gateway, admitted: Admitted, name: str
) -> None:
    ref, odd = admitted.references[name], TABLE[name]
    assert (ref.width, ref.height) == SIZE
    trained = admitted.shown[ref.sha256]
    for pixels in as_sent(gateway, admitted.store, ref):
        assert (pixels == trained).all()
    assert np.abs(trained - odd.pixels).max() <= odd.tolerance + 0.5
    assert admitted.store.get(ref.source_sha256) == odd.data


def test_the_shards_of_odd_pictures_are_sound(admitted: Admitted) -> None:
    assert admitted.problems == []
    assert len(admitted.references) == len(TABLE) >= 60


@pytest.mark.parametrize("name", TABLE)
def test_an_image_that_a_server_makes_is_rendered_before_anybody_sees_it(gateway: Gateway, name: str) -> None:
    store, odd = ImageStore(f"memory://{uuid.uuid4().hex}"), TABLE[name]
    gateway.play(made(odd.data))
    ref = run(gateway.model(store).draw(picture())).image
    assert (ref.width, ref.height) == SIZE
    judged, *drawn = as_sent(gateway, store, ref)
    assert all((pixels == judged).all() for pixels in drawn)
    assert np.abs(judged - odd.pixels).max() <= odd.tolerance + 0.5
    assert store.get(ref.source_sha256) == odd.data
