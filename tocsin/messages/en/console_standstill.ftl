# A device that stands still.
console-standstill-same = Sensor { $sensor } has sent the same value for { $duration }.
console-standstill-mute = Sensor { $sensor } has sent nothing for { $duration }, while others of its feed go on.
console-standstill-others = { $n ->
        [one] 1 more here stands still.
       *[other] { $n } more here stand still.
    }
console-standstill-both = { $said } { $others }
console-detector-standstill = standstill
