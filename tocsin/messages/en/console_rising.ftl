# Since when a slow rise lasts.
console-rising = rising since { $since }
console-part-date = { $day }/{ $month }
console-part-night = { $day ->
        [0] early today
        [1] early on Monday
        [2] early on Tuesday
        [3] early on Wednesday
        [4] early on Thursday
        [5] early on Friday
        [6] early on Saturday
       *[7] early on Sunday
    }
console-part-morning = { $day ->
        [0] this morning
        [1] Monday morning
        [2] Tuesday morning
        [3] Wednesday morning
        [4] Thursday morning
        [5] Friday morning
        [6] Saturday morning
       *[7] Sunday morning
    }
console-part-afternoon = { $day ->
        [0] this afternoon
        [1] Monday afternoon
        [2] Tuesday afternoon
        [3] Wednesday afternoon
        [4] Thursday afternoon
        [5] Friday afternoon
        [6] Saturday afternoon
       *[7] Sunday afternoon
    }
console-part-evening = { $day ->
        [0] this evening
        [1] Monday evening
        [2] Tuesday evening
        [3] Wednesday evening
        [4] Thursday evening
        [5] Friday evening
        [6] Saturday evening
       *[7] Sunday evening
    }
