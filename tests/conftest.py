"""What every test stands on: signals that are heard."""

import signal

import pytest


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
