# A rehearsal: recorded history played through a city's live workers.
rehearsal-delivery = REHEARSAL of recorded history, not happening now: { $line }
console-rehearsal-notice = A rehearsal: recorded history is played back. Nothing here is happening now.
