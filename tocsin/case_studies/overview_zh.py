"""The first page of the case studies in Chinese."""

from typing import Final

from tocsin.case_studies.overview import OverviewWords
from tocsin.case_studies.staleness import BEHAVIOUR_WEEKS

CHINESE: Final = OverviewWords(
    title="# 案例\n\nEnglish: [Case studies](../../case-studies/README.md)",
    method="""
真实地方录下的事件流经过完整的程序，与 `tocsin replay` 的做法相同，采用本项目建议的设置，预算为每周 2 次预警。
数据不属于我们，不能随附：它在项目之外，文件名写在每座城市的 `study.toml` 中。各案例的页面以英文写成，
末尾有中文摘要。

## 方法

* **已知什么**，写在 `config/cities/<city>/study.toml` 中：有事发生的日子，和信息源停止的时段。
  它写于查看任何预警之前。没有一项设置是看着这些日子选定的；调整都在模拟城市上进行。
* **是标尺，不是对手。** 一次冲击何时“看得出”，由事后的简单计数决定：连续四小时中至少有 8 条记录，
  且超出此前至多八周同一时刻 6 个标准差以上，取满足此条件的第一个小时。它只看已知的类别；
  程序并不知道该看哪些。
* **首次预警**是冲击期间，其任一类别的热点达到 IV 级或以上的第一个时段。实时运行知道得更晚，
  晚信息源的允许迟到和一分钟；延迟从那时算起。信息源本身显示记录较晚的，谁也不可能更早预警。
* **告知**的是状态机被证据提升的单位：三个时段中须有两个一致，所以只有一个时段的预警可能谁也不告知。
  重放中没有工作人员：无人签收、确认或终止，因此仍处于高级别的单位不会就下一件事再次获知，
  人本会判为误报的也没有判。
* **平静周**是预热之后、没有已知冲击或中断的完整的当地周。其中的预警只计数，不评判：有些是真的，
  只是没有人记录。成批录入的旧案也计为平静周的预警：它们不是城市的麻烦。
* **静默**从中断前最后一条记录，量到实时运行说出静默的时刻。*情况不明*比*静默*更强：
  情况不明的单位说自己不知道，而不是说平静。

## 重新制作

```sh
make case-studies                                              # 全部，几分钟
python -m tocsin.case_studies --data DIR --only boston         # 一个
python -m tocsin.case_studies --render                         # 由保存的事实生成页面和图
```

数据目录是 `--data`，否则是环境变量 `TOCSIN_DATA`，否则是项目旁边名为 `data` 的目录。
每个页面旁边有 `<city>.json`，即以朴素事实记下的所见，页面和图由它生成。

## 页面何时过期？
""",
    stale=f"""测试把页面和图与事实相比，把城市的文件和数据与事实中的摘要相比，
并把程序对最小的两套数据前 {BEHAVIOUR_WEEKS} 周的决定与其摘要相比。数据不在时，后两项跳过并说明。
代码的改动若只影响其他各套，或只在 {BEHAVIOUR_WEEKS} 周之后才有影响，这些测试看不到：
改动检测之后请重新制作。
""",
    table_head="## 一览",
    columns=(
        "数据", "记录", "有预警的冲击", "中位延迟", "识别为静默的中断", "全市标为情况不明", "平静周每周预警",
        "平静周",
    ),
    note=(
        "延迟：从简单计数到实时运行的首次预警，负数表示预警在先；漏掉的冲击见第三列，不在延迟之中。"
        "min 为分钟，h 为小时。\n"
    ),
    of="/",
    folder="../../case-studies/",
    title_of=lambda study: study.title_zh,
)  # fmt: skip
