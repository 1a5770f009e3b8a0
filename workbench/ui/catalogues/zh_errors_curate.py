"""Chinese for the faults of curating: classes, tags, cleaning, duplicates, panels, rules, snapshots, undo."""

from __future__ import annotations

from collections.abc import Mapping

_CLASSES: Mapping[str, str] = {
    "unknown class {name}": "未知的类别 {name}",
    "there is no class {name}": "没有类别 {name}",
    "use one of {names}, or give a reward to make it": "可用：{names}；或给出奖励以建立它",
    "{name} cannot be a class's name": "{name} 不能作类别的名称",
    "use letters and digits; the words stand in its condition": "请用字母和数字；具体的词写在条件里",
    "class {name}: key {key} is no digit from 1 to 9": "类别 {name}：按键 {key} 不是 1 到 9 的数字",
    "choose one of them": "请选其中一个",
    "key {key} tags with class {name} already": "按键 {key} 已用于标注类别 {name}",
    "choose another digit": "换一个数字",
    "the five grades are there already": "五个等级已经有了",
    "see the list of classes": "请看类别列表",
    "the rewards are so already": "奖励已经是这样",
    "move a slider first": "请先移动滑块",
    "class {name} cannot be removed: {what}": "不能删除类别 {name}：{what}",
    "1 conversation carries it": "有 1 个对话属于它",
    "{n} conversations carry it": "有 {n} 个对话属于它",
    "it is the last one": "它是最后一个",
    "tag them otherwise first (query class:{name})": "请先把它们改标为别的类别（查询 class:{name}）",
    "add another class first": "请先添加另一个类别",
    "correct the classes and try again": "改正类别后再试",
    "there is no class": "没有任何类别",
    "beta is {value}, it must be a finite number above 0": "beta 为 {value}，它须是大于 0 的有限数",
    "class {name} stands twice": "类别 {name} 出现了两次",
    "condition {name} stands for two classes": "条件 {name} 用于两个类别",
    "condition {name} stands twice": "条件 {name} 出现了两次",
    "a class has no name": "有一个类别没有名称",
    "class {name}: condition {condition} is empty, padded or not one line": (
        "类别 {name}：条件 {condition} 为空、前后有空格或不止一行"
    ),
    "class {name}: reward is {value}, it must be a finite number": "类别 {name}：奖励为 {value}，它须是有限数",
    "reward {value} with beta {beta} gives a loss weight that is not a finite number": (
        "奖励 {value} 配 beta {beta}，得到的损失权重不是有限数"
    ),
    "lower the reward or raise beta": "降低奖励，或提高 beta",
    "unknown condition {name}": "未知的条件 {name}",
    "use one of {names}, or '' for none": "可用：{names}；或用 '' 表示不带条件",
    "`classes` is no list of objects": "`classes` 不是对象列表",
    "write name, condition and reward for each class": "为每个类别写 name、condition 和 reward",
    "{thing} is {value}, it must be a finite number": "{thing} 为 {value}，它须是有限数",
    "write a number": "请写一个数",
    "class {name} has no {word}": "类别 {name} 没有 {word}",
    "add {field} or drop the class": "补上 {field}，或去掉该类别",
    "the reward {value} is no number": "奖励 {value} 不是数字",
    "write one such as 0.5, or nothing": "请写一个数，如 0.5，或留空",
}

_DECISIONS: Mapping[str, str] = {
    "reload the page": "请重新载入页面",
    "{name} was faster: {title}": "{name} 先一步：{title}",
    "not a decision: {reason}": "这不是一个决定：{reason}",
    "reload the page and decide again": "重新载入页面，再决定一次",
    "there is no status {name}": "没有状态 {name}",
    "dropping needs a reason": "舍弃须有理由",
    "say why: it is stored with every conversation": "请写明原因：它会随每个对话保存",
    "the new text is empty": "新文本是空的",
    "exclude the turn from training, or drop the conversation": "让该轮次不参与训练，或舍弃该对话",
    "turn {n} is a {role} turn": "第 {n} 个轮次是 {role} 轮次",
    "only assistant turns are trained on": "只有助手轮次参与训练",
    "conversation {uid} has no turn {n}": "对话 {uid} 没有第 {n} 个轮次",
    "it has turns 1 to {n}": "它有第 1 到第 {n} 个轮次",
    "no conversations are named": "没有指定对话",
    "give either a query or row numbers": "请给出查询，或行号",
    "{title}: there is nothing to change": "{title}：没有可更改的",
    "select other conversations": "请选择其他对话",
    "{n} of {all} conversations were changed by somebody else meanwhile": (
        "{all} 个对话中有 {n} 个在此期间被别人改动了"
    ),
    "look at the new state and plan again": "请看新的状态，再重新计划",
    "conversation {seq}: {field} cannot be changed": "对话 {seq}：{field} 不能更改",
    "change one of {names}": "可更改的有：{names}",
    "use one of {names}": "可用：{names}",
    "use one of {names}, or make it first": "可用：{names}；或先建立它",
    "use {list}": "可用：{list}",
    "use some of {names}": "可用：{names}",
}

