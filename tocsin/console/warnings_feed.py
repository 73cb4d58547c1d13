"""Published warnings as the console serves them: each CAP receiver's folder under ``/cap/<receiver>/``."""

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from alerting.routing import Routing


def serve_warnings(app: FastAPI, routes: Routing) -> None:
    """Add the folders, empty until something is published; ``feed.atom`` in one names its documents."""
    for receiver in routes.receivers:
        if receiver.notifier == "cap" and receiver.to:
            Path(receiver.to).mkdir(parents=True, exist_ok=True)
            app.mount(f"/cap/{receiver.id}", StaticFiles(directory=receiver.to), name=f"cap-{receiver.id}")
