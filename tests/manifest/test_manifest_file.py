"""A manifest is read or refused before anything runs: each problem is one line with file, field and remedy."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.backends.registry import unknown
from pipeline.manifest.file import load
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.sources.spec import TableSpec

BASE = """\
name: demo
seed: 3
models:
  baseline: {model: world-baseline}
  generator: {model: world-generator}
  analyzer: {model: world-analyzer, options: {error_rate: 0.1}}
sources:
- {kind: world, name: world, count: 24, clauses: {1: 0.5, 2: 0.5}}
"""


def write(tmp_path: Path, text: str, name: str = "m.yaml") -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path / name


def problems(path: Path, *overrides: str) -> list[str]:
    """What `load` complains of, the manifest's path shortened to FILE."""
    with pytest.raises(ManifestError) as caught:
        load(path, overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    assert all("\n" not in line for line in caught.value.problems)
    return [line.replace(str(path), "FILE").replace(str(path.parent), "DIR") for line in caught.value.problems]


def test_a_manifest_is_read_with_its_defaults(tmp_path: Path) -> None:
    manifest = load(write(tmp_path, BASE))
    assert isinstance(manifest, Manifest)
    assert manifest.seed == 3
    assert manifest.policy.reflection_rounds == 3
    assert manifest.output.image.size == (512, 512)
    assert manifest.models.analyzer.options == {"error_rate": 0.1}


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("policy: {reflexion_rounds: 2}", "policy.reflexion_rounds: unknown key; did you mean reflection_rounds?"),
        ("polcy: {}", "polcy: unknown key; did you mean policy?"),
        (
            "zzzz: 1",
            f"zzzz: unknown key; valid keys are {', '.join(sorted(Manifest.model_fields))}",
        ),
        ("output: {image: {sise: 64}}", "output.image.sise: unknown key; did you mean size?"),
        ("policy: {thresholds: {qualty: 4}}", "policy.thresholds.qualty: unknown key; did you mean quality?"),
        (
            "policy: {reflection_rounds: 42}",
            "policy.reflection_rounds: got 42; it should be less than or equal to 10",
        ),
        ("policy: {reflection_rounds: '2'}", "policy.reflection_rounds: got '2'; it should be a valid integer"),
        ("policy: {reflection_rounds: true}", "policy.reflection_rounds: got true; it should be a valid integer"),
        ("policy: {reflection_rounds: 2.5}", "policy.reflection_rounds: got 2.5; it should be a valid integer"),
        ("policy: {final_check: 1}", "policy.final_check: got 1; it should be a valid boolean"),
        ("policy: [1]", "policy: got [1]; it should be a mapping"),
        (
            "policy: {multistep_from: referenced}",
            "policy.multistep_from: got 'referenced'; it should be 'references' or 'failed'",
        ),
        (
            "policy: {judging: {judgements: 4}}",
            "policy.judging.judgements: 4 judgements may be split evenly; give an odd number",
        ),
        (
            "policy: {judging: {judgements: 11}}",
            "policy.judging.judgements: got 11; it should be less than or equal to 9",
        ),
        (
            "policy: {judging: {second: true}}",
            "policy.judging.second: got true; it should be 'off', 'margin' or 'always'",
        ),
        (
            "policy: {judging: {second: margin}}",
            "manifest: policy.judging.second is margin and there is no models.second_analyzer; add that model, or say off",
        ),
        ("policy: {steps_min: 6}", "policy: steps_min 6 is above steps_max 5; lower one or raise the other"),
        (
            "splits: {validation: 0.6, rl: 0.6}",
            "splits: validation 0.6 and rl 0.6 exceed 1 together; lower one of them",
        ),
        ("splits: {rl: .nan}", "splits.rl: got nan; it should be a finite number"),
        ("output: {image: {size: 8}}", "output.image.size: 8 x 8 is out of range; give sides of 16 to 8192 pixels"),
        (
            "output: {image: {encoding: jpeg:0}}",
            "output.image.encoding: got 'jpeg:0'; it should be a text that matches ^(png|(webp|jpeg):([1-9][0-9]?|100))$",
        ),
        ("output: {licence: 3}", "output.licence: got 3; it should be a valid string"),
        ("quotas: {direct: -1}", "quotas.direct: got -1; it should be greater than or equal to 0"),
    ],
)
def test_one_problem_is_one_line(tmp_path: Path, more: str, line: str) -> None:
    assert problems(write(tmp_path, BASE + more + "\n")) == [f"FILE: {line}"]


