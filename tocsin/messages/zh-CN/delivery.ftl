# 接收方读到的文字：每个决定一行。
delivery-line = { $unit }：{ $standing }。{ $sentence }
delivery-about = { $line }{ $categories }。
delivery-due = { $line }{ $time } 前须{ $duty }。
delivery-exercise = 【演练】{ $line }
delivery-join = { $first }，{ $second }
delivery-reminder = { $unit }：{ $actor } 设置的静音已结束，仍有 { $count } 个告警未解除。
