"""What the tables of docs/detection.md say, in English and in Chinese."""

from typing import Final

import msgspec

from benchmarks import door_table, nab_parts, purpose_words
from benchmarks.door_table import DoorWords
from benchmarks.nab_parts import PartsWords
from benchmarks.purpose_words import PurposeWords

COLUMNS: Final = ("detected", "first week", "timeliness", "weeks", "sd of the rate", "after")
"""The figures of a method, as the results name them."""


class Ablation(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of parts taken out: by the name of a part, in the order of the table."""

    text: str
    columns: tuple[str, ...]
    parts: dict[str, str]


class Years(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of budgets over years."""

    text: str
    columns: tuple[str, ...]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language: the text above each table, its columns and its rows; braces take figures."""

    city: str
    city_peers: str
    city_columns: tuple[str, ...]
    years: Years
    own: str
    peers: dict[str, str]
    found: str
    found_none: str
    ablation: Ablation
    purposes: PurposeWords
    door: DoorWords
    nab_parts: PartsWords
    scan: str
    scan_cost: str
    scan_columns: tuple[str, ...]
    cost_columns: tuple[str, ...]
    noufaily: str
    labelled: str
    nab: str
    columns: tuple[str, ...]
    methods: dict[str, str]
    marks: tuple[str, ...]
    profiles: tuple[str, ...]


ENGLISH: Final = Words(
    city="""### A simulated city, and peers that know one series

`python -m benchmarks.city_peers {arguments}`: a simulated city of 60 areas and 20 categories, calibrated on
weeks 4 to 10 and judged on weeks 10 to 16; seeds {seeds}, {weeks} city-weeks, so that the rate at a
budget of two is known to about {error}. Recall, and median delay of what was found. Slow is a rise of 60 %
within two days, cluster one of 40 % for a day in six neighbouring areas; a storm counts where it is told of
the city as a whole; feeds stop in the whole city or in ten areas.""",
    city_peers="""The next table is of seeds {seeds}, {weeks} city-weeks: the same counts by the hour, each
peer fused as Tocsin fuses and at the threshold at which it gives, seed by seed, at most as many false alarms
as Tocsin at a budget of two; alarms of feeds are left out, for no peer has any. That threshold knows
the truth of the judged weeks; Tocsin's was set by the weeks before. All are written from the texts of
their authors but river's; none knows holidays, neighbours or the city. One threshold serves all series
of a peer: in a sparse series an accident with many callers outranks a surge elsewhere. Busy series are
those that expect an event an hour or more: there a peer is asked only where surges were injected. Hours
are the clock's, of which a surge of one hour mostly fills two halves.""",
    city_columns=(
        "budget",
        "method",
        "false a week",
        "in storms a week",
        "surge",
        "slow",
        "cluster",
        "false of feeds a week",
        "storm",
        "a feed stops, city",
        "a feed stops, areas",
    ),
    years=Years(
        text="""### What a budget costs over a year

`python -m benchmarks.city_years SEED`, with `--hours` in buckets of an hour: the same city, with storms and
nothing else, for a year of 52 weeks after ten weeks of calibration; a controller corrects the threshold each
week. Seeds: {seeds}. Alarms in storms are confirmed by an officer and cost nothing; every other one is
false.""",
        columns=(
            "bucket",
            "budget",
            "years",
            "false a week",
            "years within a fifth",
            "lowest year",
            "highest year",
            "in storms a week",
        ),
    ),
    own="**Tocsin**, budget 2",
    peers={},
    found="{share} of {all}, {hours} h",
    found_none="0 of {all}",
    ablation=Ablation(
        text="""### What each part is worth

`python -m benchmarks.ablation {arguments}`: one part at a time is taken out of the program, at a
budget of two, in the same {weeks} city-weeks: the city above, with slower rises too. Recall, and median delay
of what was found. Slow: 60 % within two days; slower: 30 % within four, held for four; faint: 20 % within a
week, held for another. A standard error of the rate is {rate}, of the recall of surges {surges}, of all slow
rises {rises}; the cities are the same in all rows, so that a difference of one trouble is real, but says
little. Storms are those told of the city as a whole. The city has no sensors, no texts, no place with a
rhythm of its own, no level that leaves for good, and one holiday: what sensor, topic, ratio, escape and
holidays are for is in the next table.""",
        columns=(
            "taken out",
            "false a week",
            "surge",
            "slow",
            "slower",
            "faint",
            "cluster",
            "storm",
            "a feed stops",
        ),
        parts={
            "nothing": "*nothing*",
            "surge": "detector surge",
            "city": "detector city",
            "silence": "detector silence",
            "sensor": "detector sensor",
            "cluster": "detector cluster",
            "drift": "detector drift",
            "topic": "detector topic",
            "city factor": "city factor",
            "cap": "cap of one bucket",
            "guard": "guard of the level",
            "escape": "escape of the level",
            "holidays": "holidays",
            "profile of the week": "profile of the week",
            "ratio": "ratio of a place",
            "s2": "s² of the variance",
            "strata": "strata of surge",
            "weights of strata": "weights of strata",
            "cross-fit": "cross-fit of the second stage",
        },
    ),
    purposes=purpose_words.ENGLISH,
    door=door_table.ENGLISH,
    nab_parts=nab_parts.ENGLISH,
    scan="""### The scan over neighbourhoods

`python -m benchmarks.scan`, seeds {seeds}: a rise for a day in a circle of a simulated city of 60 areas,
where it exceeds five deviations of a Poisson count. Each detector alone, at the line that quiet weeks cross
once a week: share found within the day, and of these the median delay where they are half.""",
    scan_cost="Processor time of a bucket on a shared machine, mean and longest, by the longest windows:",
    scan_columns=("rise", "areas", "tries", "surge (areas alone)", "cluster"),
    cost_columns=("areas", "categories", "windows", "score, ms", "longest", "learn, ms", "ratio to surge"),
    noufaily="""### Simulated weekly counts

`python -m benchmarks.noufaily`: {series} series, 42 scenarios of Noufaily et al. 2013 and
Bédubourg & Le Strat 2017, the last 49 of 624 weeks judged, seed {seed};
R's `surveillance` on the same series; one threshold a method for all scenarios. Detected: outbreaks with an
alarm in one of their weeks; timeliness: share of an outbreak before its first alarm (lower is better); weeks:
outbreak weeks in alarm; sd: of the rate over scenarios; after: rate in the four weeks after an outbreak.
CUSUM's expectation, as the package makes it, knows a season but no trend.""",
    labelled="""### Real series with marked outbreaks

`python -m benchmarks.labelled`: {series} weekly series, {weeks} judged weeks
from their third year on, but {outbreaks} outbreaks: one of them is
{one}, so that small differences mean nothing.""",
    nab="""### Numenta Anomaly Benchmark

`python -m benchmarks.nab`: {series} series, {rows} rows, one threshold for the
corpus, scored by the benchmark's rules written anew. As a check, a windowed Gaussian gets its published
39.6, 20.9 and 47.4 at one threshold; a finer search than theirs finds a better one. Published for others
(standard): HTM 70.1, ARTime 74.9, random cut forest 51.7. Which measures are taken, and how loud a second
alarm must be, was chosen on this corpus among some 45 variants; the halves cross the threshold only. Expect
somewhat less of data that nobody has looked at.""",
    columns=("rate", "method", *COLUMNS),
    methods={
        "tocsin": "**slow loop** (`tocsin score`)",
        "knows the true mean": "*the same score, knowing the true mean*",
        "farrington": "Farrington Flexible (muan)",
        "ears-c1": "EARS C1",
        "ears-c2": "EARS C2",
        "ears-c3": "EARS C3",
        "glr-nb": "GLR, negative binomial",
        "cusum": "CUSUM (rossi, glm)",
    },
    marks=(
        "**device's own past** (`tocsin score --sensor`)",
        "… judged at the threshold of the corpus' other half",
        "windowed Gaussian",
        "… at the threshold of its published marks",
    ),
    profiles=("standard", "low FP", "low FN"),
)

