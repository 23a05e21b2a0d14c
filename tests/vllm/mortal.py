"""vLLM's scheduler, with an end that is set beforehand: for tests of what a death of vLLM's core does to a build.

In: `dies.json` in the model's folder, with the `way` ("killed": the process is gone; "dead": vLLM says that its core is; "broken":
a step fails) and the `step` from which on it happens. Out: `died.json` beside it, written right before, with how many calls were
at work and how many were finished by then. It dies once: the order is gone.
Named by `options.load.scheduler_cls`; vLLM calls it in each step of its core.
"""

import json
import os
import signal
from pathlib import Path
from typing import Any

from vllm.v1.core.sched.scheduler import Scheduler
from vllm.v1.engine.exceptions import EngineDeadError


class MortalScheduler(Scheduler):  # type: ignore[misc]
    """Schedules as vLLM's own does, until the step that is named."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._folder = Path(self.vllm_config.model_config.model)
        self._steps = 0
        self._seen: set[str] = set()

    def schedule(self, *args: Any, **kwargs: Any) -> Any:
        """As vLLM's own. Dies instead where that was asked for."""
        order = self._folder / "dies.json"
        self._steps += 1
        self._seen |= set(self.requests)
        if order.exists():
            wanted = json.loads(order.read_text())
            if self._steps >= wanted["step"] and self.requests:
                order.unlink()
                finished = len(self._seen) - len(self.requests)
                died = {"way": wanted["way"], "running": len(self.requests), "finished": finished}
                (self._folder / "died.json").write_text(json.dumps(died))
                _die(wanted["way"])
        return super().schedule(*args, **kwargs)


def _die(way: str) -> None:
    if way == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "dead":
        raise EngineDeadError
    raise RuntimeError("a step that fails")
