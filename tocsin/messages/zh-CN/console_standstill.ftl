# 停滞的设备。
console-standstill-same = 传感器 { $sensor } 已连续 { $duration }上报同一数值。
console-standstill-mute = 传感器 { $sensor } 已 { $duration }没有任何上报，而同一来源的其他设备仍在上报。
console-standstill-others = 此处另有 { $n } 台设备停滞。
console-standstill-both = { $said }{ $others }
console-detector-standstill = 停滞
