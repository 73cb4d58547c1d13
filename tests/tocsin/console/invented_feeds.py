"""The feeds of the invented city, all of them live."""

from invented_units import who

from tocsin.console.view import FeedView

RATES = (7, 8, 7, 6, 7, 8, 7, 7, 9, 7, 8, 8)


def feed(id_, en, zh, kind, at, age, devices=None, **rest):
    shift = sum(map(ord, id_))
    return FeedView(
        id=id_,
        names=who(en, zh),
        kind=kind,
        state=rest.pop("state", "live"),
        last_at=at - age,
        lag_seconds=rest.pop("lag", min(age, 40)),
        devices_seen=devices and devices[0],
        devices=devices and devices[1],
        rates=rest.pop("rates", tuple(r + (shift * (k + 1)) % 3 - 1 for k, r in enumerate(RATES))),
        usual_low=5,
        usual_high=10,
        received=rest.pop("received", 1840),
        rejected=rest.pop("rejected", {"duplicate": 4}),
        **rest,
    )


def feeds(at):
    return (
        feed(
            "hotline",
            "12345 hotline",
            "12345 热线",
            "hotline",
            at,
            3,
            is_required=True,
            received=48_210,
            rejected={"duplicate": 312, "unknown_category": 41, "late": 7},
            dead_letters=48,
        ),
        feed("fire", "119 fire", "119 消防", "incident", at, 11, last_hour=1, last_hour_expected=2),
        feed("incidents", "Incidents (CAD)", "接处警", "incident", at, 26, last_hour=2, last_hour_expected=2),
        feed("patrol", "Grid patrol", "网格巡查", "incident", at, 61, last_hour=5, last_hour_expected=4),
        feed("gas-sensors", "Gas sensors", "燃气传感", "sensor", at, 9, (36, 38)),
        feed("water-sensors", "Water sensors", "供水传感", "sensor", at, 7, (112, 112)),
        feed("weather", "Weather", "气象", "sensor", at, 245),
        feed("power", "Power", "供电", "incident", at, 8),
    )
