# 消息除正文外所带的内容，以及链接后的页面。
dispatch-exercise = 演练，并非真实情况。
dispatch-answer = 打开页面，再次确认后签收
dispatch-title = { $standing }，{ $unit }
dispatch-title-about = { $title }：{ $category }
dispatch-title-update = { $title }（更新 { $number }）
dispatch-title-exercise = 【演练】{ $title }
dispatch-title-digest = { $count } 条消息，最高 { $rank }
dispatch-digest = { $count } 条消息同时到达，涉及 { $units } 个单位。以下按级别列出各自最新一条：
dispatch-digest-more = 另有 { $count } 条，见控制台。
dispatch-warning = 风险预警
dispatch-headline = { $unit }：{ $event }。{ $standing }，{ $rank }。
dispatch-area = { $unit }：{ $areas }
