"""The second rung: up to `reflection_rounds` rounds of looking again (SAIR escalation step 2).

In: a trajectory whose candidate failed. Out: R_k, G_{k+1}, E_{k+1} added per round; accepted in mode `reflection` as soon
as all axes pass. The Analyzer sees instruction, references, E_k and the rejected G_k; the Generator sees the instruction too.
Where the Analyzer sees no error in G_k, E_k is asked for anew.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from stages.calls import CallPlace, Models, ask, draw
from stages.errors import NothingWrong
from stages.evaluate import evaluate
from stages.grammar import FAILED, IMAGE, PASSED, REFLECTION, Either, Many, Pattern
from stages.policy import Policy
from stages.records import Dispute, Evaluation, Event, Reflection
from stages.replies import reflection
from stages.rung import Call, ModeStyle, Rung, Station, Way
from stages.trajectory import Trajectory

RUNG = "reflect"


async def reflect(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Reflect and redraw until the Analyzer is satisfied or the rounds are used up. Raises stages.calls.Halt."""
    for k in range(1, policy.reflection_rounds + 1):
        t = await one_round(t.enter(f"{RUNG} {k}"), models, policy, k)
        # an image of before that passes after all is put down to where it was made by the ladder
        if t.current().verdict.passed:
            return t.accept(REFLECT.mode)
    return t


async def one_round(t: Trajectory, models: Models, policy: Policy, k: int) -> Trajectory:
    """Round `k`: R_k on the rejected G_k, then G_{k+1} and E_{k+1}; only E_k anew where G_k passes after all.

    Raises stages.calls.Halt.
    """
    sample = t.sample
    # the candidate, not the newest image: a rung before this one may have chosen among several
    seen = (*sample.references, t.current().image)
    t = await look_again(t, models, policy, CallPlace(RUNG, k))
    if t.overruled:
        return t
    thought = t.last("reflection")
    place = CallPlace(RUNG, k + 1)
    values = {"instruction": sample.instruction, "references": len(sample.references), "reflection": thought.payload}
    t = t.add(await draw(t, models, "generator", place, "redraw", seen, values))
    image = t.current().image
    return t.add(await evaluate(t, models, place, image, sample.references, sample.instruction, "original", policy))


async def look_again(
    t: Trajectory, models: Models, policy: Policy, place: CallPlace, prompt: str = "reflect"
) -> Trajectory:
    """A reflection on the candidate against the original instruction. Raises stages.calls.Halt.

    A reflection that sees no error disputes the judgement: the image is judged anew. If it passes now, `t.overruled` is True and
    there is no reflection; if it fails again, it is reflected on once more, and has a fault then.
    """
    thought = await _reflection(t, models, place, prompt, _or_nothing)
    if thought.payload is not None:
        return t.add(thought)
    assert thought.seed is not None
    assert thought.call_key is not None
    dispute = Dispute(thought.seed, thought.call_key, thought.made_by or "")
    t = t.add(await _judge_anew(t, models, policy, place, dispute))
    if t.overruled:
        return t
    return t.add(await _reflection(t, models, replace(place, again=True), prompt, reflection))


async def _reflection(
    t: Trajectory, models: Models, place: CallPlace, prompt: str, parse: Callable[[str], Reflection | None]
) -> Event:
    sample, rejected = t.sample, t.current()
    values = {
        "instruction": sample.instruction,
        "references": len(sample.references),
        "evaluation": rejected.verdict,
    }
    images = (*sample.references, rejected.image)
    return await ask(t, models, "reflection", place, prompt, images, parse, values)


def _or_nothing(text: str) -> Reflection | None:
    """The reflection, None where it sees no error. Raises Malformed."""
    try:
        return reflection(text)
    except NothingWrong:
        return None


async def _judge_anew(t: Trajectory, models: Models, policy: Policy, place: CallPlace, dispute: Dispute) -> Event:
    """The candidate judged once more against the original instruction, by as many judgements as before."""
    sample, disputed = t.sample, t.current()
    assert disputed.generation is not None
    again = replace(place, index=disputed.generation.index, again=True)
    # it was compared with what it was made from when it was judged first
    event = await evaluate(
        t, models, again, disputed.image, sample.references, sample.instruction, "original", policy, made_from=()
    )
    assert isinstance(event.payload, Evaluation)
    return replace(event, payload=replace(event.payload, dispute=dispute))


def _stations(policy: Policy) -> tuple[Station, ...]:
    rounds = range(1, policy.reflection_rounds + 1)
    return tuple(Station(f"{RUNG} {k}", f"Reflection {k}", f"in reflection {k}") for k in rounds)


def _passes(policy: Policy) -> Pattern:
    rounds = policy.reflection_rounds
    failing = Many((REFLECTION, IMAGE, FAILED), 0, rounds - 1)
    return (failing, REFLECTION, IMAGE, PASSED) if rounds else Either(())  # without a round nothing can pass here


def _sentence(policy: Policy) -> Pattern:
    earlier = (IMAGE.at("earlier", False), FAILED.at("earlier", False), REFLECTION.at("earlier", False))
    previous = (IMAGE.at("previous", False), FAILED.at("previous", True), REFLECTION.at("previous", True))
    last = (IMAGE.at("last", True), PASSED.at("last", True))
    return (Many(earlier, 0, policy.reflection_rounds - 1), *previous, *last)


def _ways(policy: Policy) -> Iterator[Way]:
    # a round is reached only through the failure of all rounds before it
    lost: dict[str, int] = {}
    calls: Counter[Call] = Counter()
    for k in range(1, policy.reflection_rounds + 1):
        calls = calls + Counter([(policy.maker(RUNG, k), "image"), ("analyzer", "reflection")])
        yield Way("passes", {f"reflection {k}": 1}, dict(lost), calls=calls, passes=1, fails=k - 1)
        lost[f"reflection {k}"] = 1
    yield Way("fails", lost=lost, calls=calls, fails=len(lost))


REFLECT = Rung(
    name=RUNG,
    mode="reflection",
    climb=reflect,
    look=ModeStyle("Reflection", "after reflection", light="#4a6fb5", dark="#7d9fdd"),
    place="in reflection",
    passes=_passes,
    fails=lambda policy: Many((REFLECTION, IMAGE, FAILED), policy.reflection_rounds, policy.reflection_rounds),
    sentence=_sentence,
    ways=_ways,
    chances=lambda policy: tuple(f"reflection {k}" for k in range(1, policy.reflection_rounds + 1)),
    stages=_stations,
    enters=lambda _, policy: policy.reflection_rounds > 0,
    rounds=lambda policy: policy.reflection_rounds,
    # round k reflects on image k and draws the one after it
    round_of=lambda index, _attempt: index - 1,
)