def test_a_second_judge_is_there_where_it_is_asked_and_nowhere_else(tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    judge = "models.second_analyzer={model: world-analyzer}"
    models = load(path, [judge, "policy.judging.second=margin"]).models
    assert dict(models)["second_analyzer"] == models.second_analyzer
    assert list(dict(load(path, ["policy.judging.second=off"]).models)) == ["baseline", "generator", "analyzer"]
    (line,) = problems(path, judge, "policy.judging={second: off}")
    assert "models.second_analyzer would never be asked, policy.judging.second is off" in line
    unknown = ["models.second_analyzer={model: gpt}", "policy.judging.second=margin"]
    assert problems(path, *unknown)[0].startswith("--set: models.second_analyzer.model: ")


SIDES = "it should be one side or [width, height], in whole pixels"
BITS = "it should be a whole number of at most 64 bit"
SOURCE = "{kind: jsonl, name: s, path: x, columns: {instruction: p}"


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("output.image.size=[1, 2, 3]", f"output.image.size: got [1, 2, 3]; {SIDES}"),
        ("output.image.size=[100]", f"output.image.size: got [100]; {SIDES}"),
        ("output.image.size=[a, 100]", f'output.image.size: got ["a", 100]; {SIDES}'),
        ("output.image.size=true", f"output.image.size: got true; {SIDES}"),
        ("output.image.size=null", f"output.image.size: got null; {SIDES}"),
        ("output.image.size=9.5", f"output.image.size: got 9.5; {SIDES}"),
        (
            "sources.0.size=[99, 99, 99]",
            "sources.world.size: got [99, 99, 99]; it should be a valid integer, or have at most 2 items",
        ),
        ("sources.0.size=[99]", "sources.world.size: got [99]; it should be a valid integer, or have at least 2 items"),
        ("sources.0.size=[5, 99]", "sources.world.size.0: got 5; it should be greater than or equal to 96"),
        ("sources.0.size=5", "sources.world.size: got 5; it should be greater than or equal to 96, or be a list"),
        ("sources.0.size=x", "sources.world.size: got 'x'; it should be a valid integer, or be a list"),
        ("sources.0.clauses={}", "sources.world.clauses: got {}; it should have at least 1 item"),
        ("sources.0.clauses={7: 1}", "sources.world.clauses.7: got '7'; it should be less than or equal to 6"),
        ("sources.0.clauses={x: 1}", "sources.world.clauses.x: got 'x'; it should be a valid integer"),
        ("sources.0.clauses=[]", "sources.world.clauses: got []; it should be a mapping"),
        ("sources.0.clauses={1: .inf}", "sources.world.clauses.1: got inf; it should be a finite number"),
        ("seed=9223372036854775808", f"seed: got 9223372036854775808; {BITS}"),
        ("seed=-9223372036854775809", f"seed: got -9223372036854775809; {BITS}"),
        ("sources.0.count=9223372036854775808", f"sources.world.count: got 9223372036854775808; {BITS}"),
        ("quotas.rl=9223372036854775808", f"quotas.rl: got 9223372036854775808; {BITS}"),
        (f"seed={10**80}", f"seed: got {'1' + '0' * 56}...; {BITS}"),
        ("seed=null", "seed: got null; it should be a valid integer"),
        ("seed=-.inf", "seed: got -inf; it should be a finite number"),
        ("run.retry_deadline_s=.inf", "run.retry_deadline_s: got inf; it should be a finite number"),
        ("run.retry_deadline_s=0", "run.retry_deadline_s: got 0; it should be greater than 0"),
        ("models.analyzer.options.error_rate=.nan", "error_rate: got nan; it should be a finite number"),
        (
            "models.analyzer.options={a: [1]}",
            "options.a: got [1]; it should be a valid number, or be a valid integer, or be a valid string, "
            "or be a valid boolean, or be a mapping",
        ),
        ("models=3", "models: got 3; it should be a mapping"),
        ("models={baseline: {model: m}, generator: {model: m}}", "models.analyzer: required but missing; add it"),
        ("models.baseline.backend=x", f"models.baseline.backend: {unknown('x')}"),
        ("policy.escalate_on=x", "policy.escalate_on: got 'x'; it should be a list"),
        (
            "policy.escalate_on=[x]",
            "policy.escalate_on.0: got 'x'; it should be 'prompt_too_complex', 'missing_knowledge', "
            "'ambiguous_instruction' or 'rendering_limit'",
        ),
        ("name=''", "name: got ''; it should be a text that matches ^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        ('name="a\\nb"', "name: got 'a\\nb'; it should be a text that matches ^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        ("po\nlicy=1", "po\\nlicy: unknown key; did you mean policy?"),
        ("sources=3", "sources: got 3; it should be a list"),
        ("sources=[3]", "sources.0: got 3; it should be a mapping"),
        ("sources=[]", "sources: no sources; give at least one"),
        (
            "sources.0={kind: [x]}",
            'sources.0: kind ["x"] is unknown; say one of csv, huggingface, json, jsonl, parquet, tsv, webdataset, world',
        ),
        (
            "sources.0={kind: jsonl, name: '', path: x, columns: {instruction: p}}",
            "sources.0.name: got ''; it should have at least 1 character",
        ),
        (f"sources.0={SOURCE}, checker: {{columns: ab}}}}", "sources.s.checker.columns: got 'ab'; it should be a list"),
        (f"sources.0={SOURCE}, limit: 99999999999999999999}}", f"sources.s.limit: got 99999999999999999999; {BITS}"),
        (
            f"sources.0={SOURCE}, id: 'row:{{row}}'}}",
            "sources.s.id: 'row:{row}' begins with row:, which names failed rows; begin it otherwise",
        ),
        (f"x={'[' * 300}{']' * 300}", "manifest: lists or mappings lie too deep in each other; flatten them"),
        (f"seed={'9' * 5000}", "seed: holds a number of thousands of digits; shorten it"),
    ],
)
def test_every_kind_of_problem_is_one_clean_line(tmp_path: Path, override: str, line: str) -> None:
    (problem,) = problems(write(tmp_path, BASE), override)
    assert problem.endswith(line)
    assert problem.isprintable()
    assert not set(re.findall(r"[a-z]+", problem)) & {"tuple", "validation", "input", "field", "None", "True"}


