"""Three recorded weeks of the starter: quiet calls, a surge in the last, one reading over its limit."""

import json
from datetime import UTC, datetime, timedelta

BEGAN = datetime(2025, 3, 1, tzinfo=UTC)
DAY = 86_400


def write(folder):
    """Both files, as the command line names them."""
    calls, number = ["number,called,subject,lon,lat,street,text"], 0
    for quarter in range(21 * 96):
        at = BEGAN + timedelta(minutes=15 * quarter)
        many = 25 if 19 * 96 + 40 <= quarter < 19 * 96 + 44 else 1
        for k in range(many):
            number += 1
            when = (at + timedelta(seconds=30 * k)).isoformat()
            calls.append(f"{number},{when},noise,113.031,30.005,,")
    readings = [
        {
            "device": "mill-gas-1",
            "time": (BEGAN + timedelta(hours=h)).isoformat(),
            "lel": 25.0 if h == 30 else 2.0,
        }
        for h in range(21 * 24)
    ]
    (folder / "calls.csv").write_text("\n".join(calls))
    (folder / "readings.jsonl").write_text("\n".join(json.dumps(reading) for reading in readings))
    return [f"hotline={folder / 'calls.csv'}", f"sensors={folder / 'readings.jsonl'}"]
