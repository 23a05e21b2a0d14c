"""What commands have in common: folders that must be there, overrides, and how a command fails.

In: arguments. Out: checked ones, or one line on standard error and an exit code.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer


def there(folder: Path) -> Path:
    """`folder`. Raises FileNotFoundError when it is none."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder; name the folder of a build, such as build/demo")
    return folder


def fail(what: object, code: int) -> NoReturn:
    """Say `what` is wrong, and end with `code`."""
    print(f"x2i: {what}", file=sys.stderr)
    raise SystemExit(code)


Out = Annotated[Path, typer.Argument(help="An output folder, such as build/demo.", metavar="DIR", callback=there)]
Wanted = Annotated[Path, typer.Argument(help="A manifest, such as manifests/demo.yaml.", metavar="MANIFEST")]
Overrides = Annotated[
    list[str],
    typer.Option("--set", help="Override one value; may be repeated: --set run.concurrency=64.", metavar="KEY=VALUE"),
]
