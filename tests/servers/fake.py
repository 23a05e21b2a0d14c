"""A server with bad habits, as a program of its own: python fake.py PORT [HABIT...], in a bare interpreter.

It answers /health, /v1/models and chat completions. Habits: family (children and grandchildren of every kind, which ignore
SIGTERM), deaf (ignores SIGTERM itself), ill (/health answers 503), last-words (ends at once, with words), gone (ends once
it has printed), once=FILE (ends at once from the second start on), mortal (POST /die ends it), print=WORDS, long=WORDS (10,000
times on one line).
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPLY = {"choices": [{"message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/env":
            return self._say(200, dict(os.environ))
        return self._say(503 if "ill" in sys.argv and self.path == "/health" else 200, {"data": [{"id": "fake"}]})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/die":
            os._exit(9)
        return self._say(200, {**REPLY, "usage": {"prompt_tokens": os.getpid(), "completion_tokens": 1}})

    def _say(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def linger():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    while True:
        time.sleep(60)


def have_family():
    if os.fork() == 0:  # a plain child
        if os.fork() == 0:  # and its child, in a session of its own
            os.setsid()
            if os.fork() == 0:  # twice removed: the one between ends, as a daemon's does
                linger()
            os._exit(0)
        linger()


if __name__ == "__main__":
    port, habits = int(sys.argv[1]), sys.argv[2:]
    if "family" in habits:
        have_family()
    if "deaf" in habits:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "last-words" in habits:
        print("loading weights\n\x1b[31mRuntimeError\x1b[0m: the weights are gone", flush=True)
        sys.exit(3)
    for habit in habits:
        if habit.startswith("once="):
            if os.path.exists(habit[5:]):
                sys.exit("I come up but once")
            open(habit[5:], "w").close()
        if habit.startswith("long="):
            print(habit[5:] * 10_000)
    print("listening", *(habit[6:] for habit in habits if habit.startswith("print=")), flush=True)
    if "gone" in habits:
        sys.exit(3)
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Event().wait()
