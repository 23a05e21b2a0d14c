"""An engine as a manifest describes it: what it takes of the machines, how often it is there, and how it starts.

In: the manifest's `engines`. Out: immutable values. Nothing of them can change a row, so they are in no fingerprint.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.typed import Strict

EngineName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Share = Annotated[float, Field(gt=0)]


class EngineSpec(Strict):
    """What hosts the models that name it, in `replicas` processes of their own.

    `gpus`, `cpus` and `resources` are what Ray sets aside for each replica. `batch` calls of one shape run at once where the
    backend can, the first of them waiting at most `batch_wait_s` seconds for others. A replica that dies is started again at most
    `restarts` times; it must be ready `startup_s` seconds after the run began, its weights loaded.
    """

    gpus: float = Field(0.0, ge=0)
    cpus: float = Field(1.0, ge=0)
    resources: dict[str, Share] = Field({})
    replicas: int = Field(1, ge=1, le=1000)
    placement: Literal["pack", "spread"] = "pack"
    batch: int = Field(1, ge=1, le=1024)
    batch_wait_s: float = Field(0.05, ge=0, le=60)
    restarts: int = Field(3, ge=0, le=100)
    startup_s: float = Field(1800.0, gt=0)

    @model_validator(mode="after")
    def _has_whole_devices(self) -> Self:
        if self.gpus > 1 and self.gpus != int(self.gpus):
            raise ValueError(f"gpus: {self.gpus:g} are no whole devices; give a share of one, or a whole number")
        return self
