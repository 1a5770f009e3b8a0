"""Chinese texts of the Project, Snapshots and Rounds pages. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_PROJECT: Mapping[str, str] = {
    "Round {n} of the loop: the data improves the model, the model improves the data.": (
        "循环的第 {n} 轮：数据改进模型，模型改进数据。"
    ),
    "Next step: {title}": "下一步：{title}",
    "**Every answer counts, the good ones more.** Conversations of mixed quality come in; you say "
    "which answers are good. The model learns from all of them: the class stands in the prompt, and "
    "its reward weights the loss. Asked as the best class, it answers like the best. Its answers come "
    "back here for the next round.": (
        "**每个回答都有用，好的更有用。** 导入质量参差的对话，由你说明哪些回答好。模型从所有回答中学习："
        "类别写在提示里，奖励作为损失的权重。以最好的类别提问，它就像最好的那样回答。"
        "它的回答会回到这里，供下一轮使用。"
    ),
    "Fill this project with the sample": "用示例数据填充此项目",
    "Thousands of short talks at a shop's counter, in English and Chinese, to try it all on": (
        "数千个商店柜台的简短对话，中英文都有，可以试用全部功能"
    ),
    "Bring in your conversations": "导入你的对话",
    "Import a file of conversations": "导入一个对话文件",
    "Dedupe": "去重",
    "Find exact and near duplicates": "找出相同与近似的重复",
    "Look for duplicates": "查找重复",
    "Repair and drop what teaches nonsense": "修正并舍弃有害的内容",
    "See what the cleaning rules find": "看看清洗规则找到什么",
    "Say how good each answer is": "说明每个回答有多好",
    "Tag the untagged conversations": "标注未标注的对话",
    "Snapshot": "快照",
    "Freeze a dataset version": "固定一个数据集版本",
    "Fine-tune with C-RLFT": "用 C-RLFT 微调",
    "Train on the snapshot": "用快照训练",
    "Put answers side by side": "把回答并排对照",
    "Compare the new model's answers": "比较新模型的回答",
    "Next round": "下一轮",
    "Bring outputs back and go on": "带回输出，继续前进",
    "Start the next round": "开始下一轮",
    "Kept": "已保留",
    "Dropped": "已舍弃",
    "with a reason, never deleted": "附有理由，从不删除",
    "Supervised tokens": "参与训练的词元",
    "text that is learnt from": "会被学习的文本",
    "Composition": "构成",
    "By class": "按类别",
    "By source": "按来源",
    "By language": "按语言",
    "By status": "按状态",
    "click a bar to see these conversations": "点击条形查看这些对话",
    "Recent decisions": "最近的决定",
    "everything can be undone": "一切都可撤销",
    "undone": "已撤销",
}

_SNAPSHOTS: Mapping[str, str] = {
    "Freeze the data as it is now, so that a run can be repeated and compared.": (
        "固定当前数据，使训练可以重复、可以比较。"
    ),
    "Nothing to freeze yet": "还没有可固定的数据",
    "Import conversations and tag them. A snapshot then holds all that are tagged and not dropped.": (
        "请导入并标注对话。快照会包含所有已标注且未舍弃的对话。"
    ),
    "New snapshot": "新快照",
    "a query such as status:kept; empty is all": "查询，如 status:kept；留空为全部",
    "Make snapshot": "制作快照",
    "Tag the {n} that have no class": "标注 {n} 个没有类别的",
    "{n} of {total} written": "已写入 {n} / {total}",
    "Snapshot {name} holds {n} conversations": "快照 {name} 含 {n} 个对话",
    "Left out: no class": "未纳入：无类别",
    "Left out: dropped": "未纳入：已舍弃",
    "classes": "类别",
    "answer tokens": "回答词元",
    "hash": "哈希",
    "All snapshots": "全部快照",
    "Train on it": "用它训练",
    "Made": "创建于",
    "by {name}": "由 {name}",
    "by": "创建者",
    "Condition": "条件",
    "Manifest": "清单",
    "What": "内容",
    "content hash": "内容哈希",
    "all that are tagged and not dropped": "所有已标注且未舍弃的对话",
    "query": "查询",
    "folder": "文件夹",
    "It loads with the datasets library:": "可用 datasets 库载入：",
    "What changed": "有何变化",
    "This is the first snapshot; the next one is compared with it here.": (
        "这是第一个快照；下一个会在这里与它比较。"
    ),
    "Against": "对比",
    "The same conversations and classes: the hashes are equal.": "对话与类别相同：哈希一致。",
    "Difference": "差异",
    "Export": "导出",
    "for other programs": "供其他程序使用",
    "Format": "格式",
    "File": "文件",
    "Parts": "分份",
    "One": "一份",
    "train 95 %, test 5 %": "训练 95 %，测试 5 %",
    "train 90 %, test 10 %": "训练 90 %，测试 10 %",
    "train 80 %, validation 10 %, test 10 %": "训练 80 %，验证 10 %，测试 10 %",
    "No prompt stands in two parts.": "同一提示不会出现在两份中。",
    "Write to": "写入",
    "Licence, on the card": "许可证（写在卡片上）",
    "Show what would be written": "预览将写入的内容",
    "Writing…": "正在写入…",
    "The card of the folder": "文件夹的卡片",
    "The first conversations, as they would be written": "写入后最前面的对话",
    "This format cannot hold: {what}": "此格式无法容纳：{what}",
    "In no row: {what}": "不在任何行中：{what}",
    "{n} conversations written to {path}": "{n} 个对话已写入 {path}",
    "Download": "下载",
    "Download {name}": "下载 {name}",
    "Looking…": "正在查看…",
    "datasets folder with a card": "datasets 文件夹（带数据卡）",
    "Of the first conversations, nothing would be written.": "最前面的对话中，没有一个会写出。",
}

_ROUNDS: Mapping[str, str] = {
    "The model judges the tags": "模型评判标注",
    "Checks": "检查",
    "Each turn of the loop: the data it had, the run it made, how good it was.": (
        "循环的每一轮：用了什么数据、做了什么训练、效果如何。"
    ),
    "No data yet": "还没有数据",
    "Import conversations to begin round 1: a snapshot, a run, a comparison, and what comes back.": (
        "导入对话即开始第 1 轮：一个快照、一次训练、一次比较，以及带回的内容。"
    ),
    "All rounds": "所有轮",
    "newest first; click a row to choose it": "最新在前；点击一行选择",
    "Swap test: nats per token by which the wrong class makes held-out answers less likely; above 0, the model "
    "has learnt what the classes mean. Held-out loss: of the best class, nats per token. Forgotten: "
    "by how many nats per token the run knows plain text worse than its base.": (
        "互换检验：换成错误类别后，留出回答每词元的似然下降多少奈特；大于 0 表示模型学会了类别的含义。"
        "留出损失：最好类别的，每词元奈特。遗忘：该训练对普通文本的每词元损失比其基座高多少奈特。"
    ),
    "More over rounds": "各轮的其他数字",
    "a gap where a round has no figure yet": "某轮尚无数字处留空",
    "Swap test, nats per token": "互换检验，每词元奈特",
    "Held-out loss of the best class": "最好类别的留出损失",
    "Votes won by the best condition, percent": "最好条件赢得的票，百分比",
    "Written by the model, percent of what arrived": "由模型书写，占新增的百分比",
    "Trained on, conversations": "训练所用对话",
    "Forgotten plain text, nats per token": "对普通文本的遗忘，每词元奈特",
    "forgotten": "遗忘",
    "probe questions": "探测问题",
    "right answers, by topic": "正确回答数，按主题",
    "questions": "问题",
    "the run": "该训练",
    "its base": "其基座",
    "{right} of {n} (base {base})": "{n} 题中 {right} 题正确（基座 {base}）",
    "Measure what it has forgotten": "测量它遗忘了多少",
    "plain text, the run and its base": "普通文本：该训练与其基座",
    "won": "胜",
    "Current round": "当前轮",
    "Arrived in it": "本轮新增",
    "{n} made by the model": "{n} 个由模型生成",
    "Trained on": "训练数据",
    "no snapshot yet": "还没有快照",
    "no comparison yet": "还没有比较",
    "{points} points against the round before": "较上一轮 {points} 点",
    "arrived": "新增",
    "made by the model": "由模型生成",
    "trained on": "训练数据",
    "full quality": "完全合格",
    "asked as": "提问身份",
    "The curve begins with the first comparison on prompts that a program can check.": (
        "从第一次用程序可检查的提示做比较起，曲线开始。"
    ),
    "Quality over rounds": "各轮的质量",
    "on the checked prompts, asked as the best class; bars are 95 % intervals": (
        "在可检查的提示上，以最好的类别提问；竖线为 95 % 区间"
    ),
    "Open round {n}:": "打开第 {n} 轮：",
    "Comparison": "比较",
    "What changed in round {n}": "第 {n} 轮有何变化",
    "snapshot {after} against {before}": "快照 {after} 对比 {before}",
    "Added": "新增",
    "dropped or untagged since": "此后被舍弃或去掉标注",
    "Retagged": "改标",
    "another class than before": "类别与之前不同",
    "by whom": "由谁",
    "what": "做了什么",
    "accept": "接受建议",
    "adjudicate": "裁定",
    "agree": "按一致意见标注",
    "bring-back": "带回",
    "clean": "清洗",
    "confirm": "确认标注",
    "dedupe": "去重",
    "edit": "编辑",
    "exclude": "不学习",
    "panel": "评议组",
    "restore": "恢复",
    "reward-turn": "单个回答的奖励",
    "settings": "设置",
    "tag": "标注",
    "tag-rules": "按规则标注",
    "Start round {n}": "开始第 {n} 轮",
    "what arrives from then on belongs to it; nothing is closed or lost": (
        "此后新增的内容属于这一轮；什么也不会关闭或丢失"
    ),
    "Round {n} has begun": "第 {n} 轮已开始",
    "Written by the model": "由模型书写",
    "by the model": "由模型",
    "share": "占比",
    "answers brought back that are not dropped, by class and by topic": "带回且未舍弃的回答，按类别与主题",
    "Warn above, percent": "超过多少百分比时提醒",
    "Of a class or topic that may be the model's own answers.": "一个类别或主题中允许模型自己的回答所占的比例。",
    "between topics": "主题之间",
    "Topics are the regions of the map: draw it under Browse, and they stand here.": (
        "主题就是地图的区域：在浏览页绘制地图后会列在这里。"
    ),
    "{n} answers ask what nothing on the map asks: draw it anew.": "{n} 个回答的提问在地图上找不到：请重新绘制。",
    "Above {cap} % the model's own: {names}. A loop that eats mostly itself loses variety. Bring in other data, "
    "or drop some of its answers.": (
        "模型自己的回答超过 {cap} %：{names}。主要以自身为食的循环会失去多样性。"
        "请引入其他数据，或舍弃部分模型回答。"
    ),
    "{made} of {total} conversations": "{total} 个对话中的 {made} 个",
    "Written by the model, with these": "由模型书写（含这些）",
    "all": "全部",
    "topics with most": "最多的主题",
    "{n} of no known topic": "{n} 个主题未知",
    "by topic once the map is drawn": "绘制地图后按主题显示",
    "asked in the data": "数据中的提问",
    "held-out prompt": "留出的提示",
    "alike": "相似度",
    "Where does it come from?": "它从哪里来？",
    "back to its file, or to the run and the data that wrote it": "追溯到文件，或写出它的训练与数据",
    "Id of a conversation": "对话编号",
    "when": "时间",
    "decision": "决定",
    "generation": "生成",
}

_AGREEMENT: Mapping[str, str] = {
}

_CHARTS: Mapping[str, str] = {
    "weighted (trained on)": "加权（训练所用）",
    "unweighted": "未加权",
    "percent": "百分比",
}

TEXTS: Mapping[str, str] = {**_PROJECT, **_SNAPSHOTS, **_ROUNDS, **_AGREEMENT, **_CHARTS}
