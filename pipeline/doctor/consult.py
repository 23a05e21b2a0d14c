"""The consultation: all models of a manifest, at all their places, side by side; and what it will cost, before it begins.

In: patients, a way to open each, and the cases. Out: a `Checkup` each. A model that is dead, slow or nonsensical has its
findings, and does not hinder the others.
"""

import asyncio
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.backends.contract import Access, BareModel
from pipeline.backends.openai.client import close_clients
from pipeline.backends.openai.options import Options
from pipeline.backends.registry import backend
from pipeline.doctor.cases import Cases
from pipeline.doctor.findings import Checkup, Symptom
from pipeline.doctor.judges import PatientCase, examine_judge, reads_well
from pipeline.doctor.overheard import Overheard, PriceRehearsal
from pipeline.doctor.painters import examine_painter
from pipeline.doctor.patients import Patient, needs_new_pictures, tariff
from pipeline.errors import BuildError
from pipeline.manifest.generators import DRAWERS, place_of
from pipeline.manifest.spec import Manifest
from pipeline.storage.image_store import ImageStore
from pipeline.storage.likeness import StoreComparer
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.errors import EngineDead, ModelError, Refused, TimedOut, TooLong, Transient
from stages.makers import role_of

Open = Callable[[Access], BareModel]
"""Opens a model. Raises stages.errors.ModelError, ValueError, pipeline.errors.BuildError."""
STRUCTURED = ("json_schema", "json_object", "none")


@dataclass(frozen=True)
class Quote:
    """What a consultation takes where nothing has to be asked again: calls, images among them, US dollars at most.

    `unpriced`: models at providers whose price is not known.
    """

    calls: int
    images: int
    usd: float
    unpriced: tuple[str, ...]


@dataclass(frozen=True)
class Practice:
    """What all examinations share. `limit_s`: how long one call may take, in seconds."""

    manifest: Manifest
    cases: Cases
    prompts: Prompts
    store: ImageStore
    limit_s: float

    def case(self, patient: Patient, model: Overheard) -> PatientCase:
        """The case of one patient."""
        models = Models(
            baseline=model,
            generator=model,
            analyzer=model,
            prompts=self.prompts,
            seed=self.manifest.seed,
            kits=dict.fromkeys(DRAWERS, patient.kit),
            comparer=StoreComparer(self.store),
            speech=self.manifest.recipe.speech,
        )
        return PatientCase(self.cases, models, self.manifest.policy, self.store, model)


def quote(practice: Practice, patients: Sequence[Patient]) -> Quote:
    """The calls of a consultation, rehearsed with a model that does all right."""
    rehearsals, unpriced = [], []
    for patient in patients:
        if patient.answers_later:
            continue
        at_provider = patient.access.provider is not None
        limit = _limit(patient.access)
        prices = tariff(practice.manifest, patient.access, limit)
        rehearsal = PriceRehearsal(prices.load_of, practice.cases.ordered)
        asyncio.run(_examine(practice, patient, Overheard(rehearsal, prices, practice.limit_s)))
        rehearsals.append(rehearsal)
        if at_provider and not prices.known:
            unpriced.append(patient.access.model)
    return Quote(
        sum(r.calls for r in rehearsals),
        sum(r.images for r in rehearsals),
        sum(r.usd for r in rehearsals),
        tuple(dict.fromkeys(unpriced)),
    )


def _limit(access: Access) -> int | None:
    """How many tokens a reply may have, by the options of a model at a provider, which are read without its key."""
    return Options.checked(access.options).max_tokens if access.provider is not None else None


async def consult(
    practice: Practice, patients: Sequence[Patient], open_: Open, tell: Callable[[Checkup], None]
) -> list[Checkup]:
    """All examinations, in the order of the patients; `tell` hears of each when it is done."""

    async def one(patient: Patient) -> Checkup:
        examination = await examine(practice, patient, open_)
        tell(examination)
        return examination

    try:
        return list(await asyncio.gather(*map(one, patients)))
    finally:
        await close_clients()


async def examine(practice: Practice, patient: Patient, open_: Open) -> Checkup:
    """The examination of one model at one place."""
    access = patient.access
    if patient.answers_later:
        later = "its answers come with a batch, hours later: it cannot be asked at once; try it with a build of a few samples"
        return Checkup(
            patient.roles, patient.place, access.model, patient.identity, (), (Symptom("note", "batch", later),)
        )
    try:
        model = open_(access)
    except (ModelError, ValueError, BuildError) as error:
        symptom = Symptom("bad", "opened", f"it cannot be opened: {error}")
        return Checkup(patient.roles, patient.place, access.model, patient.identity, (), (symptom,))
    overheard = Overheard(model, tariff(practice.manifest, access, model.max_output_tokens), practice.limit_s)
    case = await _examine(practice, patient, overheard)
    if not patient.draws and access.backend == "openai" and _is_unread(case):
        await _try_other_shapes(practice, patient, open_, case)
    case.findings.extend(_money(practice.manifest, patient, case))
    case.findings.extend(_pace(practice.manifest, patient, case))
    return Checkup(
        patient.roles, patient.place, access.model, patient.identity, tuple(overheard.exchanges), tuple(case.findings)
    )


