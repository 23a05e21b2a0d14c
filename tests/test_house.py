"""The house keeps its shape: imports go one way, rooms stay pure, files stay readable."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("prompts", "stages", "pipeline", "training")
MAY_IMPORT = {
    "prompts": {"prompts"},
    "stages": {"prompts", "stages"},
    "pipeline": {"prompts", "stages", "pipeline", "training"},
    "training": {"stages", "training"},
}
IMPURE = {
    "ray",
    "torch",
    "os",
    "pathlib",
    "io",
    "socket",
    "time",
    "datetime",
    "random",
    "fsspec",
    "requests",
    "httpx",
    "openai",
}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            inner = [f"{module}.{alias.name}" for alias in node.names]
            modules_imported = [name for name in inner if is_module(name)]
            yield from modules_imported if len(modules_imported) == len(inner) else [module, *modules_imported]


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


ALL = [path for room in ROOMS for path in modules(room)]


@pytest.mark.parametrize("room", [r for r in ROOMS if (ROOT / r).exists()])
def test_imports_go_one_way(room):
    assert modules(room)
    for path in modules(room):
        ours = {name.split(".")[0] for name in imports(path)} & set(ROOMS)
        assert ours <= MAY_IMPORT[room], f"{path} imports {ours - MAY_IMPORT[room]}"


def test_only_commands_know_of_training():
    for path in modules("pipeline"):
        users = any(name.split(".")[0] == "training" for name in imports(path))
        assert not users or name_of(path).startswith("pipeline.commands."), path


def test_stages_are_pure():
    for path in modules("stages"):
        assert not {name.split(".")[0] for name in imports(path)} & IMPURE, path
        assert "open(" not in path.read_text("utf-8"), path


def test_only_the_dag_knows_ray_data():
    users = {name_of(p) for p in modules("pipeline") if "ray.data" in set(imports(p))}
    assert users == {"pipeline.dag"}


def test_the_truth_check_imports_nothing_of_the_analyzer():
    reached, todo = set(), ["pipeline.backends.world.oracle.truth"]
    while todo:
        name = todo.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if name not in reached and path.exists():
            reached.add(name)
            todo += list(imports(path))
    assert {n.rsplit(".", 1)[-1] for n in reached} & {"analyzer", "vision"} == set()


def test_there_are_no_import_cycles():
    graph = {name_of(p): {n for n in imports(p) if n.split(".")[0] in ROOMS} for p in ALL}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name in done or name not in graph:
            return
        for other in graph[name]:
            visit(other, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


ORDER = (
    ("errors", "typed", "workers"),
    ("storage",),
    ("sources",),
    ("screening",),
    ("money",),
    ("backends",),
    ("engines",),
    ("manifest",),
    ("targets",),
    ("planning",),
    ("composing",),
    ("traffic",),
    ("journal",),
    ("models",),
    ("batches",),
    ("doctor",),
    ("output",),
    ("replay",),
    ("forecast",),
    ("views",),
    ("review",),
    ("release",),
    ("run",),
    ("dag",),
    ("climbing",),
    ("build",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""The rooms and loose files of `pipeline/` from the ground up: each may import those before it, and itself."""


def test_imports_between_rooms_run_downward():
    floors = {f"pipeline.{room}": n for n, rooms in enumerate(ORDER) for room in rooms}
    for path in modules("pipeline"):
        name = name_of(path)
        if name == "pipeline":
            continue
        mine = ".".join(name.split(".")[:2])
        for imported in imports(path):
            if imported.startswith("pipeline."):
                theirs = ".".join(imported.split(".")[:2])
                assert floors[theirs] < floors[mine] or theirs == mine, (
                    f"{name} imports {imported}, which stands above it"
                )


def test_no_file_lies_loose_that_belongs_in_a_room():
    loose = {path.stem for path in (ROOT / "pipeline").glob("*.py")}
    assert loose == {"__init__", "__main__", "build", "cli", "dag", "errors", "models", "typed", "workers"}


SHARED_NAMES: dict[str, str] = {}
"""Class names that may stand in more than one file, each with its reason: none does."""


def test_class_names_are_unique():
    places: dict[str, list[str]] = {}
    for path in (*ALL, *modules("benchmarks")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name_of(path))
    assert {name: files for name, files in places.items() if len(files) > 1 and name not in SHARED_NAMES} == {}


def test_every_module_says_what_it_is_and_stays_readable():
    for path in ALL:
        text = path.read_text("utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{path}: no module docstring"
        assert text.count("\n") <= 300, f"{path}: outgrew its room"


def test_one_broad_except_at_most():
    broad = []
    for path in ALL:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                names = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
                broad += [path for n in names if n is None or getattr(n, "id", "") in ("Exception", "BaseException")]
    assert len(broad) <= 1, broad
