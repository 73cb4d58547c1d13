# What a message carries beside its lines, and the page behind its link.
dispatch-exercise = EXERCISE. Nothing of this is real.
dispatch-answer = Acknowledge on a page that asks once more
dispatch-title = { $standing }, { $unit }
dispatch-title-about = { $title }: { $category }
dispatch-title-update = { $title } (update { $number })
dispatch-title-exercise = EXERCISE: { $title }
dispatch-title-digest = { $count } messages, gravest { $rank }
dispatch-digest = { $count } messages about { $units } units came together. The newest of each, gravest first:
dispatch-digest-more = And { $count } more: the console shows all.
dispatch-warning = Risk warning
dispatch-headline = { $unit }: { $event }. { $standing }, { $rank }.
dispatch-area = { $unit }: { $areas }
