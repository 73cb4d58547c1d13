"""An HTTP receiver on loopback that answers by path and remembers what was posted."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Posted:
    """One post: path, headers in lower case, body."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """``posts`` in the order in which they came; its ``url`` needs a path that begins with a status."""

    def __init__(self) -> None:
        self.posts: list[Posted] = []
        self.url = ""
        self.is_over = threading.Event()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Answers the status that the path begins with: /302 redirects to /200, /200/endless has 1 GB of body.

    /200/drip sends a body of 100 bytes, one a second, /200/trickle its head so; /200/hang nothing at all.
    """
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.posts.append(Posted(self.path, headers, body))
            if "hang" in self.path:
                state.is_over.wait()
                self.close_connection = True
                return
            if "trickle" in self.path:
                self._drip(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: " + b"x" * 60 + b"\r\n\r\n")
                return
            self.send_response(int(self.path.strip("/").split("/")[0]))
            self.send_header("location", "/200")
            is_endless = "endless" in self.path
            is_dripping = "drip" in self.path
            self.send_header("content-length", str(10**9 if is_endless else 100 * is_dripping))
            self.end_headers()
            if is_dripping:
                self._drip(b"x" * 100)
            piece = b"x" * 65_536
            try:
                while is_endless and not state.is_over.is_set():
                    self.wfile.write(piece)
            except OSError:
                self.close_connection = True

        def _drip(self, said: bytes) -> None:
            """A byte a second, until it is over or nobody listens."""
            with contextlib.suppress(OSError):
                for n in range(len(said)):
                    self.wfile.write(said[n : n + 1])
                    self.wfile.flush()
                    if state.is_over.wait(1.0):
                        break
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()
