"""The page of the escalation in Chinese; modes, acts and told words come from the message catalogue."""

from typing import Final

from alerting.render import TableWords
from tocsin.escalation_page import PLAY, PageWords
from tocsin.messages.catalogue import has_message, text

LOCALE: Final = "zh-CN"

PHRASES: Final = {
    "role or unit does not permit": "角色或单位不允许",
    "owes acknowledge or answer": "有待办的签收或回应",
    "blind": "情况不明",
    "rank ≤ floor": "级别 ≤ 下限",
    "level not IV–I": "级别不在 IV–I 之内",
    "level ≥ II": "级别 ≥ II",
    "level < III": "级别 < III",
    "level = response": "级别 = 响应级别",
    "level > response": "级别 > 响应级别",
    "co-sign open": "已有待联签的请求",
    "response ≥ II": "响应级别 ≥ II",
    "not a chief": "不是值班指挥长",
    "no co-sign open": "没有待联签的请求",
    "same person": "同一人",
    "names upper": "点名上级",
    "at the city": "在市级",
    "all named already owe report-in": "所点部门均已待报到",
    "none open": "没有待报到的",
    "rank ≥ II": "级别 ≥ II",
    "no drill": "没有演练",
    "drill on": "演练进行中",
    "up ≥ IV": "证据达到 ≥ IV",
    "supported > rank": "证据支持的级别 > 级别",
    "calm and dwell reached, not blind": "平静与停留时间已足，且并非情况不明",
    "leave rank < rank": "退出级别 < 级别",
    "is fresh": "是新告警",
    "supported > response": "证据支持的级别 > 响应级别",
    "r > rank": "r > 级别",
    "that answer is open": "该回应待办未结",
    "calls < calls_per_duty": "已呼叫次数 < calls_per_duty",
    "close acknowledge": "结束签收待办",
    "close answers": "结束回应待办",
    "label true": "标为属实",
    "cap the window at that rank": "把时窗封顶在该级别",
    "label false": "标为误报",
    "signed by the actor": "由操作人签署",
    "open and request co-sign": "开启并提请联签",
    "open co-sign": "开启联签",
    "signed by the actor too": "操作人加签",
    "close co-sign": "结束联签待办",
    "signed by both": "两人签署",
    "open report-in per department": "为每个部门开启报到待办",
    "upper: call whistle": "上级：以吹哨呼叫",
    "close it": "结束该待办",
    "call hand over": "以移交呼叫上级",
    "silence": "静音",
    "drill begins": "演练开始",
    "drill ends": "演练结束",
    "signed by nobody": "无人签署",
    "open ratify": "开启追认待办",
    "open ratify if owed": "如有所欠，开启追认待办",
    "rank ≥ II: call warning": "级别 ≥ II：以预警呼叫上级",
    "open acknowledge": "开启签收待办",
    "rank = supported": "级别 = 证据支持的级别",
    "advise": "建议升级",
    "floor = r": "下限 = r",
    "open answer": "开启回应待办",
    "close that answer": "结束该回应待办",
    "calls + 1, due again": "呼叫次数 + 1，重新计时",
    "call overdue": "以超时呼叫上级",
    "calls + 1, rests": "呼叫次数 + 1，搁置",
    "note it in the checklist": "记入预案清单",
    "E level": "E，所定级别",
    "E level asked": "E，所提请的级别",
    "N → M, else =": "N → M，否则 =",
    "settle(max(watch, floor))": "落定于关注与下限中较高者",
    "settle(max(up, floor))": "落定于证据所达与下限中较高者",
    "settle(supported)": "落定于证据支持的级别",
    "settle(leave rank)": "落定于退出级别",
    "settle(r)": "落定于 r",
}
"""Guards, acts and targets of the rules; a phrase that is not here stays as the rules have it."""

SAME: Final = frozenset({"", "=", "R", "E III", "P III"})
"""Phrases that are the same in both languages."""


def say(column: str, phrase: str) -> str:
    """The Chinese words for a phrase in a column of the table, or the phrase itself where there are none."""
    key = f"{column}-{phrase.replace('_', '-').replace(' ', '-')}"
    if column in ("trigger", "told") and has_message(LOCALE, key):
        return text(LOCALE, key)
    return PHRASES.get(phrase, phrase)


def is_known(column: str, phrase: str) -> bool:
    """Whether the phrase has Chinese words."""
    return phrase in SAME or say(column, phrase) != phrase


def _mode(name: str) -> str:
    return text(LOCALE, f"mode-{name}")


def _role(name: str) -> str:
    return text(LOCALE, f"role-{name}")


