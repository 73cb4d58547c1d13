# What a receiver reads: one line for each decision.
delivery-line = { $unit }: { $standing }. { $sentence }
delivery-about = { $line } { $categories }.
delivery-due = { $line } Owed by { $time }: { $duty }.
delivery-exercise = EXERCISE: { $line }
delivery-join = { $first }, { $second }
delivery-reminder = { $unit }: the silence by { $actor } is over; alerts that still stand: { $count }.