_UNDO: Mapping[str, str] = {
    "{name} has done nothing that can be undone": "{name} 没有做过可撤销的事",
    "name an action of the log": "请指定日志中的一项",
    "the last action is {id} ({title}); undoing it drops its conversations": (
        "最近的操作是第 {id} 号（{title}）；撤销它会舍弃它带来的对话"
    ),
    "name it if that is meant: undo {id}": "若确有此意，请指明它：undo {id}",
    "there is no action {id}": "没有第 {id} 号操作",
    "the last action is {word}": "最近的是第 {word} 号操作",
    "nothing has been done yet": "还没有做过任何操作",
    "action {id} ({title}) has nothing left to undo": "第 {id} 号操作（{title}）已没有可撤销的",
    "its conversations are dropped already": "它的对话已被舍弃",
    "action {id} ({title}) is undone already, by action {by}": "第 {id} 号操作（{title}）已被第 {by} 号操作撤销",
    "undo action {id} to bring it back": "撤销第 {id} 号操作即可恢复",
    "action {id} ({title}) cannot be undone": "第 {id} 号操作（{title}）不能撤销",
    "it changed no conversation and no class": "它没有更改任何对话或类别",
    "action {id} ({title}) cannot be undone: {key} was changed again since": (
        "第 {id} 号操作（{title}）不能撤销：此后 {key} 又被更改"
    ),
    "set it by hand, or undo the later change first": "请手动设置，或先撤销后来的更改",
    "action {id} ({title}) cannot be undone: {n} of its conversations were changed again by action {others}": (
        "第 {id} 号操作（{title}）不能撤销：其中 {n} 个对话此后又被后来的操作更改：{others}"
    ),
    "undo the later actions first, newest to oldest": "请先从新到旧撤销后来的操作",
}

_CLEAN: Mapping[str, str] = {
    "scan again": "请重新扫描",
    "the scan in {folder} cannot be read: {reason}": "无法读取 {folder} 中的扫描结果：{reason}",
    "{word} is {value}, too small or no whole number": "{word} 为 {value}，太小或不是整数",
    "give a whole number from {least} on": "请给出不小于 {least} 的整数",
    "no length lies between {least} and {most}": "没有长度介于 {least} 与 {most} 之间",
    "give least ≤ most; 0 is no limit": "最短须不大于最长；0 表示不限",
    "rule {name}: the pattern needs more than {seconds} s for one text": (
        "规则 {name}：该模式处理一个文本用时超过 {seconds} 秒"
    ),
    "avoid a repeated group that holds another repetition, such as (a+)+": "避免重复中再套重复，如 (a+)+",
    "{name} cannot be a rule's name, or it finds nothing": "{name} 不能作规则的名称，或它什么也没写要找",
    "use small letters, digits and hyphens, and say what to find": "请用小写字母、数字和连字符，并写明要找什么",
    "there is no verdict {name}": "没有处理方式 {name}",
    "rule {name} matches the empty text": "规则 {name} 会匹配空文本",
    "make the pattern match at least a character": "让该模式至少匹配一个字符",
    "not a cleaning rule: name or find is missing": "这不是清洗规则：缺少 name 或 find",
    "give {list}": "请给出 {list}",
    "rule {name}: {reason}": "规则 {name}：{reason}",
    "correct the pattern or the replacement": "请改正模式或替换文本",
    "there is no kind {name} of personal data": "没有 {name} 这种个人信息",
    "there is no cleaning rule {name}": "没有清洗规则 {name}",
    "rule {name} has no parameter {parameter} to set": "规则 {name} 没有参数 {parameter} 可设",
    "it takes: {names}": "它的参数有：{names}",
    "rule {name} cannot fix what it finds": "规则 {name} 不能修正它找到的问题",
    "let it flag or drop": "让它标记或舍弃",
    "{name} is a rule of the program": "{name} 是程序自带的规则",
    "give yours another name": "给你的规则换个名称",
    "there is no rule {name} of your own": "你没有自建规则 {name}",
    "see the list on the Clean page": "请看清洗页上的列表",
    "a recipe needs a name": "配方须有名称",
    "write one": "请写一个",
    "the recipe names a rule {name} that it does not hold": "配方提到规则 {name}，却不含它",
    "save it anew": "请重新保存",
    "not a recipe: {reason}": "这不是配方：{reason}",
    "save one on the Clean page, or under Tag, In bulk, and share that": (
        "请在清洗页，或在标注页的“批量”下保存一个，再分享它"
    ),
    "the plan in {folder} is not whole": "{folder} 中的计划不完整",
    "the plan in {folder} cannot be read: {reason}": "无法读取 {folder} 中的计划：{reason}",
    "plan it anew": "请重新计划",
}

