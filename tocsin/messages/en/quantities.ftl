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
    [one] an hour
   *[other] { $n } hours
}
span-days = { $n ->
    [one] a day
   *[other] { $n } days
}
span-months = { $n ->
    [one] a month
   *[other] { $n } months
}
span-years = { $n ->
    [one] a year
   *[other] { $n } years
}
interval-once-in = once in { $span }
interval-rarer-than = less than once in { $span }
duration-minutes = { $n } min
