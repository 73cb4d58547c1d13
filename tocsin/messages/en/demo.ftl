# The table that tocsin demo prints.
demo-title = { $city }, { $from } to { $to }: what happened, and what was seen of it
demo-false-title = Warnings for which the story gives no reason
demo-no-false = No warning without a reason in the story.
demo-column-what = what
demo-column-began = began in truth
demo-column-seen = first seen
demo-column-delay = after
demo-column-told = who was told
demo-column-reached = reached
demo-column-answered = who answered, and when

demo-part-wages = Complaints of unpaid wages grow, { $place }
demo-part-drill = Drill: fire, { $place }
demo-part-repeats = Everything comes again and again: { $place }
demo-part-gas = Gas smell crosses a district border, { $place }
demo-part-limit = Gas sensor at its limit, { $place }
demo-part-outage = A feed dies: { $place }
demo-part-storm = Gale over the whole city

demo-not-seen = not seen
demo-seen-alone = seen, no warning
demo-nothing-to-see = nothing to see: { $n } repeats counted once
demo-no-alarm = no alarm
demo-nobody = nobody
demo-units = { $first } and { $n } more
demo-blind = { $n } units blind, none calm
demo-in-drill = { $standing } in the drill; the real unit stayed as it was
demo-at = { $standing } at { $unit }
demo-answer = { $time } { $actor }: { $act }
demo-refused = { $time } { $actor }: { $act } (refused)
demo-overdue = { $n } times overdue, told one tier up
demo-more-answers = and { $n } more

demo-act-acknowledge = acknowledged
demo-act-confirm = confirmed
demo-act-reject = rejected
demo-act-declare = declared
demo-act-ratify = ratified
demo-act-co-sign = co-signed
demo-act-stand-down = stood down
demo-act-whistle = whistled
demo-act-report-in = reported in
demo-act-hand-over = handed over
demo-act-silence = silenced
demo-act-begin-drill = began the drill
demo-act-end-drill = ended the drill

demo-summary = { $records } records in { $weeks } weeks of history and { $days } days of story; { $entries } journal entries, seed { $seed }.
demo-hash = Last hash of the journal: { $hash }
demo-progress-history = weeks of history
demo-progress-story = three days of story
demo-console = Console: { $address } (story time goes on; Ctrl-C ends it)