@pytest.mark.parametrize("seed", [-(2**63), 2**63 - 1])
def test_a_number_of_64_bit_is_none_too_many(tmp_path: Path, seed: int) -> None:
    assert load(write(tmp_path, BASE), [f"seed={seed}"]).seed == seed


def test_all_problems_are_listed(tmp_path: Path) -> None:
    text = BASE.replace("seed: 3", "seed: three").replace("count: 24", "cuont: 24") + "policy: {steps_mni: 1}\n"
    assert problems(write(tmp_path, text)) == [
        "FILE: seed: got 'three'; it should be a valid integer",
        "FILE: sources.world.count: required but missing; add it",
        "FILE: sources.world.cuont: unknown key; did you mean count?",
        "FILE: policy.steps_mni: unknown key; did you mean steps_min?",
    ]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (
            "{name: s}",
            ["sources.s: kind is missing; say one of csv, huggingface, json, jsonl, parquet, tsv, webdataset, world"],
        ),
        (
            "{kind: xlsx, name: s}",
            [
                "sources.s: kind 'xlsx' is unknown; say one of csv, huggingface, json, jsonl, parquet, tsv, webdataset, world, "
                "after writing the table as jsonl"
            ],
        ),
        (
            "{kind: cvs, name: s}",
            [
                "sources.s: kind 'cvs' is unknown; say one of csv, huggingface, json, jsonl, parquet, tsv, webdataset, world"
            ],
        ),
        (
            "{kind: jsonl, name: s, path: x, columns: {instructoin: p}}",
            [
                "sources.s.columns.instruction: required but missing; add it",
                "sources.s.columns.instructoin: unknown key; did you mean instruction?",
            ],
        ),
        (
            "{kind: jsonl, name: s, path: x, id: '{a!r}', columns: {instruction: p}}",
            ["sources.s.id: '{a!r}' is not a plain template; use only {column} fields, as in {type}/{id}"],
        ),
        (
            "{kind: jsonl, name: s, path: x, id: fixed, columns: {instruction: p}}",
            ["sources.s.id: 'fixed' is the same for every row; use columns in it, as in {type}/{id}, or {row}"],
        ),
        (
            "{kind: jsonl, name: s, path: x, columns: {instruction: p, licence: l}, constants: {licence: MIT}}",
            ["sources.s: licence has a column and a constant; remove one of them"],
        ),
        (
            "{kind: jsonl, name: s, path: x, columns: {instruction: p}, checker: {style: questions, columns: [q]}}",
            ["sources.s: checker.style questions needs two checker.columns; name the questions, then the answers"],
        ),
        (
            "{kind: jsonl, name: s, path: x, columns: {instruction: p}, images: {root: ., path: '{id}.png'}}",
            ["sources.s.images.path: '{id}.png' lacks {image}; add it where the image's name belongs"],
        ),
        ("{kind: world, name: world, count: 2}", ["sources: 'world' names two sources; rename one of them"]),
    ],
)
def test_sources_are_checked(tmp_path: Path, source: str, lines: list[str]) -> None:
    assert problems(write(tmp_path, BASE + f"- {source}\n")) == [f"FILE: {line}" for line in lines]


