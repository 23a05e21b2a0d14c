"""Shards on a disk, in memory and over HTTP, read in order without torch: rows, states, and what is refused."""

import json
import shutil
from collections import Counter
from random import Random

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.loader.shards import picture, row, write_file, write_shards
from training.loader.cursor import as_json
from training.loader.files import ShardPlace
from training.loader.footers import open_shards
from training.loader.pixels import as_array, as_picture
from training.loader.plan import ReadingPlan
from training.loader.problem import LoaderProblem
from training.row import RowProblem

SIZES = [[5, 7, 3], [4, 6, 2, 8]]
ROWS = sum(map(sum, SIZES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_shards(tmp_path_factory.mktemp("data") / "train", SIZES)


def plan_of(place, *, seed=0, shuffle="rows", remainder="drop", **options):
    return ReadingPlan(open_shards(ShardPlace.of(str(place), None)), seed, shuffle, remainder, **options)


def numbers(rows):
    return [int(row.id.removeprefix("row-")) for row in rows]


def whole(plan, cursor):
    ranks, workers = range(cursor.deal.world), range(cursor.deal.workers)
    return {(rank, worker): numbers(plan.rows(cursor, rank, worker)) for rank in ranks for worker in workers}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"shuffle": "all"}, "shuffle: 'all' is none of rows, units, none"),
        ({"remainder": "keep"}, "remainder: 'keep' is none of drop, pad, wrap"),
        ({"seed": "1"}, "seed: '1' is no whole number"),
        ({"read_ahead": -1}, "read_ahead: -1 is no number of row groups"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(folder, settings, words):
    with pytest.raises(LoaderProblem, match=words):
        plan_of(folder, **settings)


def test_a_path_names_a_folder_as_its_words_do(folder):
    assert ShardPlace.of(folder, None) == ShardPlace.of(str(folder), None)


def test_rows_come_as_they_were_written(folder):
    plan = plan_of(folder, shuffle="none")
    rows = list(plan.rows(plan.begin(0, 1, 1), 0, 0))
    assert rows == [row(n) for n in range(ROWS)]


@pytest.mark.parametrize("read_ahead", [0, 1, 3])
def test_reading_ahead_changes_nothing(folder, read_ahead):
    plan = plan_of(folder, read_ahead=read_ahead)
    assert sorted(numbers(plan.rows(plan.begin(0, 1, 1), 0, 0))) == list(range(ROWS))
    assert whole(plan, plan.begin(1, 2, 2)) == whole(plan_of(folder), plan.begin(1, 2, 2))


def test_padding_counts_for_nothing(folder):
    plan = plan_of(folder, remainder="pad")
    cursor = plan.begin(0, 2, 2)
    rows = [row for rank in (0, 1) for worker in (0, 1) for row in plan.rows(cursor, rank, worker)]
    trained = [found.id for found in rows if any(segment.loss for segment in found.segments)]
    assert len(rows) == 36
    assert sorted(trained) == sorted(f"row-{n}" for n in range(ROWS))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 12),
    st.integers(1, 4),
    st.tuples(st.integers(1, 8), st.integers(1, 3)),
    st.integers(1, 8),
    st.integers(1, 3),
)
def test_a_state_goes_on_exactly(folder, batches, size, before, world, workers):
    plan = plan_of(folder, seed=5)
    begun = plan.begin(0, *before)
    stopped = begun.after(batches, size)
    state = json.loads(json.dumps(as_json(stopped, plan.identity, 0)))
    resumed = plan.resume(state)
    if stopped.is_done:
        assert (resumed.epoch, resumed.given[0][0]) == (1, 0)
        return
    first = {stream: rows[: stopped.given[stream[0]][stream[1]]] for stream, rows in whole(plan, begun).items()}
    assert {stream: first[stream] + rows for stream, rows in whole(plan, resumed).items()} == whole(plan, begun)
    elsewhere = whole(plan, resumed.dealt(world, workers, "drop"))
    read = Counter(number for rows in (*first.values(), *elsewhere.values()) for number in rows)
    assert set(read.values()) <= {1}
    assert ROWS - len(read) < world * workers


def test_states_of_ranks_that_are_not_in_step(folder):
    plan = plan_of(folder)
    begun = plan.begin(0, 2, 1)
    states = [as_json(begun.after(batches, 2), plan.identity, rank) for rank, batches in ((0, 3), (1, 5))]
    assert plan.resume(states).given == ((6,), (10,))
    with pytest.raises(LoaderProblem, match=r"of ranks \[0\], 2 ranks were saved"):
        plan.resume(states[:1])


