"""The text of ``docs/escalation.md`` and its Chinese twin: the machine in words, its table and diagram
from the rows themselves."""

from typing import Final

import msgspec

from alerting.policy import Policy
from alerting.render import ENGLISH as ENGLISH_TABLE
from alerting.render import TableWords, diagram, table_markdown

INTRODUCTION: Final = """# Escalation

中文：[升级](zh-CN/escalation.md)

Evidence proposes, people decide, and nothing ends in silence. Each street, district and the city has a
machine of its own; what reaches a machine (evidence of a bucket, an act of a person, a deadline, a message
of another unit) meets the first row of one table that fits, and every such meeting is an entry of the
journal.

## Modes and ranks

One ladder of ranks: calm, watch, then IV (blue), III (yellow), II (orange), I (red).

| mode | meaning |
|---|---|
| NORMAL | calm |
| MONITORING | watch: on screen, nobody is called |
| WARNING | IV to I: must be acknowledged |
| PROVISIONAL | a hard threshold was crossed: response III until a person ratifies or rejects |
| EMERGENCY | a response whose level persons have set; II and I need two of them |
| RECOVERY | stood down, still watched |

A hotspot belongs to the lowest unit that holds all its areas; units below see it as watch. Evidence can
raise a warning and, after enough calm, lower it. Only a person starts, changes or ends an emergency. While
a required feed is silent a unit is *blind*: no machine lowers it, and a person who does must be a duty
chief and say so.

## Duties

What a person owes by a deadline: acknowledge, ratify, co-sign, report in, answer. Missing it calls the unit
above, up to the number of calls that the policy allows; then the duty rests, open and visible. A duty ends
only by its own act, or with the mode that asked for it. A duty due at an instant fires before anything else
that happens at it.

## Who may do what

| role | may |
|---|---|
| operator | acknowledge, whistle, report in, silence |
| officer | also confirm, reject, declare, ratify, stand down, hand over |
| duty chief | also co-sign, begin and end a drill, attest while blind |
| analyst, administrator | nothing of these |

A person acts for the own unit and for all below it.

## Drills

Inputs marked as exercise reach only an exercise machine beside the real one, and all that it says is
marked. Real inputs go to the real machine as if there were no drill; the drill ends when the real unit must
warn or respond. """

PLAY: Final = """## Play histories by hand

`tocsin escalation play FILE` reads JSON lines in ledger order and prints one line for each entry. Several
histories may follow one another; each begins with its tree and policy, at second 0 with every machine
NORMAL.

```json
{"history": 1, "tree": {"c": null, "s2": "c"}, "policy": {"enter_buckets": 1, "of_last_buckets": 1}}
{"stamp": 900, "kind": "bucket", "units": {"c": [0, 0, false, false], "s2": [3, 3, true, false]}}
{"stamp": 960, "kind": "acknowledge", "unit": "s2", "actor": ["li", "officer", "s2"]}
{"stamp": 1000, "kind": "fast", "unit": "s2", "exercise": false}
{"stamp": 1100, "kind": "ratify", "unit": "s2", "actor": ["zhao", "officer", "s2"], "level": 3}
{"stamp": 1160, "kind": "beat"}
```

A bucket says of each unit: how many enter lines its risk reaches, how many leave lines it holds, whether an
alert is fresh, whether the unit is blind. `level` is a rank, 2 (IV) to 5 (I); `about` names departments for
whistle (`"upper"` last) and the one department for report in; `is_attested` marks an act while blind;
`until` ends a silence.

Each line that comes out has `history`, `entry` (from 0), `at`, `unit`, `exercise`, `trigger`, `row`,
`before` and `after` (mode, rank, response), `effects` by kind, and behind these whatever else the journal
has. """


class PageWords(msgspec.Struct, frozen=True, kw_only=True):
    """The page in one language: what stands around the table, the diagram and the policy's defaults."""

    introduction: str
    table_head: str
    table: TableWords
    changes_head: str
    policy_head: str
    play: str


ENGLISH: Final = PageWords(
    introduction=INTRODUCTION,
    table_head=(
        "## The table\n\nN M W P E R are the modes by their first letters. The first row decides whose mode, "
        "trigger and guards fit. `=` keeps the mode, ✗ refuses with a reason, ° is also reported to the unit "
        "above.\n\n"
    ),
    table=ENGLISH_TABLE,
    changes_head="## How modes change\n\n",
    policy_head=(
        "## Policy: the defaults\n\nChanged in `policy.toml`; see [Configuration](configuration.md).\n\n"
        "| key | default |\n"
    ),
    play=PLAY,
)


def escalation(words: PageWords = ENGLISH) -> str:
    """``docs/escalation.md``, or its twin in other words."""
    table = f"{words.table_head}{table_markdown(words=words.table)}"
    changes = f"{words.changes_head}```mermaid\n{diagram()}```\n"
    return "\n".join([words.introduction, table, changes, f"{words.policy_head}{_policy()}", words.play])


def _policy() -> str:
    """The policy's defaults, as one would write them."""
    defaults = msgspec.to_builtins(Policy())
    return "|---|---|\n" + "".join(f"| `{key}` | `{_written(value)}` |\n" for key, value in defaults.items())


def _written(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_written(item)}" for name, item in value.items())
    return " ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)
