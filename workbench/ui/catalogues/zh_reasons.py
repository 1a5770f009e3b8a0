"""Chinese for what is said of rows and files that cannot be read: reasons of the quarantine, faults of an import.

As in `zh_log`, sentences are stored in English and recognised by their form.
"""

from __future__ import annotations

from collections.abc import Mapping

_VALUES: Mapping[str, str] = {
    "null": "空值（null）",
    "the value {value}": "值 {value}",
    "the number {number}": "数字 {number}",
    "the text {text}": "文本 {text}",
    "a list of {n}": "含 {n} 项的列表",
    "an object": "一个对象",
    "missing among {fields}": "不在字段 {fields} 中",
}

_FIELDS: Mapping[str, str] = {
    "its fields are {fields} and more; `prompt` was looked for": "它的字段有 {fields} 等；未找到 `prompt`",
    "its fields are {fields}; `prompt` was looked for": "它的字段有 {fields}；未找到 `prompt`",
    "its fields are none": "它没有字段",
    "its fields are {fields} and more": "它的字段有 {fields} 等",
    "its fields are {fields}": "它的字段有 {fields}",
    "the fields are {fields} and more": "字段有 {fields} 等",
    "the fields are {fields}": "字段有 {fields}",
}

_JSON: Mapping[str, str] = {
    "the row is nested too deeply": "该行嵌套过深",
    "the row is too long to be mended": "该行过长，无法修复",
    "the key {key} stands twice, with different values": "字段 {key} 出现两次且值不同",
    "the row is no JSON: it begins with {what}": "该行不是 JSON：开头是 {what}",
    "the row is cut off: it ends before its last bracket is closed": "该行被截断：最后一个括号没有闭合",
    "the row ends inside a text: it is cut off, or a quotation mark is missing": (
        "该行在文本中间结束：被截断，或缺少引号"
    ),
    "the row is no valid JSON: {what} at character {n}, near {near}": (
        "该行不是有效的 JSON：第 {n} 个字符处{what}，在 {near} 附近"
    ),
    "the row is no valid JSON: {what}": "该行不是有效的 JSON：{what}",
    "expecting value": "应有一个值",
    "expecting property name enclosed in double quotes": "应有带双引号的字段名",
    "expecting {sign} delimiter": "应有 {sign}",
    "extra data": "有多余的内容",
    "invalid \\escape": "有未知的反斜杠符号",
    "invalid \\uxxxx escape": "有未知的 \\u 符号",
    "invalid control character at": "有控制字符",
    "the row is {size} MB long; up to {most} MB can be read": "该行长 {size} MB；最多可读 {most} MB",
    "the compressed file is cut off or damaged after row {n}: {why}": "压缩文件在第 {n} 行之后被截断或损坏：{why}",
    "the table is damaged after row {n}: {why}": "表格在第 {n} 行之后损坏：{why}",
    "the download broke off after row {n}: {why}": "下载在第 {n} 行之后中断：{why}",
    "the row cannot be written as JSON: {why}": "该行无法写成 JSON：{why}",
    "the row is cut off, or a quotation mark is missing: a cell does not end": (
        "该行被截断，或缺少引号：有一个单元格没有结束"
    ),
    "the row has {n} cells where the header names {columns} columns": "该行有 {n} 个单元格，而表头有 {columns} 列",
}

_ROWS: Mapping[str, str] = {
    "the row is {what}, not an object with fields": "该行是{what}，不是带字段的对象",
    "the row holds no conversation": "该行没有对话",
    "the conversation has no turns": "对话没有轮次",
    "the row has no list of turns; {what}": "该行没有轮次列表；{what}",
    "the row has no `{field}`; {what}": "该行没有 `{field}`；{what}",
    "the row says what was answered, but not what was asked; {what}": "该行有回答，但没有提问；{what}",
    "the row is in the format {format} ({sign}); {what}": "该行的格式是 {format}（{sign}）；{what}",
    "general text holds no conversations; give it to training as replay text instead": (
        "普通文本没有对话；可作为回放文本交给训练"
    ),
    "`history`: entry {n} is {what}, not a pair of question and answer": (
        "`history` 的第 {n} 项是{what}，不是一问一答"
    ),
    "`{field}` is {what}, not a list of turns": "`{field}` 是{what}，不是轮次列表",
    "`{field}` is {what}, not a list of turns; {what_else}": "`{field}` 是{what}，不是轮次列表；{what_else}",
    "`{field}` is {what}, not true or false": "`{field}` 是{what}，不是 true 或 false",
    "`{field}` is {what} where the pair's name is expected; rename it": (
        "`{field}` 是{what}，此处应为偏好对的名称；请改名"
    ),
    "the row has a field `{field}`, which pairs need for themselves; rename it": (
        "该行有字段 `{field}`，偏好对要用这个名称；请改名"
    ),
    "`{field}` holds {what} where text or a list of turns is expected": (
        "`{field}` 是{what}，此处应为文本或轮次列表"
    ),
    "`{field}` holds {what} where text or turns are expected": "`{field}` 是{what}，此处应为文本或轮次",
    "`{field}` holds {what} where the text of a conversation is expected": (
        "`{field}` 是{what}，此处应为对话的文本"
    ),
    "`{field}` holds {what} where text is expected": "`{field}` 是{what}，此处应为文本",
    "`{field}` cannot be read: {why}": "`{field}` 无法读取：{why}",
}

