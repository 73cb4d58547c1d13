# What each alarm budget would have cost on an archive: tocsin tune.
tuning-span = { $city }, { $from_at } to { $to }: { $weeks } weeks of decisions
tuning-head-budget = Budget a week
tuning-head-rate = Would have cost a week
tuning-head-range = Likely range
tuning-head-busiest = Busiest week
tuning-head-alarms = Alarms in all
tuning-head-street = streets
tuning-head-district = districts
tuning-head-city = city
tuning-head-confirmed = Confirmed ones kept
tuning-head-rejected = Rejected ones kept
tuning-head-kind = What
tuning-head-area = Where
tuning-head-reason = Seen by
tuning-own = { $budget } (now)
tuning-of = { $n } of { $of }
tuning-meaning = The budget pays for alarms that nobody confirmed and that no alarm of the whole city explains. The range holds the long-run rate in four of five cities.
tuning-theory = Only theory set these budgets: calibration on the city’s own history needs { $weeks } weeks of scores, and a week behind them to count. Expect other figures later.
tuning-few = { $weeks } weeks are few: neighbouring budgets cannot be told apart yet.
tuning-labels = Answers are those of officers to alarms of the present budget; what a greater one would have raised besides, nobody has judged.
tuning-no-labels = No officer’s answer is in this archive, so every alarm counts as false, also those that were not.
tuning-by-kind = Alarms by what
tuning-by-area = Alarms by where
tuning-by-reason = Alarms by what saw most of them
tuning-others = { $n ->
        [one] 1 other
       *[other] { $n } others
    }
tuning-silence = { $feed } falls silent
tuning-whole-city = the whole city
tuning-unknown = not known
tuning-advice-greatest = Begin with { $budget }: the greatest of these budgets that most likely stays below { $answers } alarms a week (at most { $high }).
tuning-advice-keeps = Begin with { $budget }: the smallest of these budgets that keeps { $n } of { $of } confirmed alarms, and it most likely stays below { $answers } alarms a week (at most { $high }).
tuning-advice-too-many = Begin with { $budget }: even the smallest of these budgets may cost { $high } alarms a week, more than the { $answers } that can be answered. Try smaller ones, or look at what comes most often above.
tuning-advice-loses = It raises { $n } of the { $of } alarms that officers confirmed.
tuning-line = In tocsin.toml, below [detection]:  { $line }
tuning-written = { $path }: written
tuning-stands = { $path }: says so already
tuning-ledger = A city that runs takes a new budget at its next start, and keeps what it has learnt.
