"""Chinese for the faults of projects, files, imports, queries, search by meaning and maps, with their remedies."""

from __future__ import annotations

from collections.abc import Mapping

_PROJECT: Mapping[str, str] = {
    "{folder} holds a project already": "{folder} 中已有项目",
    "open it, or name another folder": "打开它，或指定另一个文件夹",
    "{folder} cannot be made a project: {reason}": "无法把 {folder} 建成项目：{reason}",
    "name another folder": "指定另一个文件夹",
    "{folder} holds no project": "{folder} 中没有项目",
    "make one with `workbench init`, or name its folder": "用 `workbench init` 新建一个，或指定它所在的文件夹",
    "give it the lines schema_version, name and id": "让它含有 schema_version、name 和 id 三行",
    "{folder} has lost its workbench.db": "{folder} 中的 workbench.db 不见了",
    "copy the file back from a backup": "从备份中把该文件拷贝回来",
    "no project is open": "没有打开任何项目",
    "start the app with `workbench app --project DIR` or `workbench demo`": (
        "用 `workbench app --project DIR` 或 `workbench demo` 启动本程序"
    ),
    "{folder} is there and holds no project": "{folder} 已存在，但其中没有项目",
    "name an empty or a new folder": "指定一个空的或新的文件夹",
    "no sample data in {folder}": "{folder} 中没有示例数据",
    "work in a checkout of the project, or point CRLFT_SAMPLE_DATA to it": (
        "在程序源码的文件夹中运行，或让 CRLFT_SAMPLE_DATA 指向示例数据"
    ),
    "{file} was held by another process for {n} seconds": "{file} 被另一个进程占用了 {n} 秒",
    "wait for its bulk act or import to end and try again": "等那边的批量操作或导入结束后再试",
    "{file} could not be written: the disk is full": "无法写入 {file}：磁盘已满",
    "make room and try again; nothing was changed": "腾出空间后再试；没有任何改动",
    "{file} cannot be written": "无法写入 {file}",
    "make the file and its folder writable": "让该文件及其文件夹可写",
    "{file} cannot be opened": "无法打开 {file}",
    "check that the folder is there and can be read and written": "检查该文件夹是否存在、可否读写",
    "{file} cannot be opened as a database: {reason}": "无法把 {file} 作为数据库打开：{reason}",
    "restore the file from a copy, or check that the disk is not full and the folder can be written": (
        "从副本恢复该文件，或检查磁盘是否已满、文件夹可否写入"
    ),
    "{project} was made by a newer version of this program (schema {found}, this program knows {known})": (
        "{project} 由本程序的较新版本建立（结构版本 {found}，本程序只认得 {known}）"
    ),
    "update the program, or open the project with the version that made it": "更新本程序，或用建立它的版本打开",
    "try again; the app's log has the details": "请再试一次；详情见程序的日志",
}

