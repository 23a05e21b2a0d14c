"""The client of a reward server, for reward functions: each rollout is a request that waits for its group.

In: rollouts, with the name and the size of their groups. Out: the server's answers, in order. A request that the server did not
answer is sent again under the same id, so that nothing is judged twice and no group is joined twice.
"""

import json
import os
import random
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

URL, GROUP_SIZE, RUN = "X2I_REWARD_URL", "X2I_GROUP_SIZE", "X2I_RUN"
"""Variables of the environment: the server's address, the rollouts of a group, and a name that keeps two trainings apart."""
MOST_THREADS = 1024
_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_PASSING = (500, 502, 503, 504)


class RewardServerError(RuntimeError):
    """The reward server gave no reward; the message is its own, or says that it cannot be reached."""


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True)
class AnswerSent:
    """One answer on its way: its prompt, or the id of one, and its parts as the server takes them; the group that it waits for."""

    prompt: dict[str, Any] | str
    parts: list[dict[str, str]]
    group: str
    group_size: int
    id: str = field(default_factory=_new_id)

    def body(self) -> bytes:
        """The JSON of its request."""
        rollout = {"id": self.id, "parts": self.parts}
        asked = {"prompt_id" if isinstance(self.prompt, str) else "prompt": self.prompt}
        body = {**asked, "rollout": rollout, "group": self.group, "group_size": self.group_size}
        return json.dumps(body).encode()


@dataclass(frozen=True)
class RewardClient:
    """Asks the server at `url`, such as http://127.0.0.1:8110/v1. `patience_s`: how long it is tried to reach it, in seconds.

    `wait_s` is how long one answer may take; the server itself says how long a group waits.
    """

    url: str
    patience_s: float = 600.0
    wait_s: float = 7200.0

    @classmethod
    def of_environment(cls) -> "RewardClient":
        """The client of the server that X2I_REWARD_URL names. Raises RewardServerError where it names none."""
        url = os.environ.get(URL, "")
        if not url:
            raise RewardServerError(f"{URL} is not set; start x2i reward-server and export the address that it prints")
        return cls(url.rstrip("/"))

    def rewards(self, answers: Sequence[AnswerSent]) -> list[dict[str, Any]]:
        """What the server says of each answer, in order. Raises RewardServerError."""
        if not answers:
            return []
        # one thread each: they wait for each other, so with fewer a group might never be whole
        with ThreadPoolExecutor(min(len(answers), MOST_THREADS)) as threads:
            return list(threads.map(self.reward, answers))

    def reward(self, answer: AnswerSent) -> dict[str, Any]:
        """What the server says of one answer, once its group is whole. Raises RewardServerError."""
        data, until, pause = answer.body(), time.monotonic() + self.patience_s, _PAUSE_S
        while True:
            problem = "it did not answer"
            request = urllib.request.Request(f"{self.url}/rollouts", data, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=self.wait_s) as reply:
                    answered: dict[str, Any] = json.load(reply)
                    return answered
            except urllib.error.HTTPError as error:
                problem = _words(error)
                if error.code not in _PASSING:
                    raise RewardServerError(problem) from None
            except (OSError, ValueError) as error:
                problem = f"{self.url} cannot be reached: {error}"
            if time.monotonic() > until:
                raise RewardServerError(problem)
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE_S)


def _words(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.load(error)["error"]
        return f"the reward server: {problem['message']} ({problem['code']})"
    except (ValueError, LookupError, TypeError, OSError):
        return f"the reward server answers with status {error.code}"


def group_size(names: Sequence[str] | None, name: str) -> int:
    """How many rollouts the group `name` has: X2I_GROUP_SIZE; else as many as there are in `names`, the groups of all rollouts that
    this process has, where no other process has any. None: nobody knows the others.

    Raises RewardServerError where the group may be larger than it looks from here.
    """
    if declared := os.environ.get(GROUP_SIZE):
        if not declared.isascii() or not declared.isdigit() or int(declared) < 1:
            raise RewardServerError(f"{GROUP_SIZE} is {declared!r}; it has to be a whole number above 0")
        return int(declared)
    processes = int(os.environ.get("WORLD_SIZE") or 1)
    if names is None or processes > 1:
        why = "answers come one at a time" if names is None else f"a group may be spread over {processes} processes"
        raise RewardServerError(f"{GROUP_SIZE} is not set, and {why}; set it to the number of answers to a prompt")
    return names.count(name)


def group_name(prompt: str, step: object) -> str:
    """The name of a group: the prompt at one step of one training (X2I_RUN)."""
    return "/".join((os.environ.get(RUN, "run"), str(step), prompt))[-200:]