_TURNS: Mapping[str, str] = {
    "turn {n} is {what}, not an object with a role and a text": "第 {n} 轮是{what}，不是带角色和文本的对象",
    "turn {n} does not say whose it is": "第 {n} 轮没有说明是谁说的",
    "give each turn a `role` or `from`": "请给每一轮写上 `role` 或 `from`",
    "turn {n} has the unknown role {role}; known are system, user, assistant, tool"
    " (or human, gpt, observation, …)": (
        "第 {n} 轮的角色 {role} 未知；可用的有 system、user、assistant、tool（或 human、gpt、observation 等）"
    ),
    "turn {n} has no text": "第 {n} 轮没有文本",
    "turn {n} holds a part of type {kind}; only text can be held": (
        "第 {n} 轮含有类型为 {kind} 的部分；只能保存文本"
    ),
    "turn {n} holds {what} where text is expected": "第 {n} 轮是{what}，此处应为文本",
    "turn {n}: `tool_calls` is {what}, not a list": "第 {n} 轮的 `tool_calls` 是{what}，不是列表",
    "turn {n} calls a tool without a name": "第 {n} 轮调用了没有名称的工具",
    "unknown role {role}; use one of {roles}": "未知的角色 {role}；可用的有 {roles}",
    "the reward {value} is no finite number; give a number, or leave `reward` out": (
        "奖励 {value} 不是有限的数；请给出一个数，或去掉 `reward`"
    ),
}

_WHY: Mapping[str, str] = {
    "all {n} rows looked at have {what}": "看过的 {n} 行都有 {what}",
    "{n} of {all} rows looked at have {what}": "看过的 {all} 行中有 {n} 行有 {what}",
    "the only row looked at has {what}": "看过的唯一一行有 {what}",
    "a `label` that is true or false": "值为真或假的 `label`",
    "`conversation` as this program writes it": "本程序写出的 `conversation`",
    "`text` without turns": "`text`，没有轮次",
    "the mapped columns {columns}": "映射的列 {columns}",
    "`{one}` with `{other}`": "`{one}` 和 `{other}`",
    "named by hand": "手动指定",
    "its columns were mapped by hand": "各列已手动映射",
}

