"""The examination of a judge: two pictures, one that is right and one that is not, and a reflection on the latter.

In: a model, overheard, and the cases. Out: findings. Requests and parsers are those of the ladder (`stages.evaluate`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pipeline.doctor.cases import Cases
from pipeline.doctor.findings import Symptom
from pipeline.doctor.overheard import Overheard
from pipeline.storage.image_store import ImageStore
from stages.calls import CallPlace, Halt, Models
from stages.errors import EngineDead, Malformed, ModelError
from stages.evaluate import evaluate
from stages.policy import Judging, Policy
from stages.protocols import Message, ScoreRequest, TextReply, TextRequest
from stages.records import Evaluation, Event, Task
from stages.reflect import look_again
from stages.trajectory import Trajectory

SCORED = "a red circle"


@dataclass(frozen=True)
class PatientCase:
    """What an examination works with, and what it has found so far. `models` has the overheard model in every role."""

    cases: Cases
    models: Models
    policy: Policy
    store: ImageStore
    model: Overheard
    findings: list[Symptom] = field(default_factory=list)

    @property
    def once(self) -> Policy:
        """The policy with one judgement an image."""
        return self.policy.model_copy(update={"judging": Judging(judgements=1)})


async def examine_judge(case: PatientCase, scores: bool) -> None:
    """Adds what is found. Raises ModelError where nothing further can be asked."""
    model, findings = case.model, case.findings
    model.purpose = "judge a picture that is right"
    right = await _judged(case, "t2i", wrong=False)
    request = next((r for r in model.requests if isinstance(r, TextRequest)), None)
    findings.extend(_shape(case) if right else [_unread(model)])
    model.purpose = "judge a picture of two references, the things of which have changed places"
    wrong = await _judged(case, "compose", wrong=True)
    findings.append(_unread(model) if wrong is None else _sight(right, wrong))
    if wrong is not None:
        model.purpose = "say what is wrong with it"
        findings.append(await _reflected(case, wrong))
    if request is not None and right is not None:
        findings.append(await _repeated(case, request))
        if scores:
            findings.append(await _scored(case, request))
    findings.extend(_tokens(case))


async def _judged(case: PatientCase, task: Task, wrong: bool) -> Event | None:
    """The evaluation of a right picture or a wrong one; None where the reply cannot be used. Raises what ends the examination."""
    sample = case.cases.sample(task)
    image = case.cases.swapped if wrong else case.cases.answer(sample.task)
    t = Trajectory(sample, 0).enter("direct")
    try:
        return await evaluate(
            t,
            case.models,
            CallPlace("direct", 1),
            image,
            sample.references,
            sample.instruction,
            "original",
            case.once,
            made_from=(),
        )
    except Halt as halt:
        _raise_unless_unread(halt.error)
        return None


def _raise_unless_unread(error: ModelError) -> None:
    """Nothing for an answer that cannot be used; any other error is raised: it would come again."""
    if not isinstance(error, Malformed):
        raise error


def _unread(model: Overheard) -> Symptom:
    error = model.errors[-1] if model.errors else None
    words = (
        f"the reply cannot be read: {error}"
        if error
        else "the reply cannot be read, and no better when it is asked again"
    )
    return Symptom("bad", "reply", words, "name a model that answers in JSON, or another options.structured")


def _shape(case: PatientCase) -> Iterator[Symptom]:
    """How the reply came: at once or only when asked again, as the bare object or among words."""
    replies = [reply for reply in case.model.replies if isinstance(reply, TextReply)]
    if len(replies) > 1:
        yield Symptom("note", "reply", f"it was readable only when asked {len(replies)} times; each asking is paid")
    else:
        yield Symptom("fine", "reply", f"readable at once (from {replies[-1].carrier})")
    try:
        bare = isinstance(json.loads(replies[-1].text), dict)
    except ValueError:
        bare = False
    if bare:
        yield Symptom("fine", "schema", "the reply is the bare object that was asked for")
    else:
        yield Symptom(
            "note",
            "schema",
            "the reply has words or a fence around its object: the schema is not enforced, but it is read",
        )


def _sight(right: Event | None, wrong: Event) -> Symptom:
    """Whether the judge tells a right picture from a wrong one."""
    first = _instruction(right)
    second = _instruction(wrong)
    if second is not None and second < 5 and (first is None or first > second):
        seen = "" if first is None else f" ({first} of 5 against {second} of 5)"
        return Symptom(
            "fine", "sight", f"it tells a right picture from a wrong one, and knows the order of references{seen}"
        )
    if first == 5 and second == 5:
        return Symptom(
            "bad",
            "sight",
            "it passes a picture whose things have changed places: it does not see the references, or not in their order",
            "look at the picture and the answer; name a stronger judge, or a server that takes several images in order",
        )
    return Symptom(
        "note",
        "sight",
        f"it gives the right picture {first} of 5 for the instruction, and the wrong one {second}: look at its reasons",
    )


def _instruction(event: Event | None) -> int | None:
    return event.payload.score("instruction") if event and isinstance(event.payload, Evaluation) else None


async def _reflected(case: PatientCase, wrong: Event) -> Symptom:
    sample = case.cases.sample("compose")
    made = Event("generation", 1, image=case.cases.swapped, made_by="doctor")
    t = Trajectory(sample, 0).enter("direct").add(made, _failed(wrong)).enter("reflect 1")
    try:
        after = await look_again(t, case.models, case.once, CallPlace("reflect", 1))
    except Halt as halt:
        _raise_unless_unread(halt.error)
        return _unread(case.model)
    if after.overruled:
        return Symptom("note", "reflection", "it looked again and saw nothing wrong: it disputes its own judgement")
    return Symptom("fine", "reflection", "it names a fault, and how to mend it")


def _failed(event: Event) -> Event:
    """The evaluation as one that failed, whatever the judge said: only a failed image is reflected on."""
    verdict = event.payload
    assert isinstance(verdict, Evaluation)
    first = replace(verdict.axes[0], passed=False)
    return replace(event, payload=replace(verdict, axes=(first, *verdict.axes[1:])))


async def _repeated(case: PatientCase, request: TextRequest) -> Symptom:
    """The same question once more, with the same seed."""
    before = next(reply.text for reply in case.model.replies if isinstance(reply, TextReply))
    case.model.purpose = "the first question again, with the same seed"
    try:
        again = await case.model.ask(request)
    except EngineDead:
        raise
    except ModelError as error:
        return Symptom("note", "seed", f"asked again, it failed ({error})")
    if again.text == before:
        return Symptom("fine", "seed", "the same question with the same seed has the same answer")
    return Symptom(
        "note",
        "seed",
        "the same question with the same seed has another answer; the journal keeps the first one of a build",
    )


async def _scored(case: PatientCase, request: TextRequest) -> Symptom:
    """Whether it says how likely a text is, which only rungs of one's own need."""
    case.model.purpose = "say how likely a text is"
    words = (Message("user", "What is on the left of this picture?"),)
    try:
        reply = await case.model.score(ScoreRequest(words, (case.cases.scene,), SCORED, request.seed, 1))
    except ModelError as error:
        return Symptom(
            "note", "log-probs of a text", f"none ({error})", "rungs that score need vLLM or an engine that scores"
        )
    return Symptom("fine", "log-probs of a text", f"{len(reply.tokens)} tokens, {reply.total:.2f} together")


def _tokens(case: PatientCase) -> Iterator[Symptom]:
    """Whether replies bring their tokens, where the options ask for them."""
    kept = [reply.tokens for reply in case.model.replies if isinstance(reply, TextReply) and reply.tokens]
    if kept:
        yield Symptom("fine", "log-probs of replies", f"{kept[0].count} tokens of the first reply are kept")


async def reads_well(case: PatientCase) -> bool:
    """Whether the judge answers readably about the picture that is right."""
    try:
        return await _judged(case, "t2i", wrong=False) is not None
    except ModelError:
        return False
