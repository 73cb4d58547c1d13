# 谁已获通知而未签收，以及谁隐去了什么。
console-told-waits = 尚未送达
console-told-failed = 无法送达
console-told-goes-up = { $name }：{ $how }，尚未签收；{ $time } 上报{ $upper }。
console-told-called-again = { $name }：{ $how }，尚未签收；{ $time } 再次呼叫。
console-unit-silenced = { $who } 已设静音至 { $time }；更高级别仍会通知。
console-unit-silenced-why = { $said }原因：{ $why }