_FILES: Mapping[str, str] = {
    "no row could be read as JSON": "没有一行能作为 JSON 读取",
    "the fields of the first row are {names}: no known conversation format": (
        "第一行的字段有 {names}：不是已知的对话格式"
    ),
    "the first row is {what}, not an object with fields": "第一行是{what}，不是带字段的对象",
    "{name} is no hub dataset": "{name} 不是 hub 数据集",
    "{file} does not say what to write": "从 {file} 的名称看不出要写成什么格式",
    "end the name with one of {endings}": "让名称以这些后缀之一结尾：{endings}",
    "{path} cannot be written: {reason}": "无法写入 {path}：{reason}",
    "{path} cannot be written ({reason})": "无法写入 {path}（{reason}）",
    "name another place": "换一个位置",
    "check the folder, its permissions and the disk": "检查文件夹、它的权限和磁盘",
    "name another folder, or remove that file first": "换一个文件夹，或先删除该文件",
    "unknown format {name}": "未知的格式 {name}",
    "{path} holds plain text": "{path} 中是普通文本",
    "{path} holds plain text: {what}": "{path} 中是普通文本：{what}",
    "`{name}` is missing among {names}, not a list of turns": "字段 {names} 中没有轮次列表 `{name}`",
    "check the folder, its permissions and the room on the disk": "请检查文件夹、它的权限和磁盘空间",
    "not JSON ({what})": "不是 JSON（{what}）",
    'write {"messages": […]}': '写成 {"messages": […]}',
    "correct it, or import the file into a project, which puts such rows aside": (
        "请改正，或把文件导入项目：项目会把这样的行放到一边"
    ),
    "{word}, not an object": "是 {word}，不是对象",
    "a column mapping has no {name}": "列的对应关系中没有 {name}",
    "`{name}` of a column mapping is {what}": "列的对应关系中 `{name}` 是{what}",
    "name a column": "请指定一列",
    "the row has no `{name}`": "该行没有 `{name}`",
    "the turns are in one column, or in a prompt's and an answer's, not both": (
        "轮次要么在一列里，要么分在提示列和回答列里，不能两者都选"
    ),
    "name the column of the turns, or those of prompt and answer": "请指定轮次所在的列，或提示列和回答列",
    "the column {column} is mapped {n} times": "列 {column} 被用了 {n} 次",
    "{role} is no role; use one of {names}": "{role} 不是角色；可用：{names}",
    "map each column once": "每列只用一次",
    "name one column for each part": "为每一部分指定一列",
    "a class table without a field": "类别对照表没有指定字段",
    "name the field whose values it lists": "请指定它列出的是哪个字段的值",
    "both one class for all rows and a class field": "既给所有行指定了一个类别，又指定了类别字段",
    "give one of them": "只选其一",
    "use one of {names}, or make the class first": "可用：{names}；或先建立该类别",
    "a row needs its `id` and its text in `raw`": "每行都要有 `id`，并在 `raw` 中有文本",
    "write it as `workbench quarantine --export` does": "写法与 `workbench quarantine --export` 的输出相同",
    "mend what is named and send it again": "改好所指之处，再重新提交",
}

_ROWS: Mapping[str, str] = {
    "the row has no list of turns": "该行没有轮次列表",
    "the row says what was answered, but not what was asked": "该行有回答，但没有提问",
    "half a preference pair is no row": "半个偏好对不成一行",
    "write the conversations together, with `rows_out`": "请用 `rows_out` 把对话一起写出",
    "`{name}` is {what} where the pair's name is expected": "`{name}` 是{what}，此处应为偏好对的名称",
    "the row has a field `{name}`, which pairs need for themselves": "该行有字段 `{name}`，偏好对要用这个名称",
    "rename it": "请改名",
    "the row is in the format {name} ({sign})": "该行的格式是 {name}（{sign}）",
    "turn {n} has the unknown role {role}": "第 {n} 轮的角色 {role} 未知",
    "known are system, user, assistant, tool (or human, gpt, observation, …)": (
        "可用的有 system、user、assistant、tool（或 human、gpt、observation 等）"
    ),
    "the conversation has neither a label nor a class": "该对话既没有标签也没有类别",
    "tag it first": "请先标注它",
}

