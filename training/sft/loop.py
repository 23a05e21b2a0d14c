"""The training loop: a batch of rows, its loss, a step of AdamW, a line of the log; now and then a checkpoint.

In: a `Trainee`, a loader of rendered rows, settings, a folder. Out: the model, trained in place; `log.jsonl`; checkpoints. Started
again on the same folder, it goes on from the last checkpoint, and the losses are those of a run that was never stopped.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from training.loader.loading import TrajLoader
from training.render.rendered import Rendered
from training.sft.batch import KindLoss, fitting, no_loss, sequence_loss, sequences
from training.sft.rate import learning_rate
from training.sft.settings import SftSettings
from training.trainee.checkpoint import Checkpoint, newest, save
from training.trainee.log import TrainLog
from training.trainee.model import Trainee, reseed, set_dropout
from training.trainee.problem import check_finite, explained_memory

LOG = "log.jsonl"
_MEMORY = "lower `length` or `pixels`, keep gradient_checkpointing on, or train on more memory"


@dataclass
class SftLoop:
    """A run of masked SFT in `out`. `model` and `optimizer` are those that accelerate made of the trainee's."""

    accelerator: Accelerator
    trainee: Trainee
    loader: TrajLoader
    settings: SftSettings
    length: int
    out: Path

    def run(self) -> Checkpoint:
        """Trains to the end and returns the last checkpoint. Raises TrainProblem, RenderProblem."""
        settings, net = self.settings, self.trainee.model
        set_dropout(net, settings.dropout)
        if settings.gradient_checkpointing:
            net.activation_checkpointing_enable()
        trained = [p for p in net.parameters() if p.requires_grad]
        plain = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        self.model, self.optimizer = self.accelerator.prepare(net, plain)
        self.model.train()
        steps = len(self.loader) * settings.epochs
        last = newest(self.out)
        step = self._resume(last)
        log = TrainLog(self.out / LOG, step) if self.accelerator.is_main_process else None
        while step < steps:
            epoch = self.loader.epoch
            for rows in self.loader:
                reseed(settings.seed, step, self.accelerator.process_index)
                line = self._step(rows, learning_rate(settings, step, steps))
                step += 1
                if log:
                    log.write({"step": step, "steps": steps, "epoch": epoch, **line})
                if step % settings.save_every == 0 or step == steps:
                    last = self._save(step)
        assert last is not None
        return last

    def _step(self, rows: Sequence[Rendered], rate: float) -> dict[str, Any]:
        """One step on the rows of this process; the line that the log gets."""
        kept, lost = fitting(rows, self.settings, self.length)
        batch = list(sequences(kept, self.length, self.settings.packing))
        weight = self._sum(sum(float(one.weights.sum()) for one in batch))
        total = 0.0
        kinds: dict[str, KindLoss] = {}
        with explained_memory(_MEMORY):
            for n, one in enumerate(batch or [None]):
                # gradients meet once a step, at its last sequence
                apart = n + 1 < len(batch)
                with self.accelerator.no_sync(self.model) if apart else nullcontext(), self.accelerator.autocast():
                    loss, by_kind = (
                        sequence_loss(self.model, one) if one else (no_loss(self.model, self.trainee.pad), {})
                    )
                    # processes average their gradients, and the loss is a mean over the tokens of all
                    self.accelerator.backward(loss * (self.accelerator.num_processes / (weight or 1.0)))
                total += float(loss.detach())
                kinds = _added(kinds, by_kind)
        norm = float(self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm))
        check_finite(norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return {
            "learning_rate": rate,
            "loss": self._sum(total) / (weight or 1.0),
            "norm": norm,
        } | self._counted(
            kinds, {"rows": len(kept), "tokens": sum(map(len, kept)), "sequences": len(batch), "lost": len(lost)}, lost
        )

    def _counted(self, kinds: dict[str, KindLoss], counts: dict[str, int], lost: Sequence[Any]) -> dict[str, Any]:
        """The losses by kind, and counts, over all processes."""
        every: dict[str, KindLoss] = {}
        for of_process in gather_object([kinds]):
            every = _added(every, of_process)
        for words in gather_object([one.words for one in lost]):
            self.accelerator.print(words)
        return {
            **{name: int(self._sum(count)) for name, count in counts.items()},
            "loss_by_kind": {kind: one.total / one.tokens for kind, one in sorted(every.items())},
            "tokens_by_kind": {kind: one.tokens for kind, one in sorted(every.items())},
        }

    def _sum(self, number: float) -> float:
        """The sum over all processes."""
        value = torch.tensor(number, dtype=torch.float32, device=self.accelerator.device)
        return float(self.accelerator.reduce(value, "sum"))

    def _resume(self, last: Checkpoint | None) -> int:
        if last is None:
            return 0
        last.restore(self.optimizer)
        self.loader.load_state_dict(last.progress()["loader"])
        self.accelerator.print(f"going on after step {last.step}, from {last.folder}")
        return last.step

    def _save(self, step: int) -> Checkpoint:
        states = gather_object([self.loader.state_dict()])
        if self.accelerator.is_main_process:
            save(self.out, step, self.trainee, self.optimizer, {"loader": states}, self.settings.keep)
        self.accelerator.wait_for_everyone()
        last = newest(self.out)
        assert last is not None
        return last


def _added(kinds: dict[str, KindLoss], more: dict[str, KindLoss]) -> dict[str, KindLoss]:
    nothing = KindLoss(0.0, 0)
    every = {kind: (kinds.get(kind, nothing), more.get(kind, nothing)) for kind in {**kinds, **more}}
    return {kind: KindLoss(a.total + b.total, a.tokens + b.tokens) for kind, (a, b) in every.items()}
