# 来电文字中的新说法。
console-wording-here = 此处 { $texts } 条报告中有 { $held } 条使用此地以往少见的说法（{ $usual }）。
console-wording-around = 此处及周边 { $texts } 条报告中有 { $held } 条使用当地以往少见的说法（{ $usual }）。
console-wording-usual = 平常 { $n } 条中有 1 条
console-wording-usual-rare = 平常 { $n } 条中不到 1 条
console-wording-sample = 新说法