async def _examine(practice: Practice, patient: Patient, model: Overheard) -> PatientCase:
    case = practice.case(patient, model)
    try:
        if patient.draws:
            await examine_painter(case, frozenset(map(role_of, patient.roles)), needs_new_pictures(practice.manifest))
        else:
            await examine_judge(case, backend(patient.access.backend).scores)
    except ModelError as error:
        case.findings.append(_ended_by(error))
    except OSError as error:  # an image that the store cannot give back
        case.findings.append(Symptom("bad", "image", f"an image cannot be read: {error}"))
    return case


def _ended_by(error: ModelError) -> Symptom:
    match error:
        case TimedOut():
            return Symptom(
                "bad", "time", str(error), "raise timeout_s of the provider and --timeout, or name a faster model"
            )
        case Transient():
            return Symptom("bad", "reachable", f"no answer: {error}", "start the server, or correct base_url")
        case EngineDead():
            return Symptom("bad", "reachable", str(error))
        case Refused():
            return Symptom("bad", "refusal", f"it declines a harmless question: {error}", "name another model")
        case TooLong():
            return Symptom(
                "bad", "length", f"the question is too long for it: {error}", "raise the server's context length"
            )
        case _:
            return Symptom("bad", "request", f"the request is turned down: {error}")


def _is_unread(case: PatientCase) -> bool:
    """Whether it was asked and gave nothing that can be read, for a reason that another way to ask may change."""
    last = case.model.errors[-1] if case.model.errors else None
    passing = isinstance(last, Transient | Refused | TooLong)
    dead = isinstance(last, EngineDead) and "response_format" not in str(last)
    return not passing and not dead and not any(f.about == "sight" for f in case.findings)


async def _try_other_shapes(practice: Practice, patient: Patient, open_: Open, case: PatientCase) -> None:
    """Ask the first question with the other ways to enforce a shape, and say which of them works."""
    asked = patient.access.options.get("structured", STRUCTURED[0])
    for structured in STRUCTURED:
        if structured == asked:
            continue
        access = replace(patient.access, options={**patient.access.options, "structured": structured})
        case.model.model = open_(access)
        case.model.purpose = f"judge a picture that is right, with options.structured: {structured}"
        if await reads_well(practice.case(patient, case.model)):
            remedy = " and ".join(f"models.{place_of(role)}.options.structured: {structured}" for role in patient.roles)
            text = f"options.structured: {asked} does not work, {structured} does"
            case.findings.append(Symptom("bad", "schema", text, f"say {remedy}"))
            return
    case.findings.append(Symptom("bad", "schema", "no options.structured gives a readable reply", "name another model"))


def _money(manifest: Manifest, patient: Patient, case: PatientCase) -> Iterator[Symptom]:
    answered = [e for e in case.model.exchanges if e.error is None]
    if patient.access.provider is None or not answered:
        return
    if all(e.input_tokens is None and e.output_tokens is None for e in answered):
        held = "a budget counts what was reserved" if manifest.run.budget_usd else "money cannot be counted by tokens"
        yield Symptom("note", "usage", f"the server does not say how many tokens a call took: {held}")
    else:
        yield Symptom("fine", "usage", "the server says how many tokens a call took")
    amounts = [e.usd for e in answered if e.usd is not None]
    if len(amounts) < len(answered):
        name = patient.access.model
        yield Symptom("note", "price", f"what calls to {name} cost is not known", f"give its price in prices.{name}")
    else:
        each = sum(amounts) / len(amounts)
        yield Symptom("fine", "price", f"{len(amounts)} calls cost ${sum(amounts):.4f}, ${each:.4f} each")


def _pace(manifest: Manifest, patient: Patient, case: PatientCase) -> Iterator[Symptom]:
    times = [e.seconds for e in case.model.exchanges if e.error is None]
    if not times:
        return
    seconds, provider = statistics.median(times), patient.access.provider
    width = min(manifest.run.concurrency, (provider and provider.concurrency) or manifest.run.concurrency)
    per_minute = 60 * width / max(seconds, 1e-3)
    limit = provider.requests_per_minute if provider else None
    text = f"{seconds:.2f} s a call, one at a time; if {width} at once take no longer, {per_minute:,.0f} a minute"
    if limit is not None and limit < per_minute:
        text += f", and requests_per_minute allows {limit:,}"
    yield Symptom("fine", "pace", text)
    if provider and max(times) > provider.timeout_s / 2:
        slow = f"a call took {max(times):.0f} s, and timeout_s is {provider.timeout_s:g}"
        yield Symptom("note", "time", slow, "raise timeout_s: calls take longer when many are under way")
