"""A server that the build starts itself, as a manifest describes it.

In: the manifest's `providers.NAME.server`. Out: an immutable value. Nothing of it can change a row. `pipeline.engines.servers`
starts it, and puts the addresses it has then in the place of `base_url`.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

PORT = "{port}"
HOST = "{host}"
_SECRET = re.compile(r"(key|token|secret|passw(or)?d|passwd|credentials?)$", re.IGNORECASE)
_SET_IN_WORDS = re.compile(r"\b\w*(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)=")
_BY_ENVIRONMENT = (
    "a manifest is kept beside its output; export the variable before the build, and name it under server.inherit"
)

Amount = Annotated[float, Field(gt=0)]


class ServerSpec(BaseModel):
    """One command, run once a replica for as long as the build lasts.

    `inherit` names variables of the build's environment that the command gets beside those that systems and libraries go by
    (`pipeline.engines.environment`); a * at the end stands for the rest of a name. `{port}` in the command becomes a free port,
    `{host}` the address at which calls will come. `gpus` and `cpus` are those of one replica, as Ray counts them. `health`: the
    path that answers 200 once calls may come. `startup_s`: how long that may take; `stop_s`: how long it may take to end when it is
    asked to. `restarts`: how often one that ends by itself is started again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: tuple[str, ...] = Field(min_length=1)
    env: dict[str, str] = {}
    inherit: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*[*]?$")], ...] = ()
    gpus: float = Field(0, ge=0)
    cpus: float = Field(0, ge=0)
    resources: dict[str, Amount] = {}
    replicas: int = Field(1, ge=1)
    health: str = Field("/health", pattern=r"^/\S*$")
    startup_s: float = Field(1200.0, gt=0)
    stop_s: float = Field(10.0, ge=0, le=600)
    restarts: int = Field(3, ge=0)

    @field_validator("gpus")
    @classmethod
    def _can_be_had(cls, value: float) -> float:
        if value > 1 and not value.is_integer():
            raise ValueError(f"got {value:g}; beyond one GPU only whole ones are lent, give a whole number")
        return value

    @field_validator("env")
    @classmethod
    def _holds_names(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"{name!r} is no name of an environment variable; write letters, digits and _")
            if _SECRET.search(name):
                raise ValueError(f"{name} looks like a secret, and {_BY_ENVIRONMENT}")
        return value

    @model_validator(mode="after")
    def _can_be_called(self) -> Self:
        if not self.command[0].strip():
            raise ValueError("the command begins with an empty word; begin with the program")
        if not any(PORT in word for word in self.command):
            raise ValueError(f"the command names no {PORT}; a free port is chosen for it, pass it on (--port {PORT})")
        for word in self.command:
            name = word.partition("=")[0]
            if (word.startswith("-") and _SECRET.search(name)) or _SET_IN_WORDS.search(word):
                # perhaps with the secret itself behind it: not repeated
                raise ValueError(f"the command passes a key or a password, and {_BY_ENVIRONMENT}")
        return self

    def below(self, folder: Path) -> "ServerSpec":
        """The same where a relative program, such as ./serve.sh, starts at `folder`; a bare name is looked up as ever."""
        program, *rest = self.command
        if "/" not in program:
            return self
        return self.model_copy(update={"command": (os.path.normpath(folder / program), *rest)})

    def words(self, host: str, port: int) -> list[str]:
        """The command with its address filled in. Other braces stay as they are."""
        return [word.replace(PORT, str(port)).replace(HOST, host) for word in self.command]
