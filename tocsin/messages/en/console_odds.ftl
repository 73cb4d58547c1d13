# How often officers confirmed alerts like this one, where a model learnt that.
console-odds = Officers confirmed { $n } of 10 like this one.
console-odds-few = Officers confirmed fewer than 1 of 10 like this one.
console-odds-most = Officers confirmed more than 9 of 10 like this one.