class CountingFiles(MemoryFileSystem):  # type: ignore[misc]
    """Files in memory that note how many bytes are read of them."""

    protocol = "counted"
    read = 0

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("counted:/"))

    def _open(self, path, *args, **options):
        file = super()._open(path, *args, **options)
        plain_read = file.read

        def read(size=-1):
            data = plain_read(size)
            CountingFiles.read += len(data)
            return data

        file.read = read
        return file


def test_text_is_read_without_images(tmp_path):
    """Not in part either: of 8 images of 200 kB each nothing comes over the line."""
    noise = Random(0)  # which no codec makes smaller
    path = tmp_path / "train.parquet"
    write_file(path, [[row(n, image=picture(n) + noise.randbytes(200_000)) for n in range(4)] for _ in range(2)])
    fsspec.register_implementation("counted", CountingFiles, clobber=True)
    fsspec.filesystem("counted").pipe("/train/train.parquet", path.read_bytes())
    plan = plan_of("counted://train")
    CountingFiles.read = 0
    rows = list(plan.rows(plan.begin(0, 1, 1), 0, 0, images=False))
    assert {(len(found.images), found.images[0].bytes) for found in rows} == {(1, b"")}
    assert CountingFiles.read < 100_000
    list(plan.rows(plan.begin(0, 1, 1), 0, 0))
    assert CountingFiles.read > 1_600_000


def test_images_are_decoded_when_asked(folder):
    plan = plan_of(folder)
    found = next(plan.rows(plan.begin(0, 1, 1), 0, 0))
    array, drawn = as_array(found.images[0]), as_picture(found.images[0])
    number = numbers([found])[0]
    assert array.shape == (8, 8, 3)
    assert tuple(array[0, 0]) == drawn.getpixel((0, 0)) == (number, 0, 7)
    text = next(plan.rows(plan.begin(0, 1, 1), 0, 0, images=False))
    with pytest.raises(LoaderProblem, match="read without its bytes"):
        as_array(text.images[0])


def test_few_row_groups_are_said_with_their_numbers(folder):
    plan = plan_of(folder)
    with pytest.warns(UserWarning, match=r"7 row groups for 8 streams \(4 ranks x 2 workers\).*output.ranks: 4"):
        plan.warn_if_few(4, 2)


def test_a_rank_never_gets_nothing_in_silence(folder):
    with pytest.raises(LoaderProblem, match=r"35 rows for 64 streams \(32 ranks x 2 workers\).*'pad' or 'wrap'"):
        plan_of(folder).begin(0, 32, 2)
    wrapped = whole(plan_of(folder, remainder="wrap"), plan_of(folder, remainder="wrap").begin(0, 32, 2))
    assert {len(rows) for rows in wrapped.values()} == {1}


def refusal(place):
    with pytest.raises(LoaderProblem) as caught:
        open_shards(ShardPlace.of(str(place), None))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_folders_that_are_no_data_set(folder, tmp_path):
    assert "no such folder" in refusal(tmp_path / "nowhere")
    assert "holds no *.parquet; name the folder" in refusal(tmp_path)
    assert f"name one of {folder}" in refusal(folder.parent)
    build = tmp_path / "build"
    shutil.copytree(folder, build / "sft" / "train")
    shutil.copy(next(folder.iterdir()), build / "ledger.parquet")
    (build / "run.json").write_text("{}")
    assert f"this is a whole build; name one of {build / 'sft' / 'train'}" in refusal(build)
    write_shards(tmp_path, [[1]])
    shutil.copy(tmp_path / "train-00000-of-00001.parquet", tmp_path / "validation-00000-of-00001.parquet")
    assert "splits train and validation side by side" in refusal(tmp_path)


def test_files_that_are_missing_or_twice(folder, tmp_path):
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "train-00001-of-00002.parquet").unlink()
    assert "train-00001-of-00002.parquet is missing" in refusal(tmp_path)
    shutil.copy(tmp_path / "train-00000-of-00002.parquet", tmp_path / "train-00001-of-00002.parquet")
    assert "holds the same rows as" in refusal(tmp_path)
    path = str(tmp_path / "train-00000-of-00002.parquet")
    with pytest.raises(LoaderProblem, match="named twice"):
        open_shards(ShardPlace.of([path, path], None))


def test_files_without_rows(tmp_path):
    write_file(tmp_path / "train-00000-of-00002.parquet", [[]])
    write_file(tmp_path / "train-00001-of-00002.parquet", [[row(1), row(2)], []])
    with pytest.warns(
        UserWarning, match=r"train-00000-of-00002.parquet: holds no rows and is left out \(1 of 2 files\)"
    ):
        assert open_shards(ShardPlace.of(str(tmp_path), None)).rows == 2
    (tmp_path / "train-00001-of-00002.parquet").unlink()
    path = tmp_path / "train-00000-of-00002.parquet"
    assert "this data set holds no rows" in refusal(path)