_PROMPT_FILES: Mapping[str, str] = {
    "{where}: holds no prompt": "{where}：不含提示",
    "write one prompt a line": "每行写一个提示",
    "write a prompt a line": "每行写一个提示",
    "{where}: line {n} is {word}, not an object": "{where}：第 {n} 行是 {word}，不是对象",
    "{where}: line {n}: {what}": "{where}：第 {n} 行：{what}",
    'write {"prompt": "…"}': '写成 {"prompt": "…"}',
    "{where}: line {n}: check: {what}": "{where}：第 {n} 行：检查项：{what}",
    "{where}: check: {what}": "{where}：检查项：{what}",
    "correct the check or leave it out": "改正检查项，或不写",
    "correct the check": "改正检查项",
    "{where}: line {n}: messages is no list of messages": "{where}：第 {n} 行：messages 不是消息列表",
    'write [{"role": "user", "content": "…"}]': '写成 [{"role": "user", "content": "…"}]',
    "{where}: line {n} does not end with what a user asks": "{where}：第 {n} 行没有以用户的提问结尾",
    "the last message is the user's, and not empty": "最后一条消息须是用户的，且不为空",
    "{path}: no such file": "{path}：没有这个文件",
    "name a file of prompts": "请指定提示文件",
    "{path}: cannot be read as text ({reason})": "{path}：无法作为文本读取（{reason}）",
    "save it as UTF-8 text": "请存为 UTF-8 文本",
    "{where}: line {n} has the id {id} of line {other}": "{where}：第 {n} 行的编号 {id} 与第 {other} 行相同",
    "{path}: the id {id} stands twice": "{path}：编号 {id} 出现了两次",
    "give every prompt its own id": "给每个提示各自的编号",
    "{where}: line {n} is not JSON ({reason})": "{where}：第 {n} 行不是 JSON（{reason}）",
    "write one JSON object a line, or plain lines only": "每行写一个 JSON 对象，或全部写成普通文本行",
    'write "prompt": "…" or a list of messages': '写 "prompt": "…" 或消息列表',
    "{path}: holds no prompt that can be read": "{path}：没有可以读取的提示",
    "name a file with prompts or questions": "请指定含有提示或问题的文件",
    "{path}: row {n} cannot be read: {what}": "{path}：第 {n} 行无法读取：{what}",
    "correct it, or take it out": "改正它，或去掉它",
    "unusable check: {what}": "检查项不可用：{what}",
    "a check may use {keys}": "检查项可以用：{keys}",
    "a check is an object, not {kind}": "检查项须是对象，而不是 {kind}",
    "none of `answer`, `all`, `matches` and `lacks` says what is right": (
        "`answer`、`all`、`matches`、`lacks` 一个也没有写，不知什么算对"
    ),
    "`matches`: {pattern} is no pattern ({error})": "`matches`：{pattern} 不是有效的正则表达式（{error}）",
    "`matches`: {pattern} matches the empty text": "`matches`：{pattern} 能匹配空文本",
    "`matches`: {pattern} needs more than {seconds} s for one text: avoid (a+)+": (
        "`matches`：{pattern} 处理一段文本就超过 {seconds} 秒：请避免 (a+)+ 这类写法"
    ),
    "not right: it does not state {values}": "不对：没有说出 {values}",
    "not right: it states {value}": "不对：说了 {value}",
    "not right: it holds {value}": "不对：含有 {value}",
    "not right: it does not match {pattern}": "不对：不符合 {pattern}",
    "not right: it keeps a pattern busy for more than {seconds} s": "不对：正则表达式用时超过 {seconds} 秒",
    "question {n}: {what}": "第 {n} 个问题：{what}",
    "correct what its answer is checked for": "请改正对其回答的检查",
    "`{key}` is empty": "`{key}` 是空的",
    "`{key}` holds an empty text": "`{key}` 含有空文本",
    "`{key}` holds an empty list": "`{key}` 含有空列表",
    "`{key}` is {kind}, not text, a number, or a list of them": "`{key}` 是 {kind}，而应是文本、数字或它们的列表",
    "`{key}` holds {kind}, not text or a number": "`{key}` 含有 {kind}，而应是文本或数字",
    "`given` holds {value}, which is no number in digits": "`given` 中的 {value} 不是用数字写的数",
}

_QUERY: Mapping[str, str] = {
    "{text} holds nothing to search for": "{text} 中没有可搜索的内容",
    "search for a word with letters or digits": "请搜索含有字母、汉字或数字的词",
    "the quote at {n} is never closed": "第 {n} 个字符处的引号没有闭合",
    "put {mark} at its end": "在末尾加上 {mark}",
    "unknown field {name} at {n}": "第 {n} 个字符处的字段 {name} 未知",
    "did you mean {name}? Known fields: {names}; to search for the text, quote it: {text}": (
        "是否想写 {name}？已知字段：{names}；若要搜索这段文字，请加引号：{text}"
    ),
    "known fields: {names}; to search for the text, quote it: {text}": (
        "已知字段：{names}；若要搜索这段文字，请加引号：{text}"
    ),
    "{term} at {n}: there is no {field} {value}": "第 {n} 个字符处的 {term}：{field} 没有 {value} 这个值",
    "{term} at {n}: {field} is no number and cannot be compared": (
        "第 {n} 个字符处的 {term}：{field} 不是数字，不能比较大小"
    ),
    "write for example {example}": "例如写成 {example}",
    "{term} at {n} compares with one number, {count} are given": (
        "第 {n} 个字符处的 {term} 只能与一个数比较，却给了 {count} 个"
    ),
    "write {word}": "写成 {word}",
    "{value} at {n} is not a whole number": "第 {n} 个字符处的 {value} 不是整数",
    "{value} at {n} is not a number": "第 {n} 个字符处的 {value} 不是数字",
    "{name} takes a whole number, as in {example}": "{name} 须是整数，例如 {example}",
    "{name} takes a number, as in {example}": "{name} 须是数字，例如 {example}",
    "a closing quote at {n} without an opening one": "第 {n} 个字符处有后引号，却没有前引号",
    'put " before it': '在它前面加上 "',
    "a minus at {n} has nothing behind it": "第 {n} 个字符处的减号后面没有内容",
    "write -word or -field:value": "写成 -词 或 -字段:值",
    "{term} at {n} lacks a value": "第 {n} 个字符处的 {term} 缺少值",
    "unknown order {name}": "未知的排序 {name}",
    "there is no conversation {id}": "没有对话 {id}",
    "search for it, or check the id": "搜索它，或检查编号",
    "class:{name}: there is no class {value}": "class:{name}：没有类别 {value}",
    "like: cannot be used here": "like: 不能在这里使用",
    "search by meaning on the Browse page first": "请先在浏览页按含义搜索",
    "like: takes one conversation or one text, once": "like: 只能给一个对话或一段文本，且只能用一次",
    'write like:ID or like:"some text"': '写成 like:编号 或 like:"一段文字"',
    "like: there are no embeddings to search by yet": "like: 还没有可供搜索的嵌入",
    "open Browse, choose Map and make it (or update it); the search goes by its embeddings": (
        "打开浏览页，选择“地图”并生成（或更新）它；按含义搜索要用它的嵌入"
    ),
}

