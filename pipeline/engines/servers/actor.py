"""The Ray actor around one replica: it makes Ray lend the GPUs, and keep count of them.

In: a `ServerReplica`. Out: an actor whose `report` says how it fares and where. When the actor, its raylet or the driver dies, the
pipe of the leash closes with it, and nothing of the server is left (`pipeline.engines.servers.leash`).
"""

import os
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipeline.engines.servers.process import ServerProcess, ServerReplica, ServerState

LOOK_S = 0.5


@dataclass(frozen=True)
class ServerReport:
    """The state of a replica, and the node it is on: its id, and the address at which it is called."""

    state: ServerState
    node: str
    host: str


class ServerActor:
    """Keeps one replica. Its own restarts are the driver's affair: they must find the same node and port."""

    def __init__(self, replica: ServerReplica) -> None:
        context = ray.get_runtime_context()
        self._node = context.get_node_id()
        address: Any = ray.util.get_node_ip_address
        self._host: str = replica.host or address()
        self._process = ServerProcess(replace(replica, host=self._host))
        self._process.start()
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()

    def report(self) -> ServerReport:
        """How it fares now."""
        return ServerReport(self._process.state, self._node, self._host)

    def process(self) -> int:
        """The id of the actor's process."""
        return os.getpid()

    def stop(self) -> None:
        """End the server; returns when nothing of it is left."""
        self._process.stop()


def _end_with(parent: int) -> None:
    """End this process when the raylet that started it is dead: it might take its time to notice."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)


def start_actor(replica: ServerReplica, node: str | None = None) -> Any:
    """The actor of a replica, which waits for its resources first; on `node` where it has been there before."""
    spec = replica.spec
    where = {} if node is None else {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}
    actor: Any = ray.remote(ServerActor)
    return actor.options(
        num_gpus=spec.gpus, num_cpus=spec.cpus, resources=dict(spec.resources), max_concurrency=4, **where
    ).remote(replica)
