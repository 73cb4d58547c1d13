"""The night's changes of mode as annotations: those of the journal, each once."""

from tests.monitoring.night import Night, Truth
from tests.parts.fake_grafana import TOKEN, FakeGrafana
from tocsin.dashboards.grafana import Grafana
from tocsin.dashboards.pushing import mode_switches


def test_every_real_change_of_mode_is_annotated_once(night: Night) -> None:
    entries = [e for e in Truth(night).entries if not e.exercise and e.after]
    changes = [e for e in entries if e.before is None or e.before.mode != e.after.mode]
    notes = mode_switches(night.demo.city, night.running.store.directory, "zh-CN", 30)
    assert changes
    assert [note.at for note in notes] == [entry.at for entry in changes]
    assert any("：常态 → " in note.text for note in notes)
    fake = FakeGrafana()
    try:
        grafana = Grafana(fake.url, TOKEN)
        assert (grafana.annotate(notes), grafana.annotate(notes)) == (len(changes), 0)
    finally:
        fake.close()
