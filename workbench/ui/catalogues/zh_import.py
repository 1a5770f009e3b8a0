"""Chinese texts of the Import page. Keys are the English texts; `{places}` are the same in both."""

from __future__ import annotations

from collections.abc import Mapping

_SOURCES: Mapping[str, str] = {
    "Import": "导入",
    "Bring in conversations: look at what a file holds, say what its classes are, import.": (
        "导入对话：先看文件里有什么，说明各类别，再导入。"
    ),
    "Where from": "来源",
    "Files on this machine": "本机文件",
    "Upload": "上传",
    "From the hub": "来自 Hub",
    "Files, folders or patterns, one a line": "文件、文件夹或通配符，每行一个",
    "JSON, JSON Lines, CSV, Parquet, Arrow, plain or packed, in any usual schema: "
    "what a file holds is found out by looking into it.": (
        "JSON、JSON Lines、CSV、Parquet、Arrow，压缩与否均可，常见格式皆可：打开文件后自动识别内容。"
    ),
    "Look at it": "查看",
    "Looking at {name}…": "正在查看 {name}…",
    "Dataset": "数据集",
    "Split": "划分",
    "Drop files here": "把文件拖到这里",
}

_REPORT: Mapping[str, str] = {
    "{format} · {container} · known by its first rows: {why}": "{format} · {container} · 由最前面的行识别：{why}",
    "columns mapped by hand · {container}": "手工指定各列 · {container}",
    "columns mapped by hand": "手工指定各列",
    "messages (OpenAI)": "messages（OpenAI 消息）",
    "JSON array": "JSON 数组",
    "JSON Lines": "JSON Lines 逐行",
    "JSON objects": "JSON 对象",
    "CSV table": "CSV 表格",
    "TSV table": "TSV 表格",
    "dataset of the hub": "Hub 数据集",
    "byte order mark": "带字节顺序标记",
    "preference pairs": "偏好对",
    "prompt and completion": "提示与补全",
    "KTO (answers labelled good or bad)": "KTO（标有好坏的回答）",
    "{n} file": "{n} 个文件",
    "{n} files": "{n} 个文件",
    "Unreadable": "无法读取",
    "The first {n} files can be opened here; all are imported.": "此处可打开前 {n} 个文件；全部都会导入。",
    "Not one row could be read: importing this fills the quarantine only.": (
        "没有一行能读取：导入只会填满隔离区。"
    ),
    "chosen": "选中",
    "rejected": "落选",
    "{n} row": "{n} 行",
    "{n} rows": "{n} 行",
    "{n} row in all": "共 {n} 行",
    "{n} rows in all": "共 {n} 行",
    "first {n} rows looked at": "已查看前 {n} 行",
    "{n} conversation": "{n} 个对话",
    "{n} conversations": "{n} 个对话",
    "turns of this role": "此角色的轮次",
    "mended on reading": "读取时已修补",
    "imported; the cleaning page finds them": "照常导入；可在清洗页找到",
    "unreadable": "无法读取",
    "{n} row will go to quarantine:": "{n} 行将进入隔离区：",
    "{n} rows will go to quarantine:": "{n} 行将进入隔离区：",
    "{n} rows will go to quarantine, for example:": "{n} 行将进入隔离区，例如：",
    "Line": "行号",
    "Reason": "原因",
    "The first conversations, as they will be imported": "最前面的对话，导入后即如此",
    "Change the columns of {name}": "重新指定 {name} 的列",
}

_COLUMNS: Mapping[str, str] = {
    "no known format: say which column is what": "未知格式：请指明各列的含义",
    "Prompt": "提示",
    "Answer": "回答",
    "or: list of turns": "或：轮次列表",
    "System prompt": "系统提示",
    "Quality class": "质量类别",
    "Who answered": "回答者",
    "Id": "编号",
    "none": "无",
    "Who speaks": "谁在说",
    "What is said": "说了什么",
    "“{word}” is": "“{word}”是",
    "Read it so": "按此读取",
    "Columns that are not named are kept as metadata. The choice is remembered for files like this.": (
        "未指定的列作为元数据保留。同类文件会沿用此选择。"
    ),
    "name one column for each part": "每一部分指定一列",
}

_CLASSES: Mapping[str, str] = {
    "Quality classes": "质量类别",
    "who answered says how good the answers are; this can be changed at any time": (
        "由谁回答说明回答有多好；随时可以更改"
    ),
    "Classes": "类别",
    "By a field's values": "按字段的值",
    "One class for all": "全部同一类别",
    "Tag them later": "以后再标",
    "Field": "字段",
    "Show all {n} values": "显示全部 {n} 个值",
    "as all others": "同其他值",
    "all others": "其他所有值",
    "untagged": "未标注",
    "{n} row without a value stays untagged.": "{n} 行没有值，保持未标注。",
    "{n} rows without a value stay untagged.": "{n} 行没有值，保持未标注。",
    "No value has a class yet: choose some, or all rows arrive untagged.": (
        "还没有值对应类别：请选择，否则所有行都不带标注。"
    ),
    "Counted in the first rows of each large file; what follows is imported in the same way.": (
        "大文件只数了最前面的行；后面的行同样导入。"
    ),
    "Import this file": "导入此文件",
    "Import these {n} files": "导入这 {n} 个文件",
}

