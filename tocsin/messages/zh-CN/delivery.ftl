# 接收方读到的文字：每个决定一行。
delivery-line = { $unit }：{ $standing }。{ $sentence }
delivery-about = { $line }{ $categories }。
delivery-due = { $line }{ $duty }，限 { $time } 前完成。
delivery-exercise = 【演练】{ $line }
delivery-join = { $first }，{ $second }
