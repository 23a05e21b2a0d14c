"""A batch as a manifest describes it: where questions go that are answered later.

In: the manifest's `batches`. Out: immutable values. Nothing of them can change a row, so they are in no fingerprint.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.typed import Strict

API_DISCOUNT = 0.5


class BatchSpec(Strict):
    """Where a model's questions go: files in a folder, for workers of any kind, or the batch API of a provider.

    `folder`: null means batches/NAME in the output. `wait_s`: how long a build waits for answers, in seconds; null means until
    they come, 0 not at all. `poll_s`: how often it looks, in seconds. `most_per_file` and `most_bytes`: the size of one file of
    requests. `discount`: the share, from 0 to 1, that a batch is cheaper than the price listed; null means half for an API, else 0.
    """

    kind: Literal["files", "openai"]
    folder: str | None = None
    provider: str | None = None
    wait_s: float | None = Field(None, ge=0)
    poll_s: float = Field(30.0, gt=0, le=86_400)
    most_per_file: int = Field(2000, ge=1, le=50_000)
    most_bytes: int = Field(180 << 20, ge=1 << 20, le=200_000_000)
    discount: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if self.kind == "openai" and self.provider is None:
            raise ValueError("kind openai needs a provider; name one of those under providers")
        if self.kind == "openai" and self.folder is not None:
            raise ValueError("kind openai sends its files to the provider; leave folder out")
        if self.kind == "files" and self.provider is not None:
            raise ValueError("kind files asks no provider; leave provider out, or say kind: openai")
        return self

    @property
    def price_share(self) -> float:
        """What a call costs here, as a share of the price listed, from 0 to 1."""
        usual = API_DISCOUNT if self.kind == "openai" else 0.0
        return 1.0 - (usual if self.discount is None else self.discount)