_MEANING: Mapping[str, str] = {
    "the embedder takes no text": "嵌入程序不再接收文本",
    "the embedder's process ended": "嵌入程序的进程已结束",
    "search again; it is started anew": "请重新搜索；它会重新启动",
    "like: the embedder {name} did not answer within {seconds} seconds; it was ended": (
        "like: 嵌入程序 {name} 在 {seconds} 秒内没有应答，已将其结束"
    ),
    "search again (it is started anew), or search for words; if it happens again, choose another embedder "
    "beside the map and update the map": (
        "请重新搜索（它会重新启动），或改搜词语；若再次发生，请在地图旁换一个嵌入模型并更新地图"
    ),
    "like: the embedder {name} could not be started": "like: 无法启动嵌入程序 {name}",
    "run `crlft embed --serve {name}` in a shell to see why": "在命令行运行 `crlft embed --serve {name}` 查看原因",
    "like: {what}": "like: {what}",
    "{name}: the embedder cannot be loaded ({reason})": "{name}：无法载入嵌入模型（{reason}）",
    "use `offline` or a folder": "用 `offline` 或一个文件夹",
    "a map is being made already (job {id})": "地图正在生成中（任务 {id}）",
    "wait for it, or stop it first": "请等它完成，或先停止它",
    "there is no conversation to lay out": "没有可放到地图上的对话",
    "import some first": "请先导入一些",
    "the map cannot be coloured by {name}": "地图不能按 {name} 上色",
    "{name} holds no embedding model": "{name} 中没有嵌入模型",
    "name the folder that holds modules.json": "请指定含有 modules.json 的文件夹",
    "{name}: there is no such folder": "{name}：没有这个文件夹",
    "name a model's folder, a hub name such as owner/model, or offline": (
        "请指定模型文件夹、hub 名称（如 owner/model）或 offline"
    ),
    "embedding the texts was stopped; {n} are left": "文本的嵌入被停止；还剩 {n} 个",
    "embedding the texts was killed; {n} are left": "文本的嵌入被终止；还剩 {n} 个",
    "embedding the texts failed; {n} are left": "文本的嵌入失败；还剩 {n} 个",
    "embedding the texts {what}; {n} are left": "文本的嵌入未完成（{what}）；还剩 {n} 个",
    "search again: what is done is kept, and it goes on from there": "请重新搜索：已做的会保留，从那里继续",
    "{folder}: no request.json": "{folder}：没有 request.json",
    "write the request before starting the job": "启动任务前先写好请求",
    "write the texts before starting the job": "启动任务前先写好文本",
    "{path}: holds no text": "{path}：不含文本",
    "embed at least one text": "至少嵌入一个文本",
    'write {"seq": …, "text": …} a line': '每行写 {"seq": …, "text": …}',
}

SENTENCES: Mapping[str, str] = {**_PROJECT, **_FILES, **_ROWS, **_PROMPT_FILES, **_QUERY, **_MEANING}
"""English form → Chinese form."""
