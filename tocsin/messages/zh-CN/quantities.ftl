# 时长与重现期。
duration-s = { $n } 秒
duration-min = { $n } 分
duration-h = { $n } 小时
duration-days = { $n } 天
duration-min-s = { $n } 分 { $s } 秒
span-hours = { $n } 小时
span-days = { $n } 天
span-months = { $n } 个月
span-years = { $n } 年
interval-once-in = { $span }一遇
interval-rarer-than = { $span }不到一次
duration-minutes = { $n } 分钟
