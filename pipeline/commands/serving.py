"""The command that serves: `x2i serve BACKEND`.

In: what to serve, and a port. Out: a server on this machine, until it is stopped.
"""

import os
import sys
from typing import Annotated, Any

import typer

from pipeline.commands.places import fail

PORT = 8100


def serve(
    what: Annotated[
        str, typer.Argument(help="What serves: world, diffusers, transformers.", metavar="BACKEND")
    ] = "world",
    model: Annotated[str | None, typer.Option(help="The model: a folder, or a name that the backend knows.")] = None,
    revision: Annotated[str, typer.Option(help="The model's revision.")] = "1",
    option: Annotated[
        list[str],
        typer.Option(
            "--option", help="An option of the model; may be repeated: --option steps=8.", metavar="KEY=VALUE"
        ),
    ] = [],  # noqa: B006
    name: Annotated[
        str | None, typer.Option(help="The name that clients ask for (default: that of the model).")
    ] = None,
    port: Annotated[int, typer.Option(help="The port on this machine; 0 takes a free one.", min=0, max=65535)] = PORT,
    host: Annotated[
        str, typer.Option(help="The address to listen on; there is no key and no encryption.")
    ] = "127.0.0.1",
    batch: Annotated[int, typer.Option(help="How many calls of one shape are answered together at most.", min=1)] = 1,
    batch_wait: Annotated[
        float, typer.Option(help="How long the first of them waits for others, in seconds.", min=0)
    ] = 0.05,
    store: Annotated[str | None, typer.Option(help="Keep images here (default: a folder that is removed).")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes of the world (default: one for each core).", min=1)
    ] = None,
) -> None:
    """Serve a model as an OpenAI-compatible API until Ctrl-C: an engine on this machine, or all models of the world."""
    processes = workers or os.cpu_count() or 1
    if what == "world" and model is None:
        if name or option or store or host != "127.0.0.1":
            text = "all models of the world go without --name, --option, --store and --host; name one of them"
            raise typer.BadParameter(text, param_hint="--model")
        from pipeline.backends.world.server.serve import serve as serve_world

        serve_world(port, processes)
        return
    from pipeline.backends.registry import unknown
    from pipeline.backends.serving.offer import Offer, access_of, can_serve, offer, problems

    if problem := unknown(what):
        raise typer.BadParameter(f"{problem}", param_hint="BACKEND")
    if not can_serve(what):
        raise typer.BadParameter(f"{what} runs no model on this machine; ask its provider", param_hint="BACKEND")
    if model is None:
        raise typer.BadParameter("name the model, by its folder or its name", param_hint="--model")
    access = access_of(what, model, revision, dict(map(_read_option, option)), batch, batch_wait)
    if wrong := problems(access):
        fail("\n".join(f"{what}: {line}" for line in wrong), 2)
    if host not in ("127.0.0.1", "localhost", "::1"):
        print(f"x2i: anybody who reaches {host} can ask this model; there is no key", file=sys.stderr)
    offer(Offer(access, name or model, port, host, store, processes))


def _read_option(text: str) -> tuple[str, Any]:
    import yaml

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{text} is not of the form KEY=VALUE; write, say, steps=8", param_hint="--option")
    try:
        return name.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise typer.BadParameter(f"{text} is no YAML value; quote it", param_hint="--option") from error