CHINESE: Final = Words(
    city="""### 模拟城市，以及只认识单个序列的同类方法

`python -m benchmarks.city_peers {arguments}`：一座模拟城市，60 个片区、20 个类别，
以第 4 至 10 周校准，在第 10 至 16 周评判；种子 {seeds}，共 {weeks} 个城市周，
因此预算为二时的频率误差约为 {error}。召回率，以及已发现者的延迟中位数。缓升为两天内 60 % 的上升，
聚集为六个相邻片区一天 40 % 的上升；风暴在就全市告知时才算；信息源在全市或十个片区停止。""",
    city_peers="""下一张表为种子 {seeds}，共 {weeks} 个城市周：同样的计数按小时给出；
每种同类方法都按 Tocsin 的方式融合，其门槛使它在每个种子上的误报不多于预算为二时的 Tocsin；
信息源的报警不计，因为同类方法都没有。
这个门槛知道被评判各周的真相，而 Tocsin 的门槛由此前各周得出。除 river 的以外，都按作者的文章写成；
都不知道节假日、相邻片区和整座城市。一种方法的全部序列共用一个门槛：
在稀疏序列中，一次有许多来电的事故会排在别处的突增之前。
繁忙序列是指预期每小时有一个或更多事件的序列：在那里，只在注入过突增之处询问同类方法。小时按钟表划分，
持续一小时的突增大多分落在两个半边。""",
    city_columns=(
        "预算",
        "方法",
        "每周误报",
        "每周风暴中的报警",
        "突增",
        "缓升",
        "聚集",
        "每周信息源的误报",
        "风暴",
        "信息源停止，全市",
        "信息源停止，片区",
    ),
    years=Years(
        text="""### 一年中预算的代价

`python -m benchmarks.city_years SEED`，带 `--hours` 时以一小时为时段：同一座城市，只有风暴，
十周校准之后为 52 周的一年；控制器每周修正门槛。种子：{seeds}。风暴中的报警由人员确认，不计代价；
其余每次都是误报。""",
        columns=(
            "时段",
            "预算",
            "年数",
            "每周误报",
            "五分之一以内的年份",
            "最低的一年",
            "最高的一年",
            "每周风暴中的报警",
        ),
    ),
    own="**Tocsin**，预算 2",
    peers={
        "Farrington Flexible, hours": "Farrington Flexible，小时",
        "Farrington Flexible, hours, busy series": "Farrington Flexible，小时，繁忙序列",
        "Farrington Flexible, days": "Farrington Flexible，天",
        "Farrington Flexible, days, busy series": "Farrington Flexible，天，繁忙序列",
        "EWMA, busy series": "EWMA，繁忙序列",
        "river GaussianScorer, busy series": "river GaussianScorer，繁忙序列",
    },
    found="{all} 中的 {share}，{hours} h",
    found_none="{all} 中的 0",
    ablation=Ablation(
        text="""### 每个部分值多少

`python -m benchmarks.ablation {arguments}`：每次从程序中取走一个部分，预算为二，
在同样的 {weeks} 个城市周中：上述城市，另加更慢的上升。召回率，以及已发现者的延迟中位数。
缓升：两天内 60 %；更缓：四天内 30 %，再保持四天；微弱：一周内 20 %，再保持一周。
误报率的标准误为 {rate}，突增召回率的为 {surges}，全部缓升召回率的为 {rises}；各行的城市相同，
因此相差一件是真实的，但说明不了什么。风暴只算就全市告知的。这座城市没有传感器，没有文字，没有自有节律的地点，
没有一去不返的水平，只有一个假日：传感、用语、比率、作废和节假日所针对的，见下一张表。""",
        columns=("取走", "每周误报", "突增", "缓升", "更缓", "微弱", "聚集", "风暴", "信息源停止"),
        parts={
            "nothing": "*无*",
            "surge": "检测器 surge（突增）",
            "city": "检测器 city（全市）",
            "silence": "检测器 silence（静默）",
            "sensor": "检测器 sensor（传感）",
            "cluster": "检测器 cluster（聚集）",
            "drift": "检测器 drift（缓升）",
            "topic": "检测器 topic（用语）",
            "city factor": "全市系数",
            "cap": "单个时段的封顶",
            "guard": "水平的约束",
            "escape": "水平的作废",
            "holidays": "节假日",
            "profile of the week": "一周的轮廓",
            "ratio": "地点的比率",
            "s2": "方差的 s²",
            "strata": "surge 的分层",
            "weights of strata": "各层的权重",
            "cross-fit": "第二阶段的交叉拟合",
        },
    ),
    purposes=purpose_words.CHINESE,
    door=door_table.CHINESE,
    nab_parts=nab_parts.CHINESE,
    scan="""### 对邻域的扫描

`python -m benchmarks.scan`，种子 {seeds}：在 60 个片区的模拟城市中，
某个圆内的片区上升一天，且上升超过泊松计数的五个标准差。每个检测器单独评判，
门槛是平静周里每周越过一次的那条线：当天内发现的比例；发现过半时，另给已发现者的延迟中位数。""",
    scan_cost="在与他人共用的机器上，一个时段所用的处理器时间（平均与最长），取城市最长的若干窗口：",
    scan_columns=("上升", "片区", "次数", "突增（单个片区）", "聚集"),
    cost_columns=("片区", "类别", "窗口", "打分，毫秒", "最长", "学习，毫秒", "打分与突增之比"),
    noufaily="""### 模拟的每周计数

`python -m benchmarks.noufaily`：{series} 个序列，取自 Noufaily 等 2013 和 Bédubourg & Le Strat 2017 的 42
种情形，评判 624 周中的最后 49 周，种子 {seed}；R 的 `surveillance` 用于同样的序列；
每种方法对全部情形用同一个门槛。检出：至少有一周报警的暴发；及时性：
首次报警之前已过去的暴发份额（越低越好）；周：报警的暴发周；标准差：频率在各情形之间的标准差；之后：
暴发后四周内的频率。CUSUM 的预期由该软件包得出，知道季节而不知道趋势。""",
    labelled="""### 标有暴发的真实序列

`python -m benchmarks.labelled`：{series} 个每周序列，从各自第三年起评判 {weeks} 周，
但只有 {outbreaks} 次暴发：一次就是 {one}，因此小的差别不说明什么。""",
    nab="""### Numenta 异常基准

`python -m benchmarks.nab`：{series} 个序列，{rows} 行，全部语料用同一个门槛，按重新写成的该基准规则评分。
作为核对，窗口高斯在一个门槛上得到其公布的 39.6、20.9 和 47.4；比他们更细的搜索能找到更好的门槛。
其他方法公布的（标准）：HTM 70.1，ARTime 74.9，随机切割森林 51.7。采用哪些度量、第二次报警须有多响，
是在这份语料上从约 45 种变体中选出的；两半互换的只是门槛。对于没有人看过的数据，结果应略低一些。""",
    columns=("频率", "方法", "检出", "首周", "及时性", "周", "频率的标准差", "之后"),
    methods=ENGLISH.methods
    | {
        "tocsin": "**慢循环**（`tocsin score`）",
        "knows the true mean": "*同样的分值，但知道真实均值*",
        "glr-nb": "GLR，负二项",
    },
    marks=(
        "**设备自身的过去**（`tocsin score --sensor`）",
        "…… 按语料另一半的门槛评判",
        "窗口高斯",
        "…… 按其公布分数的门槛",
    ),
    profiles=("标准", "低误报", "低漏报"),
)
