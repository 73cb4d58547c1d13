# 消息中链接所打开的页面。
console-answer-shown = 签收？
console-answer-answered = 已签收
console-answer-refused = 状态未变
console-answer-used = 此链接已用过
console-answer-expired = 此链接已过期
console-answer-forged = 此链接无效
console-answer-ask = { $name }将为{ $unit }签收。打开本页没有改变任何状态。
console-answer-done = { $unit }，{ $at }，已记入日志。
console-answer-used-why = 已于 { $at } 签收；一个链接只能用一次。现在谁须处置，见控制台。
console-answer-expired-why = 链接有效期为一天。现在谁须处置，见控制台。
console-answer-forged-why = 链接在途中被改动，或不是本系统发出。状态未变，须打开消息中的原链接。
console-answer-nobody-why = 该消息的接收人已不在名单上。
console-answer-stands = 现为{ $standing }。
console-answer-stands-about = 现为{ $standing }：{ $what }。