_FILES: Mapping[str, str] = {
    "name the files in it": "请给出其中的文件",
    "name a file with conversations": "请给出含有对话的文件",
    "check the path": "请检查路径",
    "check the pattern": "请检查通配符",
    "check its permissions": "请检查权限",
    "get an intact copy": "请换一个完好的副本",
    "give a JSON, CSV or Parquet file": "请给出 JSON、CSV 或 Parquet 文件",
    "unpack it and name the files inside, or save as CSV or JSON Lines": (
        "请解压并给出里面的文件，或另存为 CSV 或 JSON Lines"
    ),
    "unpack it with {tool} first": "请先用 {tool} 解压",
    "name at least one": "请至少给出一个",
    "name a new file, or remove that one first": "请换一个文件名，或先删除原文件",
    "look at the list again": "请再看一遍列表",
    "give a JSON array, one JSON object per line, or a CSV file with a header; general text holds no conversations"
    " and goes to training as replay text instead": (
        "请给出 JSON 数组、每行一个 JSON 对象的文件，或带表头的 CSV；普通文本没有对话，可作为回放文本用于训练"
    ),
    "known formats are {formats}; name one, or rename the fields": (
        "已知的格式有 {formats}；请指定一个，或改字段名"
    ),
    "check the name, the split and the connection, or download it and name the folder": (
        "请检查名称、划分和网络连接，或先下载再给出文件夹"
    ),
    "write hub:owner/name, or hub:owner/name:split": "请写 hub:所有者/名称，或 hub:所有者/名称:划分",
    "files whose names end with {names} are looked for": "会查找名称以 {names} 结尾的文件",
    "say which column is what (on the import page, or with --column prompt=NAME --column answer=NAME)": (
        "请说明各列的含义（在导入页，或用 --column prompt=列名 --column answer=列名）"
    ),
    "the hub dataset {name} (split {split}) cannot be opened: {why}": (
        "无法打开 hub 数据集 {name}（划分 {split}）：{why}"
    ),
    "no file was named": "没有给出文件",
    "no file matches {pattern}": "没有文件符合 {pattern}",
    "no row {rows} is in quarantine": "隔离区没有第 {rows} 行",
    "{file} is no JSON and no table: it begins with {beginning}": (
        "{file} 既不是 JSON 也不是表格：开头是 {beginning}"
    ),
    "{file} is a zip archive or a spreadsheet, not JSON": "{file} 是压缩包或电子表格，不是 JSON",
    "{file} is a bzip2 file, not JSON": "{file} 是 bzip2 文件，不是 JSON",
    "{file} is an xz file, not JSON": "{file} 是 xz 文件，不是 JSON",
    "{file} is a PDF, not JSON": "{file} 是 PDF，不是 JSON",
    "{file} is an SQLite database, not JSON": "{file} 是 SQLite 数据库，不是 JSON",
    "{file} is a binary file, not JSON": "{file} 是二进制文件，不是 JSON",
    "{file} is a compressed file that is damaged: {why}": "{file} 是损坏的压缩文件：{why}",
    "{file} is a table that is damaged: {why}": "{file} 是损坏的表格：{why}",
    "{file} is a folder": "{file} 是文件夹",
    "{file} is empty": "{file} 是空的",
    "{file} is already there": "{file} 已存在",
    "{file} does not exist": "{file} 不存在",
    "{file} holds only white space": "{file} 只有空白",
    "{file} holds no data file": "{file} 里没有数据文件",
    "{file} cannot be read: {why}": "{file} 无法读取：{why}",
    "{file}: no row could be read as JSON": "{file}：没有一行能作为 JSON 读取",
    "{file}: no row could be read as JSON; line {n}: {what}": (
        "{file}：没有一行能作为 JSON 读取；第 {n} 行：{what}"
    ),
    "{file}: the fields of the first row are {fields}: no known conversation format": (
        "{file}：第一行的字段有 {fields}：不是已知的对话格式"
    ),
    "{file}: the first row is {what}, not an object with fields": "{file}：第一行是{what}，不是带字段的对象",
}

ROW_REASONS: Mapping[str, str] = {**_VALUES, **_FIELDS, **_JSON, **_ROWS, **_TURNS}
"""Of single rows."""

FILE_FAULTS: Mapping[str, str] = {**_WHY, **_FILES}
"""Of whole files; places stand at the beginning of some, so these are tried behind all others."""

LOSSES: Mapping[str, str] = {
    "reasoning": "推理",
    "answers excluded from the loss": "不计入损失的回答",
    "rewards of single answers": "单个回答的奖励",
    "names of speakers": "说话者的名字",
    "ids of tool calls": "工具调用的编号",
    "tool calls": "工具调用",
    "tool calls of others than the assistant": "助手以外的工具调用",
    "text beside a tool call": "工具调用旁的文字",
    "turns that are not question and answer in turn": "不是一问一答的轮次",
    "turns beyond a prompt and an answer": "一问一答以外的轮次",
    "tool turns, and system turns that are empty or not the first": "工具轮次，以及空的或不在最前的系统轮次",
    "that the label was made from the class": "标签由类别得出这一点",
    "conversations without a label or a class": "没有标签也没有类别的对话",
    "conversations that are no half of a preference pair": "不属于任何偏好对的对话",
    "conversations that do not end with an answer": "不以回答结尾的对话",
    "conversations": "对话",
    "the field {name} as it is": "字段 {name} 的原样",
    "the name of the field {name}": "字段 {name} 的名称",
    "the metadata field {name}": "元数据字段 {name}",
    "it has neither a label nor a class": "没有标签也没有类别",
    "it is no half of a preference pair": "不属于任何偏好对",
    "another chosen answer of its pair stands before it": "它前面已有同一对的选中回答",
    "another rejected answer of its pair stands before it": "它前面已有同一对的落选回答",
    "the chosen half of its pair is not among the conversations": "同一对的选中回答不在这些对话中",
    "the rejected half of its pair is not among the conversations": "同一对的落选回答不在这些对话中",
}
"""What a format cannot hold of a conversation, and why one is in no row."""
