"""An exercise as the screen tells it: what it is called, and how it goes."""

import statistics

from alerting.journal import Entry
from tocsin.console.phrases import Names, Phrase
from tocsin.console.view import Story


def names_of(began: Entry) -> Names:
    """What the person who began it wrote down; nothing if that was nothing."""
    note = next((str(effect.args["note"]) for effect in began.effects if effect.args.get("note")), "")
    return {"en": note} if note else {}


def progress(story: Story) -> tuple[Phrase, ...]:
    """How fast duties were answered, how many of them late, and what is still open."""
    took = [d.done_at - d.opened_at for d in story.done if d.opened_at is not None]
    phrases = []
    if took:
        facts = {
            "median_seconds": round(statistics.median(took)),
            "late": sum(d.done_at > d.due_at for d in story.done),
            "of": len(story.done),
        }
        phrases.append(Phrase("console-progress-answered", {**facts}))
    if story.duties:
        late = sum(d.calls > 0 for d in story.duties)
        phrases.append(Phrase("console-progress-open", {"n": len(story.duties), "late": late}))
    return tuple(phrases)
