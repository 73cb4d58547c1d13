# Who was told and has not answered, and what is hidden by whom.
console-told-waits = not delivered yet
console-told-failed = could not be delivered
console-told-goes-up = { $name }: { $how }, has not answered; goes to { $upper } at { $time }.
console-told-called-again = { $name }: { $how }, has not answered; is called again at { $time }.
console-unit-silenced = Silenced by { $who } until { $time }; a higher rank is told all the same.
console-unit-silenced-why = { $said } Reason: { $why }
