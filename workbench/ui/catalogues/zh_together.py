"""Chinese texts of tagging together and of the model's judgement of tags. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_TOGETHER: Mapping[str, str] = {
    "Panels": "评议组",
    "several people judge the same conversations, without seeing each other's opinions": (
        "几个人评判同一批对话，互相看不到意见"
    ),
    "Let two people judge the same hundred conversations: it shows how clear your classes are.": (
        "让两个人评判同一百个对话：可看出你的类别是否清楚。"
    ),
    "A new panel": "新评议组",
    "Who decided what": "谁作了哪些决定",
    "what is in force; click a name to see what it tagged": "现行有效的决定；点击名字查看其标注",
    "Panel": "评议组",
    "{k} people each": "每个 {k} 人",
    "Judged by all": "全员已评",
    "Agreed": "一致",
    "not tagged yet": "尚未标注",
    "Disputed": "有分歧",
    "not decided yet": "尚未决定",
    "Settled": "已定",
    "have their class": "已有类别",
    "Judge your {n}": "评判你的 {n} 个",
    "Nothing for you to judge": "没有需要你评判的",
    "Decide {n} disagreement": "裁定 {n} 处分歧",
    "Decide {n} disagreements": "裁定 {n} 处分歧",
    "Tag {n} as agreed": "按一致意见标注 {n} 个",
    "From all conversations.": "取自全部对话。",
    "From “{query}”.": "取自“{query}”。",
    "Judged so far: {who}.": "已评判：{who}。",
    "Agreement shows once two people have judged the same conversation.": "两个人评判过同一对话后会显示一致程度。",
    "All opinions name one class: there is nothing to measure yet.": "所有意见都是同一类别：还没有可衡量的。",
    "95 % interval {interval}": "95 % 区间 {interval}",
    "Krippendorff's α": "Krippendorff α",
    "Same class": "类别相同",
    "a neighbouring class is a smaller error": "相邻类别算较小的误差",
    "α by grade": "按等级的 α",
    "Both judged": "两人都评",
    "Two people": "两人",
    "Opinions": "意见",
    "From 0.80 on the classes are clear: what one person tags, others would tag alike.": (
        "0.80 以上表示类别清楚：一个人的标注，别人也会同样标。"
    ),
    "From 0.67 to 0.80: usable with caution; look at what people differ on.": (
        "0.67 到 0.80：可谨慎使用；请看看大家在哪里有分歧。"
    ),
    "Below 0.67 people mean different things by the classes: say in words what each one is, then judge anew.": (
        "低于 0.67 表示大家对类别的理解不同：请用文字说明每个类别，再重新评判。"
    ),
    "calibration": "校准",
    "Which conversations": "哪些对话",
    "People for each": "每个对话的人数",
    "Names (empty: whoever comes)": "名字（留空：谁来都行）",
    "Each conversation goes to as many of them as you ask for, evenly.": "每个对话按你要求的人数平均分配给他们。",
    "Make the panel": "建立评议组",
    "Panel “{name}” is there; send the address of this page to the others.": (
        "评议组“{name}”已建立；请把此页地址发给其他人。"
    ),
    "Nobody has decided anything yet.": "还没有人作过决定。",
    "Who": "谁",
    "Last": "最近",
    "tagged": "标注",
    "Panel **{name}**: what people differ on, with what each thinks. A class's key decides.": (
        "评议组 **{name}**：大家的分歧及各人的看法。按类别键裁定。"
    ),
    "Panel **{name}**: you judge as **{who}**, blind to the others. It tags nothing yet.": (
        "评议组 **{name}**：你以 **{who}** 的身份评判，看不到别人的意见。暂不标注任何内容。"
    ),
    "Back to the panel": "返回评议组",
    "Nobody differs": "没有分歧",
    "You have judged your share": "你的部分已评完",
    "Where all who were asked have judged, they judged alike, or it is settled.": (
        "所有受邀者都评过的对话，意见一致或已裁定。"
    ),
    "What is left waits for others, or for a decision.": "其余的在等别人评判，或等待裁定。",
    "accepted": "接受",
    "edited": "编辑",
    "rewarded": "设奖励",
    "opinions": "意见",
    "adjudicated": "裁定",
}

_JUDGING: Mapping[str, str] = {
    "Most suspect": "疑点最大",
    "the model's likelihoods, from held-out folds": "模型的似然（留出折）",
    "a classifier of words and letters": "词与字母的分类器",
    "model and words together": "模型与词语结合",
    "how surprising the answer is": "回答有多出人意料",
    "how long the answer is": "回答有多长",
    "Reading the scores": "正在读取得分",
    "percent of all folds": "全部折的百分比",
    "How far to believe it": "可信程度",
    "held for wrong, still to be decided": "疑似标错，待决定",
    "with a proposal": "附有建议",
    "Agreement": "一致率",
    "Agreement over time": "一致率的变化",
    "between the evidence and the curators' tags, newest first": "证据与标注员标注之间，最新在前",
    "judged": "评判于",
    "tags": "标注数",
    "as proposed then": "当时与建议一致",
    "as proposed now": "现在与建议一致",
    "decided since": "此后已决定",
    "of these as proposed": "其中按建议",
    "tags as proposed, when judged": "评判时与建议一致的标注",
    "decisions as proposed": "按建议所作的决定",
    "judging": "评判",
    "of tags are what the evidence says": "的标注与证据相符",
    "The model had trained on what it judges: it suspects too little, and nothing was measured.": (
        "模型训练时见过它所评判的内容：疑点会偏少，也没有做过测量。"
    ),
    "AUC": "AUC",
    "Evidence": "证据",
    "precision": "精确率",
    "Measured on {n} tags of this project that were swapped before the folds were trained. The best ranks the "
    "queue, and a mixture counts as best within one standard error: {best}. Real mistakes can be harder to find "
    "than swapped tags.": (
        "在训练各折之前故意调换了本项目的 {n} 个标注，据此测得。其中最好的用来排列队列，"
        "混合证据在一个标准误之内也算最好：{best}。真实的错误可能比调换的标注更难发现。"
    ),
    "model, words and embeddings together": "模型、词语与嵌入结合",
    "a classifier of sentence embeddings": "句子嵌入的分类器",
    "Here the simpler evidence beats the model's, so it is used.": "此处较简单的证据胜过模型，故采用它。",
    "What to look at": "看什么",
    "each decision is an ordinary one: U undoes it": "每个决定都是普通决定：按 U 撤销",
    "Suspected tags": "疑似标错",
    "Nothing is left to decide here.": "这里没有待决定的了。",
    "The first": "前几个",
    "Tag {n} as proposed": "按建议标注 {n} 个",
    "Tagged {tag}; the evidence says {chances}; the model finds {proposal} likelier by {nats} nats a token": (
        "标注为 {tag}；证据显示 {chances}；模型认为 {proposal} 更可能，每词元高 {nats} 奈特"
    ),
    "Tagged {tag}; the evidence says {chances}; the model finds {proposal} less likely by {nats} nats": (
        "标注为 {tag}；证据显示 {chances}；只看模型，{proposal} 较不可能，每词元低 {nats} 奈特"
    ),
    "The tag is right": "标注正确",
    "Train a model first. Then its base, trained on part of the data, judges the tags of the rest.": (
        "请先训练一个模型。之后用其基座在部分数据上训练，评判其余数据的标注。"
    ),
    "Judge the tags": "评判标注",
    "the run's base learns from all folds but one, and judges that one": "基座从其余各折学习，评判留下的那一折",
    "Run": "训练",
    "Folds": "折数",
    "0: automatic": "0：自动",
    "Steps of each": "每折步数",
    "In sample": "样本内",
    "Score with the run's own model: no training, but it vouches for what it learnt.": (
        "用该训练自己的模型打分：无需训练，但它会偏信学过的内容。"
    ),
}

TEXTS: Mapping[str, str] = {**_TOGETHER, **_JUDGING}
