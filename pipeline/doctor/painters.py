"""The examination of an image model: a new picture, an edit, a picture out of two references, and the same again.

In: a model, overheard, and the cases. Out: findings on sizes, on seeds, on references, and on whether anything was done.
"""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.doctor.cases import ORDER_PLAN, PLAN, Cases, nearest
from pipeline.doctor.findings import Symptom
from pipeline.doctor.judges import PatientCase
from stages.asking import next_seed
from stages.calls import CallPlace, Halt, draw
from stages.errors import EngineDead, Malformed, ModelError, Refused, TooLong
from stages.likeness import find_unchanged
from stages.protocols import ImageRequest, Role
from stages.records import Event, ImageRef, Sample, Task
from stages.trajectory import Trajectory

CHANGE = "change"
_OF_ONE_REQUEST = (Refused, Malformed, TooLong)
"""Errors that say nothing about the next request."""


async def examine_painter(case: PatientCase, roles: frozenset[str], new_pictures: bool) -> None:
    """Adds what is found, by what the roles are asked for. Raises ModelError where nothing further can be asked."""
    findings = case.findings
    baseline = "baseline" in roles
    if baseline and new_pictures:
        findings += await _one(case, "baseline", "t2i", "a new picture")
    role: Role = "baseline" if baseline else "generator"
    findings += await _one(case, role, "edit", "a picture changed as asked")
    edit = next((r for r in reversed(case.model.requests) if isinstance(r, ImageRequest)), None)
    if edit is not None and len(edit.images) == (1 if baseline else 2):
        findings += await _again(case, edit)
    if baseline and "generator" in roles:
        findings += await _one(case, "generator", "edit", "a failed picture made anew after a reflection")
    findings += await _one(case, role, "compose", "a picture out of two references")
    _weigh_changes(findings)


async def _one(case: PatientCase, role: Role, task: Task, purpose: str) -> list[Symptom]:
    """One image as a role is asked for it: by the baseline from the references, by the generator after a reflection."""
    sample = case.cases.sample(task)
    case.model.purpose = purpose
    images, prompt, values = _asked(case.cases, sample, role)
    try:
        event = await draw(
            Trajectory(sample, 0).enter("direct"), case.models, role, CallPlace("direct", 1), prompt, images, values
        )
    except Halt as halt:
        if not isinstance(halt.error, _OF_ONE_REQUEST) and type(halt.error) is not ModelError:
            raise halt.error from halt
        return [Symptom("bad", purpose, f"{type(halt.error).__name__}: {halt.error}", _remedy(task, halt.error))]
    assert event.image is not None
    return [*_size(case, sample, event.image, purpose), *await _work(case, sample, event, images)]


def _asked(cases: Cases, sample: Sample, role: Role) -> tuple[tuple[ImageRef, ...], str, dict[str, object]]:
    values: dict[str, object] = {"instruction": sample.instruction, "references": len(sample.references)}
    if role == "baseline":
        return sample.references, "generate", values
    canvas = cases.scene if sample.task == "edit" else cases.swapped
    reflection = PLAN if sample.task == "edit" else ORDER_PLAN
    return (*sample.references, canvas), "redraw", values | {"reflection": reflection}


def _remedy(task: Task, error: ModelError) -> str:
    if isinstance(error, Malformed):
        return "for a model that answers by chat, say options.images: chat; for one of the image endpoints, generations"
    if task == "t2i":
        return "name a model that makes new pictures, or leave samples without references out"
    return "name a model that takes so many images, or give rows fewer references"


def _weigh_changes(findings: list[Symptom]) -> None:
    """A model that never changes anything will not work; one that fails to do it once may be a weak one."""
    changes = [finding for finding in findings if finding.about == CHANGE]
    if changes and all(finding.level == "note" for finding in changes):
        findings[:] = [replace(f, level="bad") if f.about == CHANGE else f for f in findings]


def _size(case: PatientCase, sample: Sample, image: ImageRef, purpose: str) -> Iterator[Symptom]:
    made, asked = f"{image.width}x{image.height}", f"{sample.width}x{sample.height}"
    error = abs(image.width / image.height / (sample.width / sample.height) - 1)
    if made == asked:
        yield Symptom("fine", "size", f"{purpose}: {made}, as asked")
    elif error <= case.policy.aspect_tolerance:
        yield Symptom(
            "note",
            "size",
            f"{purpose}: {made} where {asked} was asked for; the shape is right, so it is scaled when written",
        )
    else:
        yield Symptom(
            "bad",
            "size",
            f"{purpose}: {made} where {asked} was asked for: its shape is off by {error:.0%}, which fails every image by rule",
            f"say options.size: a size of that shape, or make samples of the shape {made}",
        )


async def _work(case: PatientCase, sample: Sample, event: Event, images: tuple[ImageRef, ...]) -> list[Symptom]:
    """Whether anything was done, and out of which reference."""
    assert event.image is not None
    same = await find_unchanged(
        case.models.comparer,
        event.image.sha256,
        tuple(image.sha256 for image in images),
        sample.instruction,
        case.policy.unchanged_within,
    )
    findings = []
    if event.payload is not None:
        findings.append(
            Symptom("note", "words", "it speaks along with its image; policy.train_words says what becomes of that")
        )
    if same is not None:
        findings.append(
            Symptom(
                "note",
                CHANGE,
                "it gives one of the pictures back that it was sent, and nothing is changed",
                "see whether the server hands images on to the model; /images/edits or options.images: chat",
            )
        )
    elif images:
        findings.append(Symptom("fine", CHANGE, "its picture differs from what it was sent"))
    if sample.task == "compose":
        findings.append(_order(case, event.image))
    return findings


def _order(case: PatientCase, image: ImageRef) -> Symptom:
    like = nearest(case.store, image, (case.cases.ordered, case.cases.swapped))
    if like == 0:
        return Symptom(
            "fine", "references", "several are taken, and its picture is most like the one that has them in order"
        )
    return Symptom(
        "note",
        "references",
        "several are taken; its picture is most like one that has them the wrong way round: look at it",
        "the red heart of the first picture belongs on the left",
    )


async def _again(case: PatientCase, request: ImageRequest) -> list[Symptom]:
    """The same request with the same seed, and with another one."""
    first = await _drawn(case, request, "the same edit again, with the same seed")
    other = await _drawn(case, replace(request, seed=next_seed(request.seed)), "the same edit, with another seed")
    before = next(e.image for e in reversed(case.model.exchanges) if e.image and e.purpose not in _AGAIN)
    findings = []
    if first is not None and before is not None:
        findings.append(
            Symptom("fine", "seed", "the same seed gives the same bytes")
            if first.sha256 == before.sha256
            else Symptom(
                "note",
                "seed",
                "the same seed gives another image: the journal keeps what was made, but nobody can make it again",
                "options.seed: false sends none, where the server does not heed it",
            )
        )
    if other is not None and before is not None:
        findings.append(
            Symptom("fine", "seed", "another seed gives another image")
            if other.sha256 != before.sha256
            else Symptom(
                "bad",
                "seed",
                "another seed gives the same image: a second try would be the first one again",
                "have the server take the seed, or sample (temperature above 0)",
            )
        )
    return findings


_AGAIN = ("the same edit again, with the same seed", "the same edit, with another seed")


async def _drawn(case: PatientCase, request: ImageRequest, purpose: str) -> ImageRef | None:
    case.model.purpose = purpose
    try:
        return (await case.model.draw(request)).image
    except EngineDead:
        raise
    except ModelError:
        return None
