"""Two builds of one data set on one database: the second gets no lock; a build of another data set does not wait."""

import multiprocessing

from pipeline.storage.database import held, open_engine
from pipeline.storage.outcomes import Outcomes


def test_one_build_of_a_data_set_at_a_time(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'shared.db'}")
    with held(engine, "a" * 64) as first, held(engine, "a" * 64) as second, held(engine, "b" * 64) as other:
        assert (first, second, other) == (True, False, True)
    with held(engine, "a" * 64) as again:
        assert again


def test_a_link_to_the_database_is_the_same_database(tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "shared.db")
    here, there = (open_engine(f"sqlite:///{tmp_path / name}.db") for name in ("shared", "link"))
    with held(here, "a" * 64) as first, held(there, "a" * 64) as second:
        assert (first, second) == (True, False)


def create(url, ready):
    ready.wait()
    Outcomes(url, "run").create()


def test_builds_that_begin_at_once_make_the_tables_once(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(4)
    made = [spawn.Process(target=create, args=(f"sqlite:///{tmp_path / 'shared.db'}", ready)) for _ in range(4)]
    for process in made:
        process.start()
    for process in made:
        process.join()
    assert [process.exitcode for process in made] == [0, 0, 0, 0]
