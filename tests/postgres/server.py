"""A real PostgreSQL server of the tests' own.

In: the installed server binaries. Out: a server on a free loopback port that asks for a password; it can be stopped, killed and
started again, and ends with the process that started it. Its data lie in a temporary folder. PostgreSQL refuses to run as root:
there it runs as the user `postgres`, which its package creates.
"""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

NAME, PASSWORD = "x2i", "pass/word@1"  # with characters that a URL must escape
QUOTED = "pass%2Fword%401"
START_S = 120
_SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=16MB", "max_connections=40")


def binaries() -> Path:
    """The folder of the newest server's programs. Raises FileNotFoundError."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if not installed and on_path is None:
        raise FileNotFoundError("no PostgreSQL server is installed; make test-postgres installs one")
    return (installed[-1] if installed else Path(str(on_path)).resolve()).parent


class Server:
    """A server whose data lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._names = (f"x2i_{number}" for number in itertools.count())
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        password_file = folder / "password"
        password_file.write_text(PASSWORD)
        if os.getuid() == 0:
            for path in (folder, password_file):
                shutil.chown(path, "postgres", "postgres")
        options = [
            "-D",
            folder / "data",
            "-U",
            NAME,
            "-A",
            "scram-sha-256",
            f"--pwfile={password_file}",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run(self._command("initdb", *options), cwd=folder, check=True, stdout=subprocess.DEVNULL)

    def _command(self, program: str, *arguments: object) -> list[str]:
        user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        return ["setpriv", "--pdeathsig=INT", *user, str(binaries() / program), *map(str, arguments)]

    def start(self) -> None:
        """Start it, or start it again."""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        command = self._command("postgres", "-D", self._folder / "data", "-p", self.port, *settings)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + START_S
        while True:
            try:
                self.execute("postgres", "SELECT 1")
                return
            except OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self._folder / "log").read_text()[-2000:]) from error
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it at once, without closing connections; with SIGINT, after closing them."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_S)
            self._process = None

    def database(self) -> str:
        """The URL of a new, empty database, password included."""
        name = next(self._names)
        self.execute("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str, password: str = QUOTED) -> str:
        """The URL of a database."""
        return f"postgresql+psycopg://{NAME}:{password}@127.0.0.1:{self.port}/{name}"

    def execute(self, name: str, statement: str) -> list[tuple[object, ...]]:
        """The rows that a statement returns, by a connection that is not the project's."""
        engine = create_engine(self.url(name), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []


@contextmanager
def run_server() -> Iterator[Server]:
    """Run a server while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="x2i-postgres-") as folder:
        server = Server(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
