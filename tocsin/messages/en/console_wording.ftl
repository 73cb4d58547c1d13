# New wording in what people write.
console-wording-here = { $held } of { $texts } reports here use wording that is new for this place ({ $usual }).
console-wording-around = { $held } of { $texts } reports in and around here use wording that is new there ({ $usual }).
console-wording-usual = usual: 1 in { $n }
console-wording-usual-rare = usual: fewer than 1 in { $n }
console-wording-sample = new wording
