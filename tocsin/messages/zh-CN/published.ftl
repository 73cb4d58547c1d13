# 已发布的预警所说的内容：第六十四条要求的各项，写成句子。
published-again = { $unit }：{ $standing }，没有变化；自 { $since } 起预警。
published-stands = { $event }，{ $areas }。{ $standing }，{ $rank }，起始时间 { $since }。{ $why }{ $issuer }于 { $sent } 发布。
published-ended = { $event }，{ $areas }。{ $standing }。{ $why }{ $issuer }于 { $sent } 发布。
published-unchanged = 情况未变。
published-expected = 预计持续至 { $until }。
published-instruction = 警示事项：{ $heed }采取的措施：{ $measures }。
published-heed = 远离上述地点，听从现场值守人员的安排，留意后续通知。
published-measures-watchful = 启动预案，收集并研判信息，向公众发布信息
published-measures-ready = 启动预案，队伍待命，物资就位，准备关闭和疏散有关场所
published-measures-first = 现场先期处置，等待负责人决定
published-measures-response = 按预案开展应急响应
published-over = 上述警示事项不再适用，后续情况仍在监测。
published-rejected = 经核实为误报，无须采取任何措施。
