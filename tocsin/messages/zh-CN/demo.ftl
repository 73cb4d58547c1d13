# tocsin demo 打印的表格。
demo-title = { $city }，{ $from } 至 { $to }：发生了什么，系统看见了什么
demo-false-title = 故事中没有起因的预警
demo-no-false = 没有无起因的预警。
demo-column-what = 事件
demo-column-began = 实际开始
demo-column-seen = 首次发现
demo-column-delay = 相隔
demo-column-told = 通知了谁
demo-column-reached = 达到的状态
demo-column-answered = 谁作出回应，何时

demo-part-wages = 拖欠工资投诉缓慢上升，{ $place }
demo-part-drill = 演练：火灾，{ $place }
demo-part-repeats = 同样的记录反复送来，{ $place }
demo-part-gas = 燃气异味越过区界，{ $place }
demo-part-limit = 燃气传感器达到限值，{ $place }
demo-part-outage = 信息源中断，{ $place }
demo-part-storm = 全市大风

demo-not-seen = 未发现
demo-seen-alone = 已发现，未预警
demo-nothing-to-see = 无需发现：{ $n } 条重复只计一次
demo-no-alarm = 无预警
demo-nobody = 无人
demo-units = { $first }等，另有 { $n } 个
demo-blind = { $n } 个单位情况不明，没有一个显示为平静
demo-in-drill = 演练中{ $standing }；真实状态不变
demo-at = { $unit }{ $standing }
demo-answer = { $time } { $actor }：{ $act }
demo-refused = { $time } { $actor }：{ $act }（未受理）
demo-overdue = 超时 { $n } 次，已报上一级
demo-more-answers = 另有 { $n } 次

demo-act-acknowledge = 签收
demo-act-confirm = 确认属实
demo-act-reject = 判为误报
demo-act-declare = 启动响应
demo-act-ratify = 追认
demo-act-co-sign = 联签
demo-act-stand-down = 终止响应
demo-act-whistle = 吹哨
demo-act-report-in = 报到
demo-act-hand-over = 移交上级
demo-act-silence = 静音
demo-act-begin-drill = 开始演练
demo-act-end-drill = 结束演练

demo-summary = { $weeks } 周历史、{ $days } 天故事，共 { $records } 条记录；日志 { $entries } 条，种子 { $seed }。
demo-hash = 日志末条散列：{ $hash }
demo-progress-history = 数周历史
demo-progress-story = 三天故事
demo-console = 控制台：{ $address }（故事时间继续；Ctrl-C 结束）