def test_broken_files(tmp_path: Path) -> None:
    assert problems(tmp_path / "gone.yaml") == ["FILE: no such file; name a manifest, such as manifests/demo.yaml"]
    assert problems(tmp_path) == ["FILE: cannot be read (Is a directory); name a YAML file"]
    assert problems(write(tmp_path, BASE + "policy: {a: [\n")) == [
        "FILE: line 10: expected the node content, but found '<stream end>'; correct the YAML there"
    ]
    assert problems(write(tmp_path, BASE + "seed: 4\n")) == [
        "FILE: line 9: key 'seed' given twice; correct the YAML there"
    ]
    assert problems(write(tmp_path, BASE + "x: !!python/object:os.system {}\n"))[0].startswith(
        "FILE: line 9: the tag 'tag:yaml.org,2002:python/object:os.system' is not taken"
    )
    assert problems(write(tmp_path, "- 1\n")) == ["FILE: holds no mapping; write keys such as name, sources and models"]
    assert problems(write(tmp_path, "")) == ["FILE: holds no mapping; write keys such as name, sources and models"]
    assert problems(write(tmp_path, "a: &a [*a]\n")) == [
        "FILE: line 1: an alias is not taken, write its value out; correct the YAML there"
    ]
    assert problems(write(tmp_path, BASE + 'x: "\\ud800"\n')) == [
        "FILE: manifest: holds half a surrogate pair; write the character itself"
    ]
    assert problems(write(tmp_path, BASE + "x: \0\n"))[0].startswith("FILE: unacceptable character #x0000")
    (tmp_path / "latin.yaml").write_bytes(b"name: a\nx: caf\xe9\n")
    assert problems(tmp_path / "latin.yaml") == ["FILE: line 2: not UTF-8; save the file as UTF-8"]


def test_models_and_their_options_are_checked(tmp_path: Path) -> None:
    text = BASE.replace("world-baseline", "world-basline").replace(
        "error_rate: 0.1", "eror_rate: 0.1, slip: 2, side: true"
    )
    assert problems(write(tmp_path, text)) == [
        "FILE: models.baseline.model: the world has no model 'world-basline'; did you mean 'world-baseline'?",
        "FILE: models.analyzer.options.eror_rate: world-analyzer has no option 'eror_rate'; did you mean 'error_rate'?",
        "FILE: models.analyzer.options.slip: world-analyzer: option 'slip' is 2; it must be a number from 0 to 1",
        "FILE: models.analyzer.options.side: world-analyzer: option 'side' is True; it must be a number from 0 to 1",
    ]


def test_overrides(tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    manifest = load(
        path,
        [
            "policy.reflection_rounds=2",
            "sources.world.count=60",
            "sources.0.size=[128, 96]",
            "quotas={direct: 5, rl: null}",
            "output.image.encoding=webp:90",
            "run.address=null",
            "models.analyzer.options.error_rate=0",
        ],
    )
    (source,) = manifest.sources
    assert manifest.policy.reflection_rounds == 2
    assert not isinstance(source, TableSpec)
    assert (source.count, source.canvas) == (60, (128, 96))
    assert (manifest.quotas["direct"], manifest.quotas["rl"]) == (5, None)
    assert manifest.output.image.encoding == "webp:90"
    assert manifest.models.analyzer.options == {"error_rate": 0}


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("policy.reflexion_rounds=2", "--set: policy.reflexion_rounds: unknown key; did you mean reflection_rounds?"),
        ("polcy.reflection_rounds=2", "--set: polcy: unknown key; did you mean policy?"),
        ("policy.reflection_rounds=many", "--set: policy.reflection_rounds: got 'many'; it should be a valid integer"),
        ("policy={steps: 1}", "--set: policy.steps: unknown key; did you mean steps_min?"),
        (
            "policy.steps_min=9",
            "--set: policy: steps_min 9 is above steps_max 5; lower one or raise the other",
        ),
        ("policy.reflection_rounds", "--set policy.reflection_rounds: not of the form KEY=VALUE; write, say, "),
        ("=3", "--set =3: not of the form KEY=VALUE; write, say, policy.reflection_rounds=2"),
        ("seed.x=3", "--set: seed.x: x lies below a plain value; shorten the key"),
        (
            "sources.wrld.count=3",
            "--set: sources.wrld.count: no item wrld in a list of 1; use a number from 0 or a name (world)",
        ),
        (
            "sources.1.count=3",
            "--set: sources.1.count: no item 1 in a list of 1; use a number from 0 or a name (world)",
        ),
        ("sources.0.cuont=3", "--set: sources.world.cuont: unknown key; did you mean count?"),
        (
            "policy={a: [",
            "--set policy: line 1: expected the node content, but found '<stream end>'; correct the YAML there",
        ),
        (
            "models.analyzer.options.eror=0",
            "--set: models.analyzer.options.eror: world-analyzer has no option 'eror'; ",
        ),
    ],
)
def test_a_wrong_override_is_named_as_such(tmp_path: Path, override: str, line: str) -> None:
    (problem,) = problems(write(tmp_path, BASE), override)
    assert problem.startswith(line)


