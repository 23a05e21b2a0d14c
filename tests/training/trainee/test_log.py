"""The log of a training run reads as if the run had never stopped."""

from hypothesis import given
from hypothesis import strategies as st

from training.sft.rate import learning_rate
from training.sft.settings import SftSettings
from training.trainee.log import TrainLog, read_log


def test_what_came_after_the_checkpoint_and_a_line_that_was_cut_off_are_removed(tmp_path):
    path = tmp_path / "log.jsonl"
    log = TrainLog(path, 0)
    for step in (1, 2, 3):
        log.write({"step": step, "loss": step / 3})
    with path.open("a") as file:
        file.write('{"step": 4, "lo')
    assert [line["step"] for line in read_log(path)] == [1, 2, 3]
    TrainLog(path, 2).write({"step": 3, "loss": 0.5})
    assert read_log(path) == [{"step": 1, "loss": 1 / 3}, {"step": 2, "loss": 2 / 3}, {"step": 3, "loss": 0.5}]


@given(st.integers(1, 400), st.floats(0, 1))
def test_the_rate_rises_to_its_top_once_and_falls_to_its_end(steps, warm_up):
    settings = SftSettings(warm_up=warm_up)
    rates = [learning_rate(settings, step, steps) for step in range(steps)]
    top = rates.index(max(rates))
    assert all(rate > 0 for rate in rates)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) <= settings.learning_rate * (1 + 1e-12)
    if 0 < warm_up < 1 and steps > 2 / (1 - warm_up):
        assert abs(rates[-1] - settings.final_learning_rate) < 1e-12
