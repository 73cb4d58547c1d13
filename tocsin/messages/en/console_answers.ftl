# The pages behind the links of messages.
console-answer-shown = Acknowledge?
console-answer-answered = Acknowledged
console-answer-refused = Nothing has changed
console-answer-used = This link was used
console-answer-expired = This link is over
console-answer-forged = This link is not ours
console-answer-ask = { $name } acknowledges for { $unit }. Opening this page has changed nothing.
console-answer-done = { $unit }, { $at }. It stands in the journal.
console-answer-used-why = It answered at { $at }, and a link answers once. The console says what is owed now.
console-answer-expired-why = A link lasts one day. The console says what is owed now.
console-answer-forged-why = It was changed on the way, or made elsewhere. Nothing has changed. Open the link of the message itself.
console-answer-nobody-why = The person whom it was sent to is no longer on the list.
console-answer-stands = Now: { $standing }.
console-answer-stands-about = Now: { $standing }. { $what }.
