# Two runs beside each other, on a page of their own and on the command line.
comparing-title = Two replays beside each other
comparing-recorded = as recorded
comparing-what-if = what if { $changes }
comparing-same = A and B decide alike: the same alerts at the same minute, the same modes
comparing-verdict = B { $alerts }{ $leads }{ $rest }
comparing-verdict-same-alerts = raises the same { $n ->
        [one] alert
       *[other] { $n } alerts
    } as A
comparing-verdict-gained = raises { $n ->
        [one] 1 alert
       *[other] { $n } alerts
    } that A does not
comparing-verdict-lost = misses { $n } of A’s { $of }
comparing-verdict-both = { $gained } and { $lost }
comparing-verdict-leads = ; of the { $n } in both, { $earlier } come earlier and { $later } later
comparing-verdict-earlier = ; of the { $n } in both, { $earlier } { $earlier ->
        [one] comes
       *[other] come
    } earlier
comparing-verdict-later = ; of the { $n } in both, { $later } { $later ->
        [one] comes
       *[other] come
    } later
comparing-verdict-more = ; { $n } more alerts a week
comparing-verdict-fewer = ; { $n } fewer alerts a week
comparing-silences = A feed falls silent
comparing-verdict-modes = ; { $n ->
        [one] 1 unit stands
       *[other] { $n } units stand
    } otherwise for some time
comparing-verdict-lead-earlier = , { $duration } earlier in the middle
comparing-verdict-lead-later = , { $duration } later in the middle
comparing-span = Replay of { $from_at } to { $to } { $offset } · a replay tells nobody
comparing-run-policy = policy { $policy } · detection { $detection }
comparing-run-models = { " " }· ranked by { $models }
comparing-plain-map = the plain map
comparing-run-code = Tocsin { $version }, code { $code }
comparing-commands = what people did in the recorded history is kept where it fits
comparing-other-data = A and B rest on different data: what differs may come from there.
comparing-other-code = A and B were decided by different versions of the program.
comparing-other-libraries = A and B were reckoned with different versions: { $which }.
comparing-map = Map
comparing-map-at = At { $time }
comparing-map-none = The areas of this city are points: there is no map to draw.
comparing-legend-differ = A and B differ
comparing-legend-same = both the same
comparing-legend-normal = normal
comparing-legend-monitoring = monitoring
comparing-differences = Where they differ
comparing-differences-of = { $n } of { $of } changes
comparing-differences-none = All units stand alike at all times.
comparing-choose = Choose a moment: the map and both timelines show it.
comparing-time = Time
comparing-unit = Unit
comparing-costs = What it costs
comparing-weeks = { $n } weeks, { $from_at } to { $to }
comparing-measure = Measure
comparing-range = B − A, likely range
comparing-measure-alerts-a-week = Alerts a week
comparing-measure-confirmed-warned = Warned of what officers confirmed
comparing-measure-rejected-warned = Warned of what officers rejected
comparing-measure-messages-a-week = Messages to people a week
comparing-measure-woken = Messages a week between 23:00 and 06:00
comparing-of = { $n } of { $of }
comparing-timelines = Modes of A and B
comparing-timelines-outside = { $n ->
        [one] 1 change lies
       *[other] { $n } changes lie
    } outside this stretch
comparing-alerts = Alerts that changed
comparing-alerts-none = Every alert comes at the same minute in both.
comparing-change = Change
comparing-change-gained = only B
comparing-change-lost = only A
comparing-change-earlier = { $duration } earlier
comparing-change-later = { $duration } later
comparing-change-same = the same
comparing-what = What
comparing-where = Where
comparing-whole-city = the whole city
comparing-silence = { $feed } falls silent
comparing-not = not
comparing-tallies = By tier, unit and category
comparing-gained = gained
comparing-lost = lost
comparing-earlier = earlier
comparing-later = later
comparing-alike = same
comparing-tier-city = city
comparing-tier-district = districts
comparing-tier-street = streets
comparing-language = Language
comparing-written = { $path }: the same as a page
comparing-more = and { $n } more
comparing-budget = Budget
comparing-verdict-head = Against { $base }
comparing-none-of = none known