def _acts(*names: str) -> str:
    return "、".join(text(LOCALE, f"trigger-{name}") for name in names)


_TABLE: Final = TableWords(
    head=("行", "状态", "触发", "条件", "转到", "做什么", "告知"),
    any_mode="任何",
    any_command="任何操作",
    comma="、",
    conjunction=" 且 ",
    semicolon="；",
    say=say,
)

_INTRODUCTION: Final = f"""# 升级

English: [Escalation](../escalation.md)

证据提出建议，由人作出决定，没有一件事会悄无声息地了结。每个街道、区和市各有一台状态机；
到达状态机的一切（一个时段的证据、人的操作、时限、其他单位的消息）都落到同一张表中第一条符合的规则行，
每一次都是决定日志的一条。

## 状态与级别

级别是一架梯子：平静、关注，然后 IV 级（蓝）、III 级（黄）、II 级（橙）、I 级（红）。

| 状态 | 含义 |
|---|---|
| {_mode("normal")}（NORMAL） | 平静 |
| {_mode("monitoring")}（MONITORING） | 关注：显示在屏幕上，不呼叫任何人 |
| {_mode("warning")}（WARNING） | IV 级至 I 级：须签收 |
| {_mode("provisional")}（PROVISIONAL） | 已越过硬阈值：按 III 级响应，直到有人追认或判为误报 |
| {_mode("emergency")}（EMERGENCY） | 级别由人确定的响应；II 级和 I 级须由两人确定 |
| {_mode("recovery")}（RECOVERY） | 已终止响应，仍在监测 |

热点属于包含其全部片区的最低一级单位；其下的单位以关注视之。证据可以提升预警，平静足够久之后可以降低预警。
应急响应只能由人启动、变更或终止。必需的信息源静默期间，单位为*情况不明*：没有状态机会将其下调；
要下调的人必须是{_role("chief")}，并明确作保。

## 待办

某人须在时限前完成的事：签收、追认、联签、报到、回应。未完成则呼叫上级单位，直到策略所允许的次数；
此后待办搁置，仍未办结、仍然可见。待办只因自身的操作而结束，或随要求它的状态一同结束。同一时刻到期的待办，
先于该时刻的其他一切生效。

## 谁可以做什么

| 角色 | 可以 |
|---|---|
| {_role("operator")} | {_acts("acknowledge", "whistle", "report-in", "silence")} |
| {_role("officer")} | 另可{_acts("confirm", "reject", "declare", "ratify", "stand-down", "hand-over")} |
| {_role("chief")} | 另可{_acts("co-sign", "begin-drill", "end-drill")}、在情况不明时作保 |
| {_role("analyst")}、{_role("admin")} | 以上皆不可 |

人代表本单位及其下的全部单位行事。

## 演练

标为演练的输入只到达与真实状态机并列的演练状态机，它所说的一切都有标记。真实的输入进入真实状态机，
如同没有演练；真实单位须预警或响应时，演练随即结束。
"""

_PLAY: Final = f"""## 手工演算历史

`tocsin escalation play FILE` 按总账次序读取逐行 JSON，每个条目打印一行。几段历史可以前后相接；
每一段都以其单位树和策略开始，从第 0 秒起，每台状态机都处于 NORMAL。

{PLAY[PLAY.index("```json") : PLAY.rindex("```")]}```

一个时段就每个单位说明：其风险达到几条进入线，维持几条退出线，是否有新告警，单位是否情况不明。
`level` 是级别，2（IV 级）至 5（I 级）；`about` 列出吹哨所点的部门（`"upper"` 放在最后）和报到的那一个部门；
`is_attested` 标明情况不明时的作保；`until` 结束静音。

输出的每一行有 `history`、`entry`（从 0 起）、`at`、`unit`、`exercise`、`trigger`、`row`、`before` 和 `after`
（状态、级别、响应）、按种类的 `effects`，其后是决定日志的其他内容。
"""

CHINESE: Final = PageWords(
    introduction=_INTRODUCTION,
    table_head=(
        "## 规则表\n\nN M W P E R 是各状态英文名的首字母，"
        "依次为常态、监测、预警、先期处置、应急响应、恢复。由状态、触发和条件都符合的第一行作出决定。"
        "`=` 保持状态，✗ 拒绝并说明理由，° 同时报告上级单位。\n\n"
    ),
    table=_TABLE,
    changes_head="## 状态怎样变化\n\n",
    policy_head=(
        "## 策略的默认值\n\n在 `policy.toml` 中修改；见[配置](configuration.md)。\n\n| 配置项 | 默认值 |\n"
    ),
    play=_PLAY,
)