_RESULT: Mapping[str, str] = {
    "Importing": "正在导入",
    "You may leave this page; the import goes on.": "可以离开此页，导入会继续。",
    "Rows read": "已读行数",
    "starting…": "正在开始…",
    "{time} left": "剩余 {time}",
    "Stopping after the rows at hand…": "处理完手头的行后停止…",
    "The import of **{files}** did not come to its end; {n} conversations are in. "
    "Going on adds only what is missing.": "**{files}** 的导入没有完成；已导入 {n} 个对话。继续只会补上缺少的。",
    "Go on": "继续",
    "Leave it": "不管它",
    "Stopped": "已停止",
    "Imported": "已导入",
    "read as {format}": "按 {format} 读取",
    "Rows in the files": "文件中的行",
    "up to where it was stopped": "到停止处为止",
    "new conversations": "新对话",
    "Already there": "已存在",
    "same content, kept once": "内容相同，只保留一份",
    "In quarantine": "隔离区",
    "could not be read; see below": "无法读取；见下方",
    "{rows} rows = {imported} imported + {there} already there + {bad} in quarantine": (
        "{rows} 行 = 导入 {imported} + 已存在 {there} + 隔离 {bad}"
    ),
    "Nothing new: the project has all of it already.": "没有新内容：项目中都已有。",
    "By class: {what}": "按类别：{what}",
    "Mended on reading: {what}": "读取时修补：{what}",
    "Browse them": "浏览",
    "Import more": "继续导入其他文件",
    "Undo this import": "撤销此次导入",
}

_QUARANTINE: Mapping[str, str] = {
    "Quarantine": "隔离区",
    "{n} row that could not be read; mend it and send it again": "{n} 行无法读取；修改后重新提交",
    "{n} rows that could not be read; mend them and send them again": "{n} 行无法读取；修改后重新提交",
    "Only rows with": "只看包含",
    "part of a file's name, a reason or the row's text": "文件名、原因或该行文字的一部分",
    "Write to a file": "写入文件",
    "No row in quarantine holds this.": "隔离区中没有这样的行。",
    "line {n}": "第 {n} 行",
    "(nothing could be read here)": "（此处什么也读不出）",
    "This row is mended in a file: write the quarantine to one, and send it by the shell.": (
        "此行须在文件中修改：把隔离区写入文件，再用命令行提交。"
    ),
    "The row, as JSON": "该行（JSON）",
    "Send again": "重新提交",
    "mend what is named and send it again": "修改指出的地方后重新提交",
    "{name} is imported.": "{name} 已导入。",
    "{name} is read; the project has it already.": "{name} 已读取；项目中已有。",
    "{n} rows are in {path}; mend `raw`, then `workbench quarantine --send FILE`.": (
        "{n} 行已写入 {path}；修改 `raw` 后运行 `workbench quarantine --send FILE`。"
    ),
}

_WORDS: Mapping[str, str] = {
    "comma too many": "多余的逗号",
    "comment skipped": "跳过注释",
    "single quotation marks": "单引号",
    "Python's True, False, None": "Python 的 True、False、None",
    "NaN made empty": "NaN 变为空",
    "field name without quotation marks": "字段名没有引号",
    "unknown backslash sign": "未知的反斜杠符号",
    "control character in a text": "文字中的控制字符",
    "comma missing": "缺少逗号",
    "field twice, with the same value": "字段重复且值相同",
    "JSON inside a text": "文字中套着 JSON",
    "turns stored as columns": "轮次按列存放",
    "number where text is expected": "应为文字却是数字",
    "half a character (shown as �)": "半个字符（显示为 �）",
    "NUL sign (shown as �)": "空字符（显示为 �）",
    "huge number kept as text": "超大数字存为文字",
    "read as {encoding}": "按 {encoding} 读取",
    "no answer": "没有回答",
    "answer before the question": "先答后问",
    "same speaker twice in a row": "同一方连说两次",
    "system text in the middle": "系统文字出现在中间",
    "empty turn": "空轮次",
    "last question unanswered": "最后的问题没有回答",
}

TEXTS: Mapping[str, str] = {**_SOURCES, **_REPORT, **_COLUMNS, **_CLASSES, **_RESULT, **_QUARANTINE, **_WORDS}
