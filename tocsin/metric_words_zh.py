"""What each metric means, in Chinese: the page docs/zh-CN/metrics.md is rendered with these words."""

from typing import Final

MEANINGS: Final = {
    "tocsin_events_total": "记录数，按信息源和结果：已采用或已拒收。",
    "tocsin_rejected_events_total": "未计入的记录，按信息源和原因。",
    "tocsin_dead_letters": "因读不懂而保存的记录，按信息源和原因。",
    "tocsin_intake_requests_total": (
        "各入口（http、mqtt、kafka）的答复或处理结果，以 HTTP 状态码表示；不知道是哪个信息源时不填。"
    ),
    "tocsin_feed_watermark_timestamp_seconds": "此时刻（UTC 秒）之前的一切视为完整，按信息源。",
    "tocsin_feed_lag_seconds": "信息源的水位线落后时钟多少。",
    "tocsin_feed_heard_age_seconds": "信息源最新的事件是多久以前到的；启动后第一个事件之前没有样本。",
    "tocsin_feed_silence": "0 有声，1 在某些片区周围静默，2 全市静默。",
    "tocsin_rehearsal": "正在回放历史、没有一件事正在发生时为 1。",
    "tocsin_sealed_buckets_total": "已永久关闭的时段。",
    "tocsin_sealing_lag_seconds": "最新封存时段的末尾落后时钟多少。",
    "tocsin_sealing_overdue": "到期的时段未能封存时为 1：是否平静，不得而知。",
    "tocsin_waiting_messages": "已保存、尚未读取的原始消息。",
    "tocsin_archive_wait_seconds": ("已结束而等待归档的最早一天等了多久；一小时属正常，没有等待的为 0。"),
    "tocsin_housekeeping_failed": "上一轮归档和删除失败时为 1；每小时重试。",
    "tocsin_ledger_records_total": "已求值的总账记录。",
    "tocsin_decision_timestamp_seconds": "城市的决定时间（UTC 秒）。",
    "tocsin_decision_age_seconds": "决定时间落后时钟多少：超过三分钟，即无人作决定。",
    "tocsin_journal_entries_total": "决定日志的条目。",
    "tocsin_hotspots_open": "未结的热点，按类别。",
    "tocsin_hotspot_risk_max": "热点的最高风险，0 至 1。",
    "tocsin_hotspot_risk": "最严重的各热点的风险，0 至 1。",
    "tocsin_hotspot_rank": "其风险达到的线：0 平静，1 关注，2 IV，3 III，4 II，5 I。",
    "tocsin_hotspot_observed": "解释它的窗口中的事件数。",
    "tocsin_hotspot_expected": "该处预期的事件数。",
    "tocsin_hotspot_age_seconds": "它在多久以前开始。",
    "tocsin_area_risk": "涉及该片区的热点的最高风险，0 至 1；unit 是其街道。",
    "tocsin_area_rank": "该风险达到的线：0 平静，1 关注，2 IV，3 III，4 II，5 I。",
    "tocsin_unit_mode": "单位的状态：0 常态，1 监测，2 预警，3 先期处置，4 应急响应，5 恢复。",
    "tocsin_unit_rank": "单位的级别：0 平静，1 关注，2 IV，3 III，4 II，5 I。",
    "tocsin_unit_response": "生效的响应级别：0 无，2 IV，3 III，4 II，5 I。",
    "tocsin_unit_blind": "必需的信息源在该处静默时为 1：平静与否无从得知。",
    "tocsin_unit_drilling": "单位正在演练时为 1；此处其余一切均为实况。",
    "tocsin_alerts_open": "未结的告警：未签收，或已由人签收。",
    "tocsin_duties_open": "有待人员完成的待办，按单位和种类。",
    "tocsin_duties_overdue": "其中至少一次超过时限的。",
    "tocsin_duty_left_seconds": "距下一个时限还有多久，已过则为负；呼叫次数用尽的没有样本。",
    "tocsin_deliveries": "派发，按状态：待送、已送达、被拒收、已放弃、已随汇总送出。",
    "tocsin_answer_links_total": "打开消息链接的请求：已显示、已签收、未受理、已用过、已过期、伪造。",
    "tocsin_budget_allowed_alarms": "城市每周允许的误报次数。",
    "tocsin_budget_spent_alarms": "当地周一以来无人确认的告警。",
    "tocsin_warming_up": "历史太短、尚不能预警时为 1。",
    "tocsin_unit_info": "恒为 1；单位的层级、上级单位和名称。",
    "tocsin_feed_info": "恒为 1；信息源的种类、是否为某单位所必需、名称。",
    "tocsin_category_info": "恒为 1；类别的名称。",
    "tocsin_step_seconds": "总账的一条记录求值所用的时间。",
    "tocsin_raw_messages_total": "其行已在总账中的原始消息。",
    "tocsin_raw_expected_offset": "源分区在此偏移之前的一切已知都在总账中。",
    "tocsin_raw_lag_messages": "源分区尚待读取的消息。",
    "tocsin_ledger_done_offset": "下一条要求值的记录；待命者为 -1。",
    "tocsin_ledger_safe_offset": "在此之前的记录已在检查点中；待命者为 -1。",
    "tocsin_ledger_lag_records": "等待求值的记录。",
    "tocsin_checkpoint_number": "最近一个自写检查点的编号；没有则为 -1。",
    "tocsin_checkpoint_epoch": "城市换过多少次所有者。",
    "tocsin_checkpoint_timestamp_seconds": "最近一个自写检查点的写出时刻（UTC 秒）；没有则为 0。",
    "tocsin_step_owner": "持有总账分区的工作进程为 1。",
    "tocsin_dispatch_checkpoint": "已看过的最新检查点。",
    "tocsin_deliveries_pending": "尚无人接受的派发。",
    "tocsin_model_misfit": "模型是否符合某个类别：0 符合，1 日复一日多于预期，-1 少于预期。",
    "tocsin_model_misfit_city": "同上，针对全市合计。",
}
"""By the metric's name; one that is not here is shown with its English meaning."""


def meaning(name: str, english: str) -> str:
    """What the metric means in Chinese, or its English words where there are none."""
    return MEANINGS.get(name, english)
