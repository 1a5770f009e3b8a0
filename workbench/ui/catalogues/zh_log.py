"""Chinese for sentences that services write: titles of plans, log entries and jobs, and reasons of decisions.

They are stored in English, so they are recognised by their form: `{places}` stand for what differs. The first form
that fits counts, so a special one stands before the general. A place `{what…}` is translated in its turn.
"""

from __future__ import annotations

from collections.abc import Mapping

from crlft.methods import METHODS
from workbench.ui.catalogues.zh_reasons import FILE_FAULTS, LOSSES, ROW_REASONS

_WHAT: Mapping[str, str] = {
    "1 conversation": "1 个对话",
    "{n} conversations": "{n} 个对话",
    "turn {n} of conversation {uid}": "对话 {uid} 的第 {n} 个轮次",
    "1 duplicate": "1 个重复",
    "{n} duplicates": "{n} 个重复",
    "fix {a}, flag {b}, drop {c}": "修正 {a}，标记 {b}，舍弃 {c}",
}

_DECISIONS: Mapping[str, str] = {
    "undo: {what}": "撤销：{what}",
    "redo: {what}": "重做：{what}",
    "tag {what} as agreed in panel {name}": "按评议组 {name} 的一致意见标注 {what}",
    "tag {what} as the model proposes": "按模型的建议标注 {what}",
    "tag {what} by rule": "按规则标注 {what}",
    "tag {what} as {name}": "把 {what} 标注为 {name}",
    "take the tag off {what}": "去掉 {what} 的标注",
    "accept suggestions for {what}": "接受 {what} 的建议",
    "rank one answer above {n} of the same prompt: {winner}, the others {loser}": (
        "同一提示下一个回答优于其余 {n} 个：它为 {winner}，其余为 {loser}"
    ),
    "drop {what} in {n} groups": "舍弃 {n} 组中的 {what}",
    "drop {what} in 1 group": "舍弃 1 组中的 {what}",
    "drop {what} that leak evaluation prompts": "舍弃泄漏评测提示的 {what}",
    "drop {what}": "舍弃 {what}",
    "keep {what}": "保留 {what}",
    "set back to pending {what}": "把 {what} 恢复为待定",
    "let {what} follow its conversation": "让 {what} 按所属对话计奖励",
    "give {what} their class's reward": "让 {what} 按类别计奖励",
    "give {what} the reward {value}": "把 {what} 的奖励设为 {value}",
    "edit turn {n} of conversation {uid}": "编辑对话 {uid} 的第 {n} 个轮次",
    "exclude turn {n} of conversation {uid}": "不学习对话 {uid} 的第 {n} 个轮次",
    "include turn {n} of conversation {uid}": "重新学习对话 {uid} 的第 {n} 个轮次",
    "comment on conversation {uid}": "为对话 {uid} 写备注",
    "clean {n} conversation: {what}": "清洗 {n} 个对话：{what}",
    "clean {n} conversations: {what}": "清洗 {n} 个对话：{what}",
    "confirm {n} tags": "确认 {n} 个标注",
    "reopen {n} tags": "重新打开 {n} 个标注",
    "make panel {name} of {what}": "建立评议组 {name}，含 {what}",
    "decide a conversation of panel {panel} as {name}": "把评议组 {panel} 的一个对话裁定为 {name}",
    "judge a conversation of panel {panel}": "评判评议组 {panel} 的一个对话",
    "make class {name}": "建立类别 {name}",
    "make five grades": "建立五个等级",
    "change class {name}": "更改类别 {name}",
    "remove class {name}": "删除类别 {name}",
    "set beta from {was} to {beta}": "把 β 从 {was} 改为 {beta}",
    "set rewards: {named}": "设置奖励：{named}",
    "came from row {row} of {file}": "来自 {file} 的第 {row} 行",
    "came from an import": "来自一次导入",
    "written by {run} asked under {condition}, prompt {prompt} of comparison {n}, edited before it came": (
        "由 {run} 在 {condition} 条件下写出，比较 {n} 的提示 {prompt}，带回前已编辑"
    ),
    "written by {run} asked under {condition}, prompt {prompt} of comparison {n}": (
        "由 {run} 在 {condition} 条件下写出，比较 {n} 的提示 {prompt}"
    ),
    "asked what conversation {uid} asks": "问了对话 {uid} 所问的内容",
    "{method} from base {base}": "{method}，基座 {base}",
    "trained on snapshot {name}": "训练数据：快照 {name}",
    "leave out of snapshots what asks a held-out prompt: up to {way}": (
        "快照不纳入问到留出提示的对话：直到 {way}"
    ),
    "set {n} held-out prompts": "设置 {n} 个留出的提示",
    "set {n} probe questions": "设置 {n} 个探测问题",
    "set {key}": "设置 {key}",
    "change the cleaning rules of one's own": "更改自定义清洗规则",
    "change the cleaning recipes": "更改清洗配方",
    "say which column is what": "指明各列的含义",
    "choose the embedder": "选择嵌入模型",
    "change the rules for tags": "更改标注规则",
    "change the saved views": "更改已存视图",
}

_ARRIVALS: Mapping[str, str] = {
    "import {names} and {n} more: {what}": "导入 {names} 等（另有 {n} 个）：{what}",
    "import {names} and {n} more": "导入 {names} 等（另有 {n} 个）",
    "import {names}: {what}": "导入 {names}：{what}",
    "import {names}": "导入 {names}",
    "restore what an undone import had dropped": "恢复被撤销的导入曾舍弃的对话",
    "rows of the quarantine sent again": "重新提交隔离区的行",
    "{n} row of the quarantine sent again": "重新提交隔离区的 {n} 行",
    "{n} rows of the quarantine sent again": "重新提交隔离区的 {n} 行",
    "bring back answers of comparison {id}": "带回比较 {id} 的回答",
    "bring back {n} answer of comparison {id} for round {round}": "带回比较 {id} 的 {n} 个回答，进入第 {round} 轮",
    "bring back {n} answers of comparison {id} for round {round}": (
        "带回比较 {id} 的 {n} 个回答，进入第 {round} 轮"
    ),
}

