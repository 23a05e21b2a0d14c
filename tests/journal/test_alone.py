"""Two builds of one data set on one database: the second is told so, another data set is not held up."""

from pipeline.journal.database import held, opened


def test_one_build_of_a_data_set_at_a_time(tmp_path):
    engine = opened(f"sqlite:///{tmp_path / 'shared.db'}")
    with held(engine, "a" * 64) as first, held(engine, "a" * 64) as second, held(engine, "b" * 64) as other:
        assert (first, second, other) == (True, False, True)
    with held(engine, "a" * 64) as again:
        assert again
