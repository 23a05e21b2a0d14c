"""One question to a judge: asked again where its reply cannot be used, and once where its words break the training voice.

In: a model, a request, the parser of its reply, the manner of speech that the policy wants. Out: a `ReadReply`. At most three
calls: a reply that cannot be read is asked for once more with the error shown; one that breaks the voice is asked for once more
with the breaches shown. What comes of that is taken, even if it breaks the voice still, which `ReadReply.voice` says then; but
a second thought is no second judgement: where the scores differ, or nothing readable comes, the first reply stands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from prompts.catalogue import Prompts
from stages.errors import Malformed, Refused, TooLong
from stages.plain import check_legible
from stages.policy import Facts, Voice
from stages.protocols import Analyzer, Message, TextReply, TextRequest, TokensRef
from stages.records import Evaluation, Kind, Payload, Sample
from stages.voice import flawed_texts, rules_broken
from stages.voice_rules import RULES


@dataclass(frozen=True)
class Speech:
    """What the policy wants of words: what happens where one of the `kinds` that are trained breaks the voice, and who hears the
    facts that come with a sample."""

    voice: Voice = "off"
    kinds: frozenset[Kind] = frozenset()
    facts: Facts = field(default_factory=Facts)

    def about(self, sample: Sample) -> Self:
        """What is wanted of words about `sample`: those about an RL prompt are never trained, so nobody listens to them."""
        return replace(self, voice="off") if sample.split == "rl" else self

    def broken(self, kind: Kind, payload: Payload | None) -> tuple[str, ...]:
        """The rules that a payload of `kind` breaks; none where nobody listens."""
        if payload is None or self.voice == "off" or kind not in self.kinds:
            return ()
        return rules_broken(payload)


@dataclass(frozen=True, slots=True)
class ReadReply:
    """What a reply says (None where its parser finds nothing to say), and the request that it replies to.

    `voice`: the rules that it breaks; `voice_before`: those because of which it was asked again. `tokens`: its side file.
    """

    payload: Payload | None
    request: TextRequest
    voice: tuple[str, ...] = ()
    voice_before: tuple[str, ...] = ()
    tokens: TokensRef | None = None


async def question(
    model: Analyzer,
    words: Prompts,
    request: TextRequest,
    parse: Callable[[str], Payload | None],
    kind: Kind,
    speech: Speech,
) -> ReadReply:
    """The answer to `request`. Raises stages.errors.ModelError."""
    first, payload, request = await _readable(model, words, request, parse)
    broken = speech.broken(kind, payload)
    if payload is None or not broken or speech.voice != "ask_again":
        return ReadReply(payload, request, broken, tokens=first.tokens)
    again = follow_up(request, first.text, words.render("again_voice", problem=complaint(payload)))
    try:
        reply = await model.ask(again)
        second = _parsed(reply.text, parse)
    # the first reply can be used, so a sample must not be lost for its wording
    except (Malformed, Refused, TooLong):
        return ReadReply(payload, request, broken, broken, first.tokens)
    if not _agree(payload, second):
        return ReadReply(payload, request, broken, broken, first.tokens)
    return ReadReply(second, again, speech.broken(kind, second), broken, reply.tokens)


def complaint(payload: Payload) -> str:
    """What a judge is shown of its breaches: on each line the place, what is wrong, and the words."""
    lines = []
    for place, breach in flawed_texts(payload):
        quoted = f': "{breach.words}"' if breach.words else ""
        lines.append(f"{place} {RULES[breach.rule].says}{quoted}")
    return "\n".join(lines)


async def _readable(
    model: Analyzer, words: Prompts, request: TextRequest, parse: Callable[[str], Payload | None]
) -> tuple[TextReply, Payload | None, TextRequest]:
    """The first reply that can be read, what it says, and what it replies to."""
    try:
        reply = await model.ask(request)
        return reply, _parsed(reply.text, parse), request
    except Malformed as problem:
        # servers turn down an empty turn
        shown = words.render("again", problem=str(problem))
        request = follow_up(request, problem.text or "(an empty reply)", shown)
    reply = await model.ask(request)
    return reply, _parsed(reply.text, parse), request


def _parsed(text: str, parse: Callable[[str], Payload | None]) -> Payload | None:
    payload = parse(text)
    if payload is not None:
        check_legible(payload, text)
    return payload


def follow_up(request: TextRequest, reply: str, words: str) -> TextRequest:
    """`request` asked again, with the reply that it got and `words` about it."""
    messages = (*request.messages, Message("assistant", reply), Message("user", words))
    return replace(request, messages=messages, seed=next_seed(request.seed))


def _agree(first: Payload, second: Payload | None) -> bool:
    """True where a reply only says otherwise what the one before it said: of a verdict the scores are the same."""
    if second is None:
        return False
    if isinstance(first, Evaluation) and isinstance(second, Evaluation):
        return [(a.axis, a.score) for a in first.axes] == [(a.axis, a.score) for a in second.axes]
    return True


def next_seed(seed: int) -> int:
    """The seed of a call that is made again."""
    return (seed + 1) % 2**31
