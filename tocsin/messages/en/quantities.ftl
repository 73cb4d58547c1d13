# Times and intervals in words.
duration-s = { $n } s
duration-min = { $n } min
duration-h = { $n } h
duration-days = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
duration-min-s = { $n } min { $s } s
span-hours = { $n ->
    [one] hour
   *[other] { $n } hours
}
span-days = { $n ->
    [one] day
   *[other] { $n } days
}
span-months = { $n ->
    [one] month
   *[other] { $n } months
}
span-years = { $n ->
    [one] year
   *[other] { $n } years
}
interval-once-in = once in { $span }
interval-rarer-than = less than once in { $span }
duration-minutes = { $n } min