_DUPLICATES: Mapping[str, str] = {
    "threshold {value} is outside {floor} to 1, the scores this search kept": (
        "阈值 {value} 不在 {floor} 到 1 之间，此次查重只保留了这个范围的相似度"
    ),
    "choose a value inside, or search again with that threshold": "请选范围内的值，或用该阈值重新查找",
    "threshold {value} is outside 0.3 to 1": "阈值 {value} 不在 0.3 到 1 之间",
    "0.8 is a good start, 1 means equal": "可从 0.8 开始；1 表示完全相同",
    "there is no keep policy {name}": "没有保留方式 {name}",
    "there is no duplicate group {id} at threshold {value}": "阈值 {value} 下没有重复组 {id}",
    "lower the threshold, or search again": "降低阈值，或重新查找",
    "conversation {seq} is not in group {id}": "对话 {seq} 不在第 {id} 组中",
    "choose one of its members": "请选组中的一个",
    "there is no method {name}": "没有方法 {name}",
    "there is no part {name}": "没有部分 {name}",
    "there are no shingles of {name}": "没有 {name} 这种片段",
    "Ray compares near-duplicates by words only": "Ray 只能按词比较近似重复",
    "use --engine local for this search": "此次查找请用 --engine local",
    "there is no engine {name}": "没有引擎 {name}",
    "--ray-address goes with --engine ray": "--ray-address 须与 --engine ray 同用",
    "add --engine ray, or leave the address out": "加上 --engine ray，或不写地址",
    "no search for duplicates is stored": "没有保存的查重结果",
    "there is no search {id}": "没有第 {id} 次查找",
    "search for duplicates first; the five newest searches are kept": "请先查重；只保留最近五次的结果",
    "the engine ray needs the package ray, which is not installed": "引擎 ray 需要 ray 包，它没有安装",
    'pip install "crlft-workbench[ray]"': '运行 pip install "crlft-workbench[ray]"',
    "no Ray cluster on this machine: {reason}": "本机没有 Ray 集群：{reason}",
    "no Ray cluster at {address}: {reason}": "{address} 处没有 Ray 集群：{reason}",
    "check the address, or leave it out": "检查地址，或不写",
    "{path} is no Parquet file, which the engine ray reads": "{path} 不是 Parquet 文件，而引擎 ray 只读这种文件",
    "leave --engine out, or convert it: workbench import FILE, snapshot NAME, export NAME out.parquet": (
        "不写 --engine，或先转换：workbench import FILE、snapshot NAME、export NAME out.parquet"
    ),
    "a file has no embeddings to compare by meaning": "文件没有可按含义比较的嵌入",
    "use near, or import it: a project keeps them": "用 near，或先导入：项目会保存嵌入",
    "there is no {word} {value}": "没有 {word} {value}",
    "the leaks in {folder} cannot be read: {reason}": "无法读取 {folder} 中的泄漏结果：{reason}",
    "look for leaks again": "请重新查找泄漏",
    "there are no evaluation prompts to look for": "没有可查找的评测提示",
    "name a file, or set held-out prompts": "请指定文件，或设置留出的提示",
}

_TOGETHER: Mapping[str, str] = {
    "a panel needs a name": "评议组须有名称",
    "{people} people cannot be compared": "{people} 个人无从比较",
    "ask 2 to {n} for each conversation": "每个对话请 2 到 {n} 人评判",
    "{sample} conversations are no sample": "{sample} 个对话不能作为样本",
    "take 1 to {n}": "请取 1 到 {n} 个",
    "{n} people are named and {people} are to judge each": "指定了 {n} 个人，而每个对话要由 {people} 人评判",
    "name more, or ask fewer": "多指定几人，或减少每个对话的评判人数",
    "nothing matches {query}": "没有与 {query} 匹配的",
    "write another query": "换一个查询",
    "conversation {seq} is not in panel {name}": "对话 {seq} 不在评议组 {name} 中",
    "see `workbench panels`": "请看 `workbench panels`",
    "{name} has settled it meanwhile": "{name} 在此期间已作出裁定",
    "go on with the next one": "请继续下一个",
    "make it first": "请先建立它",
    "{n} of {all} people have judged it": "{all} 人中有 {n} 人评判了它",
    "wait for the others, then decide": "等其他人评判后再裁定",
    "there is no panel {id}": "没有评议组 {id}",
    "see the list under Tag, Together": "请看标注页“共同标注”下的列表",
    "panel {id} holds {n} opinions": "评议组 {id} 中有 {n} 条意见",
    "leave it; it asks for nothing more": "留着它即可；它不再要求什么",
    "a rule for everything would tag everything": "没有条件的规则会标注所有对话",
    "write a query, such as source:gpt4*": "请写查询，如 source:gpt4*",
    "{query} → {name} is a rule already": "规则 {query} → {name} 已经有了",
    "change one of them": "请更改其中一项",
    "there is no rule {query} → {name}": "没有规则 {query} → {name}",
    "a view needs a name": "视图须有名称",
    "give it 1 to {n} characters": "名称须有 1 到 {n} 个字符",
    "everything is tagged": "全部都已标注",
    "there is nothing to suggest a class for": "没有需要建议类别的对话",
    "only {n} class has {least} tagged conversations or more": "只有 {n} 个类别有 {least} 个以上已标注的对话",
    "only {n} classes have {least} tagged conversations or more": "只有 {n} 个类别有 {least} 个以上已标注的对话",
    "tag at least {n} of each of two classes first": "请先为两个类别各标注至少 {n} 个",
    "{value} is no probability": "{value} 不是概率",
    "give a threshold above 0, at most 1": "请给出大于 0、不超过 1 的阈值",
}

