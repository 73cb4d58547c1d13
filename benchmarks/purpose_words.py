"""What is said of each part and of what it is for, in English and in Chinese."""

from typing import Final

import msgspec

ROWS: Final = {
    "holidays": ("errors holiday", "counts holiday", "counts silent holiday", "delays surge holiday"),
    "ratio": ("errors rhythm", "counts rhythm", "delays surge rhythm"),
    "escape": ("errors step", "hours step", "counts lasting", "delays surge low"),
    "cap": ("hours incident", "counts false", "delays surge shaken"),
    "guard": ("errors incident", "errors festival", "delays surge shaken"),
    "guard and cap": ("errors incident", "errors festival", "delays surge shaken"),
    "corrections": ("errors hanging", "errors tardy"),
    "usual lateness": ("errors tardy", "errors hanging"),
    "sensor": (
        "delays devices",
        "counts devices",
    ),
    "kind": ("delays kind", "delays devices", "counts devices"),
    "level": ("delays leak", "delays devices", "counts devices"),
    "residual": ("delays offset", "delays devices", "counts devices"),
    "shift": ("delays offset", "delays devices", "counts devices"),
    "difference": ("delays spike", "delays noisy", "delays devices", "counts devices"),
    "yesterday": ("delays phase", "delays devices", "counts devices"),
    "flatness": ("delays flat", "delays devices", "counts devices"),
    "standstill": ("delays flat", "delays devices", "counts devices"),
    "topic": ("delays wording", "counts false"),
}
"""The figures by which each part is judged, as the results name them."""


class PurposeWords(msgspec.Struct, frozen=True, kw_only=True):
    """One language: the text above the table, its columns, its parts and figures."""

    text: str
    columns: tuple[str, ...]
    parts: dict[str, str]
    figures: dict[str, str]


ENGLISH: Final = PurposeWords(
    text="""### What each part is for

`python -m benchmarks.purposes {arguments}`: another city, of 24 areas by the hour, with what the one above
lacks; one part at a time is taken out, at a budget of five, in the same {weeks} city-weeks. Each is looked
at where it should help: places with a week of their own (schools, markets, a stadium); ten holidays, six of
them at the Spring Festival; levels that leave for good, to three times or a third of what they were;
incidents of 60 to 160 callers, festivals of three times the usual for three days; four areas whose link
hangs for three hours every other day, and two of which a quarter always comes late; {devices} troubles of
devices; new wording for a day in four of five texts of three areas. With nothing taken out there are
{false:.1f} false alarms a week in all. A surge lasts as long as one who knows the mean needs to see it, eight
hours at most. An error is that of what is expected in time: with a sign that of the sum, else the mean of the
absolute one. Worse: in how many cities ({seeds} in all).""",
    columns=("taken out", "looked at", "with it", "without", "worse"),
    parts={
        "holidays": "holidays",
        "ratio": "ratio of a place",
        "escape": "escape of the level",
        "cap": "cap of one bucket",
        "guard": "guard of the level",
        "guard and cap": "guard and cap",
        "corrections": "corrections by late events",
        "usual lateness": "usual lateness",
        "sensor": "detector sensor",
        "kind": "sensor: river's scorer of a kind",
        "level": "sensor: level",
        "residual": "sensor: residual",
        "shift": "sensor: shift",
        "difference": "sensor: difference",
        "yesterday": "sensor: yesterday",
        "flatness": "sensor: flatness",
        "standstill": "detector standstill",
        "topic": "detector topic",
    },
    figures={
        "errors holiday": "error on holidays",
        "counts holiday": "false alarms on holidays, a week",
        "counts silent holiday": "hours of a feed falsely silent on holidays, a week",
        "delays surge holiday": "surges on holidays",
        "errors rhythm": "error in places with their own week",
        "counts rhythm": "false alarms there, a week",
        "delays surge rhythm": "surges there",
        "errors step": "error from the 14th day on after the level has left",
        "hours step": "hours of alarm after the third day, of a rise",
        "counts lasting": "false alarms after the third day, a week",
        "delays surge low": "surges where it has fallen",
        "hours incident": "hours of alarm after a giant incident",
        "counts false": "all false alarms, a week",
        "delays surge shaken": "surges in the two weeks after an incident",
        "errors incident": "error of the level in two weeks after an incident",
        "errors festival": "error of the level in two weeks after a festival",
        "errors hanging": "error where the link hangs",
        "errors tardy": "error where a quarter is late",
        "delays devices": "troubles of devices, all",
        "counts devices": "false alarms of devices, a week",
        "delays kind": "all devices of a kind shift",
        "delays leak": "slow drifts",
        "delays offset": "another level for a day",
        "delays spike": "one wrong reading",
        "delays noisy": "more noise for a day",
        "delays phase": "the day turned round",
        "delays flat": "the same value for 36 h",
        "delays wording": "new wordings",
    },
)

