# 模型与实际不再相符之处。
console-data-misfit = 模型不再相符
console-data-misfit-more = { $category }：约自 { $since }起，每天都多于模型预期
console-data-misfit-fewer = { $category }：约自 { $since }起，每天都少于模型预期
console-data-misfit-more-city = 全市：约自 { $since }起，每天都多于模型预期
console-data-misfit-fewer-city = 全市：约自 { $since }起，每天都少于模型预期
console-data-misfit-note = 这说的是数据，不是告警。是否有类别改名、拆分或改变了统计口径？模型学会之前，这里的预期数不可靠。