TABLE = (
    BASE
    + "- {kind: KIND, name: t, path: PATH, id: '{id}', columns: {instruction: prompt, category: meta.tag}, images: {root: .}}\n"
)


def test_an_override_that_clashes_with_the_file_names_both(tmp_path: Path) -> None:
    path = write(tmp_path, BASE + "policy: {steps_max: 4}\n")
    assert problems(path, "policy.steps_min=5") == [
        "FILE with --set: policy: steps_min 5 is above steps_max 4; lower one or raise the other"
    ]


def test_source_paths_start_at_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "t.jsonl").write_text('{"prompt": "x", "id": 1, "meta": {"tag": "a"}}\n')
    write(tmp_path / "sub", TABLE.replace("KIND", "jsonl").replace("PATH", "../t.jsonl"))
    monkeypatch.chdir(tmp_path)
    source = load(Path("sub/m.yaml")).sources[1]
    assert isinstance(source, TableSpec)
    assert source.path == str(tmp_path / "t.jsonl")
    assert source.images is not None
    assert source.images.root == str(tmp_path / "sub")


def test_sources_that_cannot_be_read_stop_before_anything_runs(tmp_path: Path) -> None:
    text = TABLE.replace("KIND", "jsonl").replace("PATH", "t.jsonl")
    gone = ["FILE: sources.t.path: DIR/t.jsonl: no such file; correct the path, which starts at the manifest's folder"]
    assert problems(write(tmp_path, text)) == gone
    assert problems(write(tmp_path, text), "sources.t.path=x.jsonl") == [
        "--set: sources.t.path: DIR/x.jsonl: no such file; correct the path, which starts at the manifest's folder"
    ]
    (tmp_path / "t.jsonl").write_text("\n")
    assert problems(tmp_path / "m.yaml") == [
        "FILE: sources.t.path: DIR/t.jsonl: no rows; supply data or remove the source"
    ]
    (tmp_path / "t.jsonl").write_text('{"promt": "x", "id": 1}\n{"id": 2, "meta": {"teg": 1}}\n')
    assert problems(tmp_path / "m.yaml", "sources.t.images.root=nowhere") == [
        "--set: sources.t.images.root: DIR/nowhere: no such folder; correct the path, which starts at the manifest's folder",
        "FILE: sources.t.columns.instruction: prompt is no column of t.jsonl; did you mean promt?",
        "FILE: sources.t.columns.category: meta.tag is no column of t.jsonl; did you mean meta.teg?",
    ]


def test_broken_arrays_and_parquet_files_stop_before_anything_runs(tmp_path: Path) -> None:
    write(tmp_path, TABLE.replace("KIND", "json").replace("PATH", "t.json"))
    for data, line in [
        (
            b'[{"prompt": ',
            "not JSON (Expecting value: line 1 column 13 (char 12)); mend the file, or say kind jsonl if it ",
        ),
        (b'{"data": []}', "holds no JSON array but dict; make it a list of objects"),
        (b'["caf\xe9"]', "not UTF-8 at byte 6; save the file as UTF-8"),
        (b"[]", "no rows; supply data or remove the source"),
    ]:
        (tmp_path / "t.json").write_bytes(data)
        (problem,) = problems(tmp_path / "m.yaml")
        assert problem.startswith(f"FILE: sources.t.path: DIR/t.json: {line}")
    path = write(tmp_path, TABLE.replace("KIND", "parquet").replace("PATH", "t.parquet"), "p.yaml")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no parquet PAR1")
    (problem,) = problems(path)
    assert problem.startswith("FILE: sources.t.path: DIR/t.parquet: not readable as Parquet (")
    pq.write_table(pa.table({"prompts": ["x"], "id": [1], "meta": [{"teg": "a"}]}), tmp_path / "t.parquet")
    assert problems(path) == [
        "FILE: sources.t.columns.instruction: prompt is no column of t.parquet; did you mean prompts?",
        "FILE: sources.t.columns.category: meta.tag is no column of t.parquet; did you mean meta.teg?",
    ]
