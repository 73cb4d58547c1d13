# Addresses at which nothing is served.

console-no-such-page = Nothing is served here
console-no-such-page-why = { $path } is no address of this console. The city is at /, and events are sent to /intake/ and the name of a feed.
console-no-such-method = Not done this way
console-no-such-method-why = { $path } does not answer { $method }, only { $allow }. Nothing has changed.
console-no-such-line = { $path }: nothing is served here: open /, or send events to /intake/ and the name of a feed
console-no-such-method-line = { $path }: does not answer { $method }: use { $allow }
