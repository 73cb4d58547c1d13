# What people owe.
console-duty-acknowledge = acknowledge { $subject }
console-duty-ratify = ratify level { $level } in { $unit }
console-duty-co-sign = co-sign level { $level } in { $unit }
console-duty-report-in = report in to { $unit }
console-duty-answer = answer { $child }
console-duty-decide = Decide
console-duty-verb-acknowledge = acknowledge
console-duty-verb-ratify = ratify
console-duty-verb-co-sign = co-sign
console-duty-verb-report-in = report in
console-duty-verb-answer = answer
console-over = { $duration } over
console-called-again = { $n ->
    [one] called once more, again at { $time }
   *[other] called { $n } times more, again at { $time }
}
console-duty-rests = all calls used, still open
console-asked-report-in = whistled { $time } by { $actor }
console-asked-co-sign = asked { $time } by { $actor }
console-asked-ratify = since { $time } by { $actor }
console-asked-acknowledge = since { $time } by { $actor }
console-asked-answer = called { $time } by { $actor }
console-done = Done: { $what }
console-done-title = Done lately
console-done-acknowledge = { $time } { $unit } acknowledged
console-done-acknowledge-early = { $time } { $unit } acknowledged ({ $early } early)
console-done-ratify = { $time } ratify { $actor }
console-done-ratify-early = { $time } ratify { $actor } ({ $early } early)
console-done-co-sign = { $time } co-sign { $actor }
console-done-co-sign-early = { $time } co-sign { $actor } ({ $early } early)
console-done-report-in = { $time } { $actor } reported in
console-done-report-in-early = { $time } { $actor } reported in ({ $early } early)
console-done-answer = { $time } { $unit } answered
console-done-answer-early = { $time } { $unit } answered ({ $early } early)
console-done-late = Late: { $due } { $unit } { $what } at { $time }, { $over } over
console-done-word-acknowledge = acknowledged
console-done-word-ratify = ratified
console-done-word-co-sign = co-signed
console-done-word-report-in = reported in
console-done-word-answer = answered
console-you-owe = You owe: { $what } by { $time }
console-you-owe-short = You owe: { $what }
console-mine-nothing = You owe nothing now
