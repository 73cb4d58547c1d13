# 缓升从何时开始。
console-rising = { $since }起持续上升
console-part-date = { $month } 月 { $day } 日
console-part-night = { $day ->
        [0] 今天凌晨
        [1] 周一凌晨
        [2] 周二凌晨
        [3] 周三凌晨
        [4] 周四凌晨
        [5] 周五凌晨
        [6] 周六凌晨
       *[7] 周日凌晨
    }
console-part-morning = { $day ->
        [0] 今天上午
        [1] 周一上午
        [2] 周二上午
        [3] 周三上午
        [4] 周四上午
        [5] 周五上午
        [6] 周六上午
       *[7] 周日上午
    }
console-part-afternoon = { $day ->
        [0] 今天下午
        [1] 周一下午
        [2] 周二下午
        [3] 周三下午
        [4] 周四下午
        [5] 周五下午
        [6] 周六下午
       *[7] 周日下午
    }
console-part-evening = { $day ->
        [0] 今天晚上
        [1] 周一晚上
        [2] 周二晚上
        [3] 周三晚上
        [4] 周四晚上
        [5] 周五晚上
        [6] 周六晚上
       *[7] 周日晚上
    }
