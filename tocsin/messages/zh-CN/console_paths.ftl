# 没有任何内容的地址。

console-no-such-page = 此处没有内容
console-no-such-page-why = { $path } 不是本控制台的地址。全市页面在 /，事件发往 /intake/ 加信息源的名称。
console-no-such-method = 不是这样做的
console-no-such-method-why = { $path } 不接受 { $method }，只接受 { $allow }。一切未变。
console-no-such-line = { $path }：此处没有内容：打开 /，或将事件发往 /intake/ 加信息源的名称
console-no-such-method-line = { $path }：不接受 { $method }：用 { $allow }
