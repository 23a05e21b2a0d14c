"""What every test stands on: signals that are heard, and properties tried on the same examples each time."""

import os
import signal

import pytest
from hypothesis import settings

# a change lands or not by what it does; whoever looks for what no example has shown yet says X2I_PROPERTIES=exploring
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None, max_examples=400)
settings.load_profile(os.environ.get("X2I_PROPERTIES", "repeatable"))


@pytest.fixture(scope="session", autouse=True)
def signals_are_heard():
    """A shell that runs the tests in the background ignores Ctrl-C for them, and for every build that they start: here all hear."""
    wanted = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL, signal.SIGTERM: signal.SIG_DFL}
    ignored = [number for number in wanted if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, wanted[number])
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
