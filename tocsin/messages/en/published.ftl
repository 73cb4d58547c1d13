# What a published warning says: the fields that article 64 asks for, in sentences.
published-again = { $unit }: { $standing }, nothing has changed; warned of since { $since }.
published-stands = { $event }, { $areas }. { $standing }, { $rank }, since { $since }. { $why } Issued by { $issuer } at { $sent }.
published-ended = { $event }, { $areas }. { $standing }. { $why } Issued by { $issuer } at { $sent }.
published-unchanged = Nothing has changed.
published-expected = Expected to last until { $until }.
published-instruction = What to heed: { $heed } Measures: { $measures }.
published-heed = keep away from the places named, follow what those on duty there say, and look for further notices.
published-measures-watchful = the plan is started, reports are collected and looked into, the public is informed
published-measures-ready = the plan is started, teams stand by, resources are made ready, closing and clearing places is prepared
published-measures-first = first measures at the place, until a person in charge decides
published-measures-response = the plan of the response is carried out
published-over = What was to be heeded no longer applies. What may follow is still watched.
published-rejected = This was a false alarm: nothing is to be heeded.
