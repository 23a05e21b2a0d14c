"""The loop of GRPO: prompts, groups of answers, their rewards, steps of AdamW, a line of the log; now and then a checkpoint.

In: a `Trainee`, a frozen reference, prompts, a judge, settings, a folder. Out: the model, trained in place; `log.jsonl`;
checkpoints. Started again on the same folder, it goes on from the last checkpoint as if it had never stopped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from stages.rung import Recipe
from training.grpo.judge import Judge
from training.grpo.objective import Chosen, chosen_logps, chosen_of, grpo_terms
from training.grpo.rewarding import RewardedStep, reward
from training.grpo.sampling import Asking, Sampled, sample
from training.grpo.settings import GrpoSettings
from training.grpo.writer import barred
from training.render.packing import Packed, pack, packed
from training.render.tokenizers import ImageTokenizer
from training.rewards.rl_rows import RlPrompt
from training.trainee.checkpoint import Checkpoint, newest, save
from training.trainee.log import TrainLog
from training.trainee.model import Trainee, reseed, set_dropout
from training.trainee.problem import check_finite, explained_memory

LOG = "log.jsonl"
_MEMORY = (
    "lower `sampled_together`, `length`, `max_tokens` or `pixels`, keep gradient_checkpointing on, or take more memory"
)


@dataclass(frozen=True)
class _Part:
    """Some answers of a step in one sequence, with what is known of each chosen token before the first update."""

    one: Packed
    chosen: Chosen
    numbers: NDArray[np.int64]
    old: Any
    reference: Any


@dataclass
class GrpoLoop:
    """A run of GRPO in `out`."""

    accelerator: Accelerator
    trainee: Trainee
    reference: Any
    prompts: Sequence[tuple[RlPrompt, Asking]]
    judge: Judge
    images: ImageTokenizer
    recipe: Recipe
    settings: GrpoSettings
    out: Path

    @property
    def steps(self) -> int:
        """How many steps the run has."""
        whole = -(-len(self.prompts) // self.settings.prompts) * self.settings.epochs
        return min(whole, self.settings.steps or whole)

    def run(self) -> Checkpoint:
        """Trains to the end and returns the last checkpoint. Raises TrainProblem, Unscored, and what the judge raises."""
        settings, net = self.settings, self.trainee.model
        # what is trained has to be what was sampled
        set_dropout(net, 0.0)
        if settings.gradient_checkpointing:
            net.activation_checkpointing_enable()
        trained = [p for p in net.parameters() if p.requires_grad]
        plain = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        self.model, self.optimizer = self.accelerator.prepare(net, plain)
        self.bars = barred(self.trainee.grammar, net.config.text_config.vocab_size, self.accelerator.device)
        self.model.train()
        last = newest(self.out)
        if last:
            last.restore(self.optimizer)
            print(f"going on after step {last.step}, from {last.folder}")
        step = last.step if last else 0
        log = TrainLog(self.out / LOG, step)
        while step < self.steps:
            line = self._step(step)
            step += 1
            log.write({"step": step, "steps": self.steps, **line})
            if step % settings.save_every == 0 or step == self.steps:
                last = save(self.out, step, self.trainee, self.optimizer, {}, settings.keep)
        assert last is not None
        return last

    def _step(self, step: int) -> dict[str, Any]:
        """One step; the line that the log gets."""
        settings, drawn = self.settings, self._drawn(step)
        reseed(settings.seed, step)
        asked = [asking for _, asking in drawn for _ in range(settings.group)]
        with explained_memory(_MEMORY), self.accelerator.autocast():
            sampled = sample(
                self.trainee,
                asked,
                tokens=settings.max_tokens,
                temperature=settings.temperature,
                together=settings.sampled_together,
            )
        rewarded = reward([prompt for prompt, _ in drawn], sampled, self)
        with explained_memory(_MEMORY):
            parts = list(self._parts(sampled))
            passes = [self._update(parts, sampled, rewarded) for _ in range(settings.updates)]
        return {**rewarded.summary(), **passes[0], "tokens": sum(len(one.answer) for one in sampled)}

    def _drawn(self, step: int) -> list[tuple[RlPrompt, Asking]]:
        """The prompts of a step: each epoch has an order of its own, which follows from the seed alone."""
        each = -(-len(self.prompts) // self.settings.prompts)
        order = np.random.default_rng([self.settings.seed, step // each]).permutation(len(self.prompts))
        at = step % each * self.settings.prompts
        return [self.prompts[n] for n in order[at : at + self.settings.prompts]]

    def _parts(self, sampled: Sequence[Sampled]) -> Iterator[_Part]:
        """The answers in sequences, with their probabilities under the model that sampled them and under the reference."""
        length = min(self.settings.length or self.trainee.longest, self.trainee.longest)
        length = max(length, *(len(one.prompt) + len(one.answer) for one in sampled))
        rows = [one.rendered(str(n)) for n, one in enumerate(sampled)]
        for group in (one.rows for one in pack(rows, length)):
            one = packed(group, sum(map(len, group)))
            numbers = np.array([int(row.id) for row in group])
            chosen = chosen_of(one, [sampled[n].chosen_from for n in numbers])
            with torch.no_grad(), self.accelerator.autocast():
                logps = [
                    chosen_logps(model, one, chosen, self.bars, self.settings.temperature)
                    for model in (self.model, self.reference)
                ]
            yield _Part(one, chosen, numbers[chosen.answer], *logps)

    def _update(self, parts: Sequence[_Part], sampled: Sequence[Sampled], rewarded: RewardedStep) -> dict[str, float]:
        """One pass over the answers and a step of the optimizer."""
        settings, device = self.settings, self.accelerator.device
        counts = np.array([(one.chosen_from < 0).sum() for one in sampled])
        shares = 1 / (np.maximum(counts, 1) * len(sampled))
        total, kl, clipped = 0.0, 0.0, 0
        for part in parts:
            advantage, share = (
                torch.from_numpy(values[part.numbers].astype(np.float32)).to(device)
                for values in (rewarded.advantages, shares)
            )
            with self.accelerator.autocast():
                new = chosen_logps(self.model, part.one, part.chosen, self.bars, settings.temperature)
                terms = grpo_terms(new, part.old, part.reference, advantage, share, settings.clip, settings.kl)
            self.accelerator.backward(terms.loss)
            total, kl, clipped = total + float(terms.loss.detach()), kl + terms.kl, clipped + terms.clipped
        norm = float(self.accelerator.clip_grad_norm_(self.model.parameters(), settings.clip_norm))
        check_finite(norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return {
            "loss": total,
            "norm": norm,
            "kl": kl / int(counts.sum()),
            "clipped": clipped / int(counts.sum()),
        }