_SNAPSHOTS: Mapping[str, str] = {
    "nothing to hold: no conversation matches": "没有可纳入的：没有匹配的对话",
    "nothing to hold: {untagged} matching conversations are untagged and {dropped} dropped": (
        "没有可纳入的：匹配的对话中 {untagged} 个未标注，{dropped} 个已舍弃"
    ),
    "nothing to hold: {held} matching conversations ask held-out prompts, {untagged} are untagged and {dropped} "
    "dropped": "没有可纳入的：匹配的对话中 {held} 个问到留出的提示，{untagged} 个未标注，{dropped} 个已舍弃",
    "tag conversations first, or widen the query": "请先标注对话，或放宽查询",
    "tag conversations first": "请先标注对话",
    "one class only ({name}): there is nothing to contrast, C-RLFT becomes plain fine-tuning": (
        "只有一个类别（{name}）：没有可对照的，C-RLFT 就成了普通微调"
    ),
    "class {name} has no conversation: its condition stays unlearnt": "类别 {name} 没有对话：它的条件学不到",
    "no token is trained on: every assistant turn is excluded or empty": (
        "没有词元参与训练：助手轮次都被排除或为空"
    ),
    "new prompts arrive faster than they are compared with the held-out ones": (
        "新提示到来的速度快于与留出提示比较的速度"
    ),
    "make the snapshot when the import is done": "等导入完成后再制作快照",
    "{name} cannot be a snapshot's name": "{name} 不能作快照的名称",
    "use letters, digits, '.', '_' and '-', such as round-1": "请用字母、数字、'.'、'_' 和 '-'，如 round-1",
    "there is a snapshot {name} already": "已有快照 {name}",
    "snapshots never change: choose another name": "快照不会改变：请换一个名称",
    "there is no snapshot {name}": "没有快照 {name}",
    "make one first": "请先制作一个",
    "{path} could not be written: {reason}": "无法写入 {path}：{reason}",
    "make room on the disk, or check that the folder can be written, and try again": (
        "腾出磁盘空间，或检查文件夹可否写入，然后再试"
    ),
    "the shares of the parts add up to {total}": "各部分的比例之和为 {total}",
    "make them add up to 1": "让它们的和为 1",
    "{name} is no name for a part": "{name} 不能作部分的名称",
    "use small letters, such as train and test": "请用小写字母，如 train 和 test",
    "the part {name} has the share {share}": "部分 {name} 的比例为 {share}",
    "give each a share between 0 and 1": "每部分的比例须在 0 与 1 之间",
    "{path} is no whole snapshot": "{path} 不是完整的快照",
    "make the snapshot again": "请重新制作快照",
    "{way} is no way of asking a held-out prompt": "{way} 不是问到留出提示的一种程度",
    "snapshots leave out up to {way} already": "快照已经设为不纳入直到 {way} 的",
    "nothing is to be changed": "无需更改",
    "{n} prompts cannot be drawn": "无法抽取 {n} 个提示",
    "draw one or more": "请抽取一个以上",
    "no conversation that matches asks anything": "匹配的对话都没有提问",
    "widen the query, or import conversations": "放宽查询，或导入对话",
    "the cap is {value}, it must lie above 0 and at most at 1": "上限为 {value}，它须大于 0 且不超过 1",
    "0.3 is a cautious cap": "0.3 是稳妥的上限",
}

SENTENCES: Mapping[str, str] = {
    **_CLASSES, **_DECISIONS, **_UNDO, **_CLEAN, **_DUPLICATES, **_TOGETHER, **_SNAPSHOTS
}  # fmt: skip
"""English form → Chinese form."""
