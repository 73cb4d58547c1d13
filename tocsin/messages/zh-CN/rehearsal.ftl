# 历史重演：让录下的历史通过城市的实时工作进程。
rehearsal-delivery = 历史重演，并非正在发生：{ $line }
console-rehearsal-notice = 历史重演：正在回放录下的历史。此处的一切并非正在发生。
