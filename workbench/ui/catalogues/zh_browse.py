"""Chinese texts of the Browse page: search, list, facets, reader, map. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_SEARCH: Mapping[str, str] = {
    "Find conversations, read them as chat, and decide on one or on all that match.": (
        "查找对话，以聊天形式阅读，逐个决定，或对全部匹配的对话一次决定。"
    ),
    "No conversations yet": "还没有对话",
    "Import a file of conversations; they will be listed here, searchable at once.": (
        "导入一个对话文件；对话会列在这里，马上可以搜索。"
    ),
    "Import a file": "导入文件",
    "Search": "搜索",
    'words, "a phrase", class:none, source:gpt4*, lang:zh, turns>2 …': (
        '词语、"短语"、class:none、source:gpt4*、lang:zh、turns>2 …'
    ),
    "How to search": "如何搜索",
    "Write": "输入",
    "to find": "查找",
    "Help": "帮助",
    "both words stand in it": "两个词都出现",
    "these words in this order; any two Chinese characters too": "按此顺序出现的词语；任意两个汉字亦可",
    "without this word": "不含这个词",
    "tagged so; class:none is untagged": "标注为此类别；class:none 为未标注",
    "the source begins so; several: source:a,b": "来源以此开头；多个来源：source:a,b",
    "pending, kept or dropped": "待定（pending）、已保留（kept）或已舍弃（dropped）",
    "language, round": "语言、轮",
    "numbers": "数值",
    "the 500 nearest in meaning, beside any filter (needs the map)": (
        "意思最接近的 500 个，可与任何条件并用（需要地图）"
    ),
    "the 500 nearest in meaning to that conversation": "与该对话意思最接近的 500 个",
    "any of these with a minus is excluded": "以上任何条件前加减号即为排除",
    "Order": "排序",
    "Newest first": "最新在前",
    "Oldest first": "最早在前",
    "Longest first": "最长在前",
    "Shortest first": "最短在前",
    "Random": "随机",
    "Best match first": "最匹配在前",
    "View": "视图",
    "List": "列表",
    "Map": "地图",
    "Health": "概况",
}

_BULK: Mapping[str, str] = {
    "Act on all {n}": "处理全部 {n} 个",
    "Act on it": "处理它",
    "What to do": "做什么",
    "Tag as a class": "标注为某个类别",
    "Back to pending": "恢复为待定",
    "Set their reward": "设置奖励",
    "Remove the tag": "去掉标注",
    "why these are left out": "舍弃这些对话的理由",
    "Reward (empty: as their class)": "奖励（留空：按类别）",
    "You will see the plan for all {n} before anything changes.": "更改之前，你会先看到全部 {n} 个的计划。",
    "Show the plan": "查看计划",
    "“{text}” is no number.": "“{text}”不是数字。",
    "Why this reward": "为何给这个奖励",
    "half right, too long, …": "半对、太长……",
    "Give a reason: it is kept with every dropped conversation.": "请给出理由：它会随每个被舍弃的对话保存。",
}

_VIEWS: Mapping[str, str] = {
    "Views": "视图",
    "Save a search under a name, and everybody in the project finds it here.": (
        "把一次搜索命名保存，项目里的每个人都能在这里找到它。"
    ),
    "Remove this view": "删除此视图",
    "Name": "名称",
    "such as: long Chinese answers": "例如：较长的中文回答",
    "Save this view": "保存此视图",
    "everything": "全部",
    "Saved as “{name}”": "已保存为“{name}”",
    "Removed “{name}”": "已删除“{name}”",
}

_FACETS: Mapping[str, str] = {
    "Source": "来源",
    "Round": "轮",
    "Turns": "轮次数",
    "Tokens": "词元数",
    "Reward": "奖励",
    "estimated": "估计",
    "no reward": "无奖励",
    "unknown": "未知",
    "under {n}": "小于 {n}",
    "{n} or more": "{n} 及以上",
    "{n} more values": "还有 {n} 个值",
    "Click to narrow the view, shift-click (or −) to exclude": "点击缩小范围；按住 Shift 点击（或点 −）则排除",
    "Exclude": "排除",
    "No longer exclude": "不再排除",
}

_LIST: Mapping[str, str] = {
    "Previous page": "上一页",
    "Next page": "下一页",
    "This conversation is no longer here. Choose another one in the list.": (
        "这个对话已不在这里。请在列表中选另一个。"
    ),
    "The conversation before (← or K)": "上一个对话（← 或 K）",
    "The next conversation (→ or J)": "下一个对话（→ 或 J）",
    "Edit this conversation": "编辑此对话",
    "Set the Markdown": "按 Markdown 排版",
    "Show the text as it was typed": "显示原始文本",
    "Find the ones most like this in meaning": "查找意思最接近的对话",
    "Show": "显示",
    "Conversation": "对话",
    "History": "历史",
    "Same prompt": "同一提示",
    "Details": "详情",
    "Tag as {name}: condition “{condition}”": "标注为 {name}：条件“{condition}”",
    "Mark it as kept": "标为保留",
    "Leave it out of snapshots; nothing is deleted, and undo brings it back": (
        "不放进快照；什么也不会删除，撤销即可恢复"
    ),
}

_READER: Mapping[str, str] = {
    "Comment: {text}": "备注：{text}",
    "Overrides the class's reward": "取代类别的奖励",
    "What its class's reward makes it weigh in training": "按类别奖励，它在训练中的权重",
    "weight {w}": "权重 {w}",
    "{n} of them supervised": "其中 {n} 个参与训练",
    "Flagged by a cleaning rule": "被清洗规则标记",
    "Arrived": "导入于",
    "Tagged by": "标注者",
    "Provenance: {name}": "来历：{name}",
    "Source's id": "来源编号",
    "No decision yet: it stands as it was imported.": "还没有任何决定：仍是导入时的样子。",
    "Bring back the text before this edit": "恢复此次编辑之前的文本",
    "Turn": "轮次",
    "Text": "文本",
    "Save this text": "保存此文本",
    "Do not learn from this answer": "不学习这个回答",
    "Learn from this answer again": "重新学习这个回答",
    "Reward of this conversation": "此对话的奖励",
    "as its class": "按类别",
    "Save comment and reward": "保存备注和奖励",
    "Reward of this answer alone": "仅此回答的奖励",
    "as its conversation": "按所属对话",
    "Save this answer's reward": "保存此回答的奖励",
    "A number that counts instead of the class's reward; empty follows it.": (
        "以此数字取代类别的奖励；留空则按类别。"
    ),
    "The reward “{text}” is no number; write one such as 0.5, or leave it empty.": (
        "奖励“{text}”不是数字；请写如 0.5 的数字，或留空。"
    ),
    "{name} changed this conversation while you were typing": "你输入时 {name} 更改了此对话",
    "What you typed is kept below; the text as it is now:": "你输入的内容保留在下方；现在的文本是：",
    "One decision over {n} conversations, undone with one key": "对 {n} 个对话的一个决定，一键即可撤销",
    "No other conversation has this prompt.": "没有其他对话使用这个提示。",
    "{n} other answer": "另有 {n} 个回答",
    "{n} other answers": "另有 {n} 个回答",
    "Mark differences from the open one": "标出与当前回答的差异",
    "Show all {n} in the list": "在列表中显示全部 {n} 个",
    "Answers": "回答",
    "The open one is the best: {best}, the others {worst}": "当前这个最好：标为 {best}，其余标为 {worst}",
    "open": "当前",
}

_HEALTH: Mapping[str, str] = {
    "No conversation matches. Remove a word or a filter.": "没有匹配的对话。请去掉一个词或条件。",
    "What would be learnt": "将学到什么",
    "each class's part of Σ supervised tokens × weight, whole project": (
        "各类别在 Σ（参与训练的词元 × 权重）中的份额，整个项目"
    ),
    "Source by class": "来源与类别",
    "Language by class": "语言与类别",
    "Growth over the rounds": "各轮的增长",
    "estimated from a sample": "由样本估计",
    "Click a bar to narrow the view to it.": "点击柱条可缩小到该范围。",
    "Faults open": "未处理的问题",
    "marked by a cleaning rule": "被清洗规则标记",
    "not searched yet": "尚未查找",
    "whole project": "整个项目",
    "rows that could not be read": "无法读取的行",
    "Sources": "来源",
    "{n} language": "{n} 种语言",
    "{n} languages": "{n} 种语言",
}

_MAP: Mapping[str, str] = {
    "Topic": "主题",
    "Doubt about the tag": "标注存疑程度",
    "{n} of {all} conversations are drawn, the same ones each time; a lasso takes the others too": (
        "绘出 {all} 个对话中的 {n} 个，每次相同；套索也会选中其余的"
    ),
    "embedded by “{name}”": "由“{name}”嵌入",
    "Click a topic to see it; the ones that “{name}” covers least come first.": (
        "点击主题查看；“{name}”覆盖最少的排在前面。"
    ),
    "None has a reward yet: tag them, or set rewards": "都还没有奖励：请标注，或设置奖励",
    "No model has judged the tags yet: start it on the Tag page": "还没有模型评判过标注：请在标注页开始",
    "Embedder": "嵌入模型",
    "What turns a text into a place on the map. “offline” is built in and good at English; for other languages "
    "name a multilingual sentence-transformers model: a hub name such as owner/model (downloaded once), or a "
    "folder. A new embedder reads every text again with the next map.": (
        "把文本变成地图上位置的模型。内置的“offline”擅长英文；其他语言请指定多语言的 sentence-transformers 模型："
        "Hub 名称如 owner/model（只下载一次），或文件夹。换新嵌入模型后，下次绘图会重新读取全部文本。"
    ),
    "The next map is made by “{name}”": "下次绘图使用“{name}”",
    "Use it for the next map": "用于下次绘图",
    "Topics by class: where only weak data covers a topic": "主题与类别：哪些主题只有较弱的数据",
    "Draw a lasso or a box around points: their conversations will be listed here.": (
        "用套索或方框圈出一些点：对应的对话会列在这里。"
    ),
    "Chosen on the map": "地图上选中的",
    "All": "全部",
    "Share of {name}": "{name} 的占比",
    "Colour by": "着色依据",
    "other": "其他",
    "No map yet": "还没有地图",
    "The map lays conversations of like meaning together, so that topics, islands and odd corners show. "
    "Making it takes a minute or so for each thousand; you can go on working meanwhile.": (
        "地图把意思相近的对话放在一起，主题、孤岛和异常角落一目了然。每一千个对话约需一分钟；期间可以继续工作。"
    ),
    "Make the map": "绘制地图",
    "Update the map": "更新地图",
    "Making the map was stopped.": "绘制地图已停止。",
    "The map's process was killed.": "绘制地图的进程被终止。",
    "The map could not be made.": "地图未能绘制。",
    "Go on with it": "继续绘制",
    "Waiting for the device": "等待设备",
    "Stopping": "正在停止",
    "Making the map": "正在绘制地图",
}

TEXTS: Mapping[str, str] = {
    **_SEARCH, **_BULK, **_VIEWS, **_FACETS, **_LIST, **_READER, **_HEALTH, **_MAP
}  # fmt: skip
