"""Chinese texts of the Tag page: queue, suggestions, bulk, classes, rewards. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_PAGE: Mapping[str, str] = {
    "Say how good each answer is, and how much more the good ones count.": (
        "说明每个回答有多好，以及好的回答要多算多少。"
    ),
    "Part": "部分",
    "Queue": "队列",
    "Suggestions": "建议",
    "Together": "多人标注",
    "In bulk": "批量",
    "Rewards": "奖励",
    "Nothing to tag yet": "还没有可标注的内容",
    "Import conversations first; a class can also come from a field of the file.": (
        "请先导入对话；类别也可以来自文件的某个字段。"
    ),
}

_QUEUE: Mapping[str, str] = {
    "Most uncertain": "最不确定",
    "Most reward mass": "奖励总量最大",
    "Suspected mistag": "疑似标错",
    "The answers to one prompt beside each other": "同一提示的回答并排显示",
    "Side by side": "并排",
    "Start again": "重新开始",
    "There are no suggestions yet for what matches “{query}”.": "符合“{query}”的对话还没有建议。",
    "No tag that matches “{query}” is suspected, or no model has judged yet.": (
        "符合“{query}”的标注都没有疑点，或尚无模型评判过。"
    ),
    "Nothing to rank": "没有可排序的内容",
    "Go to suggestions": "前往建议",
    "Let a model judge the tags": "让模型评判标注",
    "Nothing matches “{query}”.": "没有对话符合“{query}”。",
    "The queue is empty": "队列已空",
    "Look at the rewards": "查看奖励",
    "Make a snapshot": "制作快照",
    "tag with the class of that number, and go on": "标注为该数字的类别，并前往下一个",
    "accept the suggestion": "接受建议",
    "keep it and go on": "保留并前往下一个",
    "drop it and go on": "舍弃并前往下一个",
    "skip it": "跳过",
    "walk back and on without deciding": "前后移动而不作决定",
    "choose another answer of this conversation": "选择此对话中的另一个回答",
    "edit the chosen answer": "编辑所选回答",
    "do not learn from the chosen answer, or do again": "不学习所选回答，或恢复学习",
    "reward of the chosen answer; of the conversation where it has one answer": (
        "所选回答的奖励；若只有一个回答，则为对话的奖励"
    ),
    "undo the last decision": "撤销上一个决定",
    "show or hide this list": "显示或隐藏此列表",
    "skipped": "已跳过",
    "do not learn from this": "不学习这个",
    "learn from this again": "重新学习这个",
    "{n} left": "剩余 {n}",
    "{n} decided in this sitting": "本次已决定 {n} 个",
    "{n} an hour": "每小时 {n} 个",
    "about {n} min to go": "约还需 {n} 分钟",
    "about {n} h to go": "约还需 {n} 小时",
    "{n} left out: {who} decided them meanwhile": "略过 {n} 个：{who} 期间已作决定",
    "All saved": "已全部保存",
    "Saving {n} …": "正在保存 {n} 个…",
    "Not connected: {n} decisions wait safely in this browser": "未连接：{n} 个决定安全地存在此浏览器中等待",
    "Not connected: {n} decisions wait; keep this tab open": "未连接：{n} 个决定在等待；请勿关闭此标签页",
    "like {name}, {p} %": "像 {name}，{p} %",
    "A suggestion from similar tagged conversations; Enter accepts it": (
        "来自相似的已标注对话的建议；按 Enter 接受"
    ),
    "Coming next": "接下来",
    "Just decided": "刚才的决定",
    "Nothing yet: press a number key.": "还没有：请按数字键。",
    "This is the last one.": "这是最后一个。",
    "Loading more …": "正在加载…",
    "A remark for others; Enter saves it": "写给他人的备注；按 Enter 保存",
    "Your “{name}” was not saved.": "你的“{name}”未保存。",
    "Look at it": "查看",
    "You have seen them all": "全部看完了",
    "the model: {name}, {p} %": "模型：{name}，{p} %",
    "What the trained model takes it for; Enter accepts it": "训练好的模型认为它是什么；按 Enter 接受",
    "A number, then why: 0.5 half right. Empty: as its class": "先写数字，再写理由：0.5 半对。留空：按类别",
    "“{text}” does not begin with a number.": "“{text}”开头不是数字。",
    "Choose another queue above, or start this one again.": "请在上方换一个队列，或重新开始。",
}

_BULK: Mapping[str, str] = {
    "All that match a query": "符合查询的全部对话",
    "the same language as in Browse; you see the plan before anything changes": (
        "查询语言与浏览页相同；更改之前你会先看到计划"
    ),
    "source:gpt4* class:none": "source:gpt4* class:none",
    "{n} conversation matches.": "符合的对话：{n} 个。",
    "{n} conversations match.": "符合的对话：{n} 个。",
    "Look at them": "查看",
    "Choose by": "选择依据",
    "Region of the map": "地图区域",
    "A click takes a source into the query, and out again.": "点击把来源加入查询，再点去掉。",
    "Regions show once the map is made (Browse, Map).": "绘制地图后会显示区域（浏览页，地图）。",
    "Go to the map": "前往地图",
    "Region": "区域",
    "A click takes a region into the query; a lasso on the map chooses any shape.": (
        "点击把区域加入查询；在地图上可用套索圈出任意形状。"
    ),
    "decisions over all that match, in order: kept, shared, made again on new data": (
        "对全部匹配对话的决定，按先后顺序：可保存、分享，并在新数据上重做"
    ),
    "Made so far": "已作的决定",
    "None yet. What you do above to all that match stands here, ready to be kept.": (
        "还没有。你在上方对全部匹配对话所做的事会列在这里，可随时保存。"
    ),
    "Decisions": "决定",
    "Keep as a recipe": "存为配方",
    "“{name}” holds cleaning rules already; the decisions are added to them.": (
        "“{name}”已含清洗规则；这些决定会加到其中。"
    ),
    "What is named by {fields} means something else in another project.": (
        "由 {fields} 指定的内容在其他项目里含义不同。"
    ),
    "Make them again": "重做这些决定",
    "{n} decision made.": "已作 {n} 个决定。",
    "{n} decisions made.": "已作 {n} 个决定。",
    "Undo all of them": "全部撤销",
    "Its cleaning rules run on the Clean page; do that first.": "其清洗规则在清洗页执行；请先完成那一步。",
    "This recipe holds no decisions.": "此配方不含决定。",
    "Decision": "决定",
    "Matches now": "当前匹配",
    "Later ones follow what the earlier ones make of the data. Each is one entry of the log.": (
        "后面的决定以前面决定后的数据为准。每个决定在日志中是一条记录。"
    ),
    "Make {n} decision": "执行 {n} 个决定",
    "Make {n} decisions": "执行 {n} 个决定",
    "choose one": "请选择",
    "{n} decision undone": "已撤销 {n} 个决定",
    "{n} decisions undone": "已撤销 {n} 个决定",
    "tag as {name}": "标注为 {name}",
    "untag": "去掉标注",
    "back to pending": "恢复为待定",
    "class's reward": "类别的奖励",
}

_CLASSES: Mapping[str, str] = {
    "Classes": "类别",
    "the condition stands in front of every role in the prompt; the model learns to follow it": (
        "条件写在提示中每个角色之前；模型学会照它作答"
    ),
    "A new class": "新类别",
    "Colour": "颜色",
    "Remove {name}": "删除 {name}",
    "Add class": "添加类别",
    "excellent, good, fair, poor, bad: rewards from 1 to 0; classes that nothing carries make room": (
        "excellent、good、fair、poor、bad：奖励从 1 到 0；没有对话使用的类别会让出位置"
    ),
    "Make five grades": "建立五个等级",
    "Give the class a name of its own.": "请给类别取一个不重复的名称。",
    "they tag what nobody has tagged, now and after each import; people are never overruled": (
        "规则标注尚无人标注的对话，现在以及每次导入之后；从不推翻人的标注"
    ),
    "Forget it": "删除规则",
    "What matches": "符合",
    "is": "标为",
    "Keep as a rule": "存为规则",
    "Apply the rules to what is here": "对现有对话应用规则",
}

_REWARDS: Mapping[str, str] = {
    "only differences matter: weight = exp((r - best) / β)": "只有差值起作用：权重 = exp((r - best) / β)",
    "β: how gently rewards become weights": "β：奖励转成权重的缓急",
    "Small β: only the best class counts. Large β: all nearly alike. 0.391 gives 1 : 0.1.": (
        "β 小：只有最好的类别起作用。β 大：各类别几乎一样。0.391 得到 1 : 0.1。"
    ),
    "Reward mass": "奖励总量",
    "supervised tokens × weight: what the model will mostly learn from": (
        "参与训练的词元 × 权重：模型主要从哪里学"
    ),
    "Share of the mass": "总量占比",
    "Begin with": "从预设开始",
    "a preset; nothing is saved yet": "选择预设；尚未保存任何内容",
    "OpenChat, 1 : 0.1": "OpenChat，1 : 0.1",
    "Best or not: 1 and 0": "只分最好与否：1 与 0",
    "Even grades from 1 to 0": "从 1 到 0 均匀分级",
    "Inverse frequency (for comparison)": "按频率倒数（供对比）",
    "as data": "按数据量",
    "as it counts": "按权重",
    "Save rewards": "保存奖励",
    "There is nothing to train on yet, so there is no mass.": "还没有可供训练的内容，因此没有总量可言。",
    "It will mostly learn from **{name}** by **{source}**: {share} of the mass.": (
        "模型将主要学习来自 **{source}** 的 **{name}**：占总量的 {share}。"
    ),
    "unknown source": "未知来源",
    "{n} conversations that are trained on weigh as much as {e} equal ones (effective sample size).": (
        "参与训练的 {n} 个对话，分量相当于 {e} 个等权对话（有效样本量）。"
    ),
    "“{name}” has no conversations that are trained on.": "“{name}”没有参与训练的对话。",
    "“{name}” has under 2 % of the mass: the model will hardly learn from it.": (
        "“{name}”占总量不足 2 %：模型几乎学不到它。"
    ),
    "All classes weigh the same: only the condition tells them apart.": "所有类别权重相同：只有条件能区分它们。",
    "“{name}” is the best class and has only {n} conversations: the model may learn its manner, not its skill.": (
        "“{name}”是最好的类别，却只有 {n} 个对话：模型可能学到腔调，学不到本领。"
    ),
    "On {n} topics only “{name}” speaks and “{best}” never does, such as {topics}: "
    "there the model cannot learn how it is done well.": (
        "有 {n} 个主题只有“{name}”而没有“{best}”，例如 {topics}：在这些主题上模型学不到怎样才算好。"
    ),
    "Where it comes from": "从哪里来",
    "the thin line is the part of the data; the bar is the part of the mass": "细线为数据占比；条形为总量占比",
    "Topics show once the map is made (Browse, Map).": "绘制地图后会显示主题（浏览页，地图）。",
    "There is nothing to train on yet.": "还没有可供训练的内容。",
    "{n} more": "还有 {n} 个",
    "One of each, as it is trained on": "每类一例，即训练时的样子",
    "green is learnt, the stronger the more it weighs": "绿色部分参与学习，颜色越深权重越大",
    "learnt with weights {least} to {most}, turn by turn": "逐轮次以权重 {least} 至 {most} 学习",
}

_SUGGESTIONS: Mapping[str, str] = {
    "the likeliest class of what is untagged, from similar tagged ones; it decides nothing": (
        "根据相似的已标注对话，推测未标注对话最可能的类别；它不作任何决定"
    ),
    "Compute them": "计算建议",
    "Compute them again": "重新计算",
    "It learns from your tags how the classes read, and says how sure it is. Ten of each class will do.": (
        "它从你的标注学习各类别的样子，并说明有多大把握。每类十个就够。"
    ),
    "To be decided": "待决定",
    "of {n} suggested": "共建议 {n} 个",
    "Right when tested": "测试正确率",
    "on tags that it had not seen": "在它没见过的标注上",
    "Confidence off by": "置信度偏差",
    "on average: 90 % means about 90 in 100": "平均值：90 % 约指 100 个中 90 个",
    "Learnt from": "学习依据",
    "words and map": "词语与地图",
    "words; no map is made": "词语；尚无地图",
    "Made {when}.": "计算于 {when}。",
    "{n} tags have come since; compute again to learn from them.": "此后新增 {n} 个标注；重新计算即可学习它们。",
    "Too few to learn: {names}.": "数量太少，无法学习：{names}。",
    "Nothing is left to accept.": "没有可接受的建议了。",
    "Accept the sure ones": "接受有把握的",
    "At least this sure": "最低把握",
    "Of the tags it was tested on, {right} of those at least {x} sure were right.": (
        "在测试过的标注中，把握至少 {x} 的有 {right} 是正确的。"
    ),
    "I have looked at the sample beside": "我已看过旁边的样本",
    "Accept {n} suggestion": "接受 {n} 个建议",
    "Accept {n} suggestions": "接受 {n} 个建议",
    "They are marked as accepted in bulk, and one undo takes them back.": (
        "它们会标为批量接受，一次撤销即可全部收回。"
    ),
    "Decide the doubtful ones by key": "用按键逐个决定拿不准的",
    "Part of all": "占全部的比例",
    "A sample of them": "其中的样本",
    "the least sure ones first": "最没把握的在前",
    "Tag this one as {name}": "把这个标注为 {name}",
    "None is so sure; lower the threshold.": "没有这么有把握的；请降低阈值。",
}

TEXTS: Mapping[str, str] = {**_PAGE, **_QUEUE, **_BULK, **_CLASSES, **_REWARDS, **_SUGGESTIONS}