@pytest.mark.parametrize(("keep", "says"), [(0, "0 bytes"), (0.5, "ends before its footer"), (3, "(3 bytes)")])
def test_a_file_that_was_cut_short(folder, tmp_path, keep, says):
    data = next(iter(folder.iterdir())).read_bytes()
    path = tmp_path / "train.parquet"
    path.write_bytes(data[: keep if keep != 0.5 else len(data) // 2])
    assert says in refusal(path)
    assert str(path) in refusal(path)


def test_a_file_with_a_hole(folder, tmp_path):
    """The footer is whole, so it opens; the row group that it speaks of is not there."""
    data = next(iter(folder.iterdir())).read_bytes()
    path = tmp_path / "train.parquet"
    path.write_bytes(bytes(1000) + data[1000:])
    plan = plan_of(path)
    with pytest.raises(LoaderProblem, match=r"train.parquet: row group \d cannot be read .*fetch the file again"):
        list(plan.rows(plan.begin(0, 1, 1), 0, 0))


def test_a_file_that_is_written_again_while_it_is_read(tmp_path):
    write_shards(tmp_path, [[2], [2]])
    plan = plan_of(tmp_path, shuffle="none", read_ahead=0)
    rows = plan.rows(plan.begin(0, 1, 1), 0, 0)
    next(rows)
    path = tmp_path / "train-00001-of-00002.parquet"
    size = path.stat().st_size
    write_file(path, [[row(4), row(5)]])
    assert path.stat().st_size == size
    with pytest.raises(LoaderProblem, match=r"train-00001-of-00002.parquet: changed while it was being read"):
        list(rows)


def test_rows_of_another_version(tmp_path):
    old = row(1)
    object.__setattr__(old, "schema_version", "traj/1")
    write_file(tmp_path / "train.parquet", [[row(0), old]])
    plan = plan_of(tmp_path, shuffle="none")
    with pytest.raises(RowProblem, match=r"train.parquet: row 1 of row group 0: schema_version is 'traj/1'"):
        list(plan.rows(plan.begin(0, 1, 1), 0, 0))


def test_a_state_of_something_else(folder, tmp_path):
    plan = plan_of(folder, seed=1)
    state = as_json(plan.begin(0, 2, 2).after(3, 2), plan.identity, 0)
    with pytest.raises(LoaderProblem, match="seed was 1, here it is 2; pass seed=1, or begin anew"):
        plan_of(folder, seed=2).resume(state)
    with pytest.raises(LoaderProblem, match="shuffle was rows, here it is units; pass shuffle='rows'"):
        plan_of(folder, seed=1, shuffle="units").resume(state)
    write_shards(tmp_path, [[5, 7, 4], [4, 6, 2, 8]])
    with pytest.raises(LoaderProblem, match=r"over other shards \(35 rows, .* than these \(36 rows"):
        plan_of(tmp_path, seed=1).resume(state)


def test_a_data_set_is_known_by_its_rows_not_by_its_place(folder, tmp_path):
    plan = plan_of(folder)
    state = as_json(plan.begin(0, 1, 1).after(3, 2), plan.identity, 0)
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert plan_of(moved).resume(state) == plan.resume(state)
    changed = tmp_path / "changed"
    write_shards(changed, SIZES)
    write_file(
        changed / "train-00000-of-00002.parquet", [[row(n + 1) for n in range(5)], [row(n) for n in range(5, 12)], []]
    )
    with pytest.raises(LoaderProblem, match="over other shards"):
        plan_of(changed).resume(state)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: {}, "no state of this loader"),
        (lambda state: {**state, "format": 9}, "no state of this loader"),
        (lambda state: {**state, "rank": "x"}, "state: rank: "),
        (lambda state: {**state, "rank": 7}, "do not fit one another"),
        (lambda state: {**state, "cursor": {**state["cursor"], "given": [[0]]}}, "do not fit one another"),
        (lambda state: {**state, "cursor": {**state["cursor"], "given": [[99, 0], [0, 0]]}}, "do not fit one another"),
        (lambda state: {**state, "cursor": {**state["cursor"], "deal": {}}}, r"state: cursor.deal.left: "),
    ],
)
def test_a_damaged_state(folder, change, says):
    plan = plan_of(folder)
    state = as_json(plan.begin(0, 2, 2), plan.identity, 0)
    with pytest.raises(LoaderProblem, match=says):
        plan.resume(change(state))


def test_secrets_of_the_store_are_in_no_message():
    place = ShardPlace.of("memory://nowhere", {"secret": "hush"})
    with pytest.raises(LoaderProblem) as caught:
        open_shards(place)
    assert "hush" not in str(caught.value) + repr(place)