_WORK: Mapping[str, str] = {
    "compare: {what}": "比较：{what}",
    "{columns} on {n} prompt": "{columns}：{n} 个提示",
    "{columns} on {n} prompts": "{columns}：{n} 个提示",
    **{f"{method} on {{snapshot}}": f"{method}，快照 {{snapshot}}" for method in METHODS},
    "exact counts of {method} on what is kept now": "{method} 的准确计数：现在所保留的",
    "exact counts of {method} on {snapshot}": "{method} 的准确计数：快照 {snapshot}",
    "plain text by {run} and its base": "{run} 及其基座的普通文本",
    "talk": "交谈",
    "scan for troubles": "扫描问题",
    "plan of the cleaning": "清洗计划",
    "search for duplicates": "查重",
    "search for leaked evaluation prompts": "查找泄漏的评测提示",
    "import of {names}": "导入 {names}",
    "train {run}: {what}": "训练 {run}：{what}",
    "snapshot {name} of {what}": "快照 {name}，含 {what}",
    "start round {n}": "开始第 {n} 轮",
    "cap the model's share at {cap}": "把模型所占比例的上限设为 {cap}",
    "judge tags by {run}, {n} folds": "用 {run} 评判标注，{n} 折",
    "judge tags by {run} (in sample)": "用 {run} 评判标注（样本内）",
    "judge tags by {run}": "用 {run} 评判标注",
    "map of {n} texts": "{n} 个文本的地图",
    "embeddings of {n} texts": "{n} 个文本的嵌入",
    "embed {n} texts": "嵌入 {n} 个文本",
    "map {id}: {n} texts": "地图 {id}：{n} 个文本",
    "job {id} goes first": "任务 {id} 排到最前",
    "delete run {id} (it lies in the trash)": "删除训练 {id}（在回收站）",
    "restore run {id}": "取回训练 {id}",
    "note on run {id}": "为训练 {id} 写备注",
    "empty the trash of runs: {n}, {size} MB": "清空回收站：{n} 个，{size} MB",
    "drop the checkpoints of finished runs: {n}, {size} MB": "清除已完成训练的检查点：{n} 个，{size} MB",
}

_REASONS: Mapping[str, str] = {
    "duplicate of {uid} at {score}": "与 {uid} 重复，相似度 {score}",
    "leaks {item} of {names}: overlap {score}": "泄漏 {names} 中的 {item}，重合 {score}",
    "leaks {item} of {names}: same meaning {score}": "泄漏 {names} 中的 {item}，含义相同 {score}",
    "offline base (a tiny model that ships with the program)": "离线基座（随程序附带的小模型）",
    "suggested by similar ones": "由相似的对话建议",
    "all who judged agree": "所有评判者意见一致",
    "set in bulk": "批量设置",
    "dropped by hand": "手动舍弃",
    "by hand": "手动",
}

HITS: Mapping[str, str] = {
    "text was decoded with the wrong encoding": "文本以错误的编码解读",
    "holds invisible or control characters": "含有不可见字符或控制字符",
    "has stray blanks or blank lines": "有多余的空格或空行",
    "a code fence stands inside a line": "代码围栏在行中间",
    "holds HTML tags or entities": "含有 HTML 标签或实体",
    "holds buttons of the program it was copied from": "含有复制来源程序的按钮",
    "holds personal data: {kinds}": "含有个人信息：{kinds}",
    "holds {words}": "含有 {words}",
    "an unfilled blank: {words}": "未填的空白：{words}",
    "there is no answer": "没有回答",
    "the answer is empty": "回答为空",
    "the answer is one word": "回答只有一个词",
    "the answer declines": "回答拒绝了问题",
    "the answer speaks of itself as an AI": "回答自称 AI",
    "the answer repeats the question": "回答重复了问题",
    "the answer is in another language than the question": "回答的语言与问题不同",
    "the answer has {n} characters, fewer than {least}": "回答有 {n} 个字符，少于 {least}",
    "the answer has {n} characters, more than {most}": "回答有 {n} 个字符，多于 {most}",
    "the answer ends in a loop": "回答以循环结尾",
    "a line stands {n} times in a row": "同一行连续出现 {n} 次",
    "the answer ends inside a code block": "回答在代码块中间结束",
    "the answer ends in an empty list item": "回答以空的列表项结束",
    "the answer ends in the middle of a sentence": "回答在句子中间结束",
    "the last sentence has no end": "最后一句没有结尾",
    "no assistant turn: nothing to learn from": "没有助手轮次：没有可学的内容",
    "the assistant speaks before the user": "助手先于用户开口",
    "two {role} turns in a row": "连续两个 {role} 轮次",
    "a system turn that is not the first": "系统轮次不在最前",
    "the {role} turn is empty": "{role} 轮次为空",
    "the last user turn has no answer": "最后一个用户轮次没有回答",
}

_TWO: Mapping[str, str] = {"{what}; {what_else}": "{what}；{what_else}"}

SENTENCES: Mapping[str, str] = {
    **_WHAT, **_REASONS, **HITS, **_WORK, **_ARRIVALS, **_DECISIONS, **ROW_REASONS, **FILE_FAULTS, **LOSSES, **_TWO
}  # fmt: skip
"""English form → Chinese form, the more special before the more general."""