CHINESE: Final = PurposeWords(
    text="""### 每个部分用于什么

`python -m benchmarks.purposes {arguments}`：另一座城市，24 个片区，按小时，有上面那座所没有的东西；
每次取走一个部分，预算为五，在同样的 {weeks} 个城市周中。每个部分都在它应有帮助之处评判：
有自己一周节律的地点（学校、市场、体育场）；十个节假日，其中六个在春节；一去不返的水平，
变为原来的三倍或三分之一；60 至 160 个来电的事故；持续三天、为平常三倍的节庆；
四个片区的链路每隔一天中断三小时，两个片区总有四分之一迟到；设备的 {devices} 次故障；
三个片区一天内五分之四的文字中的新说法。什么都不取走时，每周共 {false:.1f} 次误报。
一次突增持续到知道均值者能看出为止，至多八小时。
误差是指对按时到达者的预期：带符号的为总和的误差，其余为绝对误差的平均。变差：几座城市（共 {seeds} 座）。""",
    columns=("取走", "看什么", "有它", "没有它", "变差"),
    parts={
        "holidays": "节假日",
        "ratio": "地点的比率",
        "escape": "水平的作废",
        "cap": "单个时段的封顶",
        "guard": "水平的约束",
        "guard and cap": "约束和封顶",
        "corrections": "迟到事件的更正",
        "usual lateness": "通常的迟到",
        "sensor": "检测器 sensor（传感）",
        "kind": "sensor：river 对一类设备的打分",
        "level": "sensor：水平",
        "residual": "sensor：残差",
        "shift": "sensor：移动",
        "difference": "sensor：差分",
        "yesterday": "sensor：昨日",
        "flatness": "sensor：平坦",
        "standstill": "检测器 standstill（停滞）",
        "topic": "检测器 topic（用语）",
    },
    figures={
        "errors holiday": "节假日的误差",
        "counts holiday": "节假日每周的误报",
        "counts silent holiday": "节假日每周误称信息源静默的小时",
        "delays surge holiday": "节假日的突增",
        "errors rhythm": "自有节律之处的误差",
        "counts rhythm": "该处每周的误报",
        "delays surge rhythm": "该处的突增",
        "errors step": "水平离去后第 14 天起的误差",
        "hours step": "上升者第三天之后报警的小时",
        "counts lasting": "第三天之后每周的误报",
        "delays surge low": "水平下降之处的突增",
        "hours incident": "特大事故之后报警的小时",
        "counts false": "每周全部误报",
        "delays surge shaken": "事故后两周内的突增",
        "errors incident": "事故后两周内水平的误差",
        "errors festival": "节庆后两周内水平的误差",
        "errors hanging": "链路中断之处的误差",
        "errors tardy": "四分之一迟到之处的误差",
        "delays devices": "设备的全部故障",
        "counts devices": "设备每周的误报",
        "delays kind": "一类设备全部移动",
        "delays leak": "缓慢漂移",
        "delays offset": "一天的另一水平",
        "delays spike": "一次错误读数",
        "delays noisy": "一天的更多噪声",
        "delays phase": "昼夜颠倒",
        "delays flat": "36 h 相同的值",
        "delays wording": "新的说法",
    },
)
