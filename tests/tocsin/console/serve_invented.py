"""Serves a scene of the invented city on loopback, to look at: ``python serve_invented.py night 8123``."""

import sys

import invented_city
import invented_scenes
import uvicorn
from invented_source import InventedSource

from tocsin.console.app import create_app

SCENES = {
    "night": invented_city.night,
    "early": lambda: invented_city.night(invented_city.clock("19:01:20")),
    "calm": invented_city.calm,
    "blind": invented_scenes.blind,
    "blind-responding": lambda: invented_scenes.blind(is_responding=True),
    "drill": invented_scenes.drill,
    "first-run": invented_scenes.first_run,
    "overdue": invented_scenes.overdue,
    "recovery": invented_scenes.recovery,
}

if __name__ == "__main__":
    app = create_app(InventedSource(SCENES[sys.argv[1]]()))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
