"""Chinese texts of what asks held-out prompts and stays out of snapshots."""

from __future__ import annotations

from collections.abc import Mapping

_PROBES: Mapping[str, str] = {
    "Probe questions": "探测问题",
    "asked of every run and of its base, to see what it has forgotten": "向每次训练及其基座提问，看它忘了什么",
    "question": "问题",
    "must state": "须说出",
    "must match": "须符合",
    "must not contain": "不得含有",
    "Such as memory or sums; right answers are counted by it.": "例如记忆或算术；答对数按主题统计。",
    "One of these, with | between them: 11 | eleven": "其中之一，用 | 隔开：11 | 十一",
    r"A regular expression, such as ^\d{1,2}:\d\d$": r"正则表达式，例如 ^\d{1,2}:\d\d$",
    "None of these, with | between them: as an AI | sorry": "一个也不得有，用 | 隔开：作为AI | 抱歉",
    "{n} more line of {file} asks or checks more than this table shows; it stays as it is.": (
        "{file} 另有 {n} 行的提问或检查超出此表；保持原样。"
    ),
    "{n} more lines of {file} ask or check more than this table shows; they stay as they are.": (
        "{file} 另有 {n} 行的提问或检查超出此表；保持原样。"
    ),
    "An answer is right if all that stands beside its question holds. Empty cells ask nothing.": (
        "回答满足问题旁边的所有要求才算对。空格表示不作要求。"
    ),
    "Try a check": "试一试检查",
    "Question": "问题",
    "An answer": "一个回答",
    "Right.": "对。",
    "Save questions": "保存问题",
    "{n} probe question is kept": "已保存 {n} 个探测问题",
    "{n} probe questions are kept": "已保存 {n} 个探测问题",
    "Measure again": "重新测量",
    "Plain text, and the probe questions under Checks.": "普通文本，以及“检查”中的探测问题。",
}

TEXTS: Mapping[str, str] = {
    **_PROBES,
    "Comparing prompts with the held-out ones": "正在与留出的提示比对",
    "copies": "相同",
    "near-copies": "几乎相同",
    "with a word replaced": "换了一个词",
    "{n} conversation is not among them: it asks what a held-out prompt asks.": (
        "{n} 个对话不在其中：它问了留出提示所问的内容。"
    ),
    "{n} conversations are not among them: they ask what held-out prompts ask.": (
        "{n} 个对话不在其中：它们问了留出提示所问的内容。"
    ),
    "{n} of them held out since, others dropped or untagged": "其中 {n} 个此后被留出，其余被舍弃或去掉标注",
    "{n} more held out": "另有 {n} 个留出",
    "all that are tagged, not dropped and not held out": "所有已标注、未舍弃且未留出的对话",
    "{n} conversation stays out because it asks what a held-out prompt asks: {parts}.": (
        "{n} 个对话未纳入，因为它问了留出提示所问的内容：{parts}。"
    ),
    "{n} conversations stay out because they ask what held-out prompts ask: {parts}.": (
        "{n} 个对话未纳入，因为它们问了留出提示所问的内容：{parts}。"
    ),
    "{n} conversation nearly asks a held-out prompt and stays in: {parts}.": (
        "{n} 个对话问得与留出提示几乎一样，仍纳入：{parts}。"
    ),
    "{n} conversations nearly ask a held-out prompt and stay in: {parts}.": (
        "{n} 个对话问得与留出提示几乎一样，仍纳入：{parts}。"
    ),
    "Look at them": "查看",
    "What stays out": "设置不纳入的内容",
    "they must never be trained on: snapshots leave out what asks them": (
        "绝不能用于训练：快照不纳入问了它们的对话"
    ),
    "Nothing is held out yet. Prompts kept out of training show how good each round is.": (
        "还没有留出任何提示。不参与训练的提示能显示每一轮有多好。"
    ),
    "the same text; never trained on": "文本相同；从不用于训练",
    "nearly the same text": "文本几乎相同",
    "nearly the same text, but a word gave way to another: often another question": (
        "文本几乎相同，但换了一个词：往往是另一个问题"
    ),
    "asks a held-out prompt": "如何问到留出的提示",
    "meaning": "含义",
    "in snapshots": "在快照中",
    "left out": "不纳入",
    "stays in": "纳入",
    "No conversation that is tagged asks any of the {n} held-out prompts.": (
        "没有任何已标注的对话问到 {n} 个留出提示中的任何一个。"
    ),
    "Hold out other prompts": "改为留出其他提示",
    "Rounds that were judged on today's {n} cannot be compared with later ones.": (
        "用现在这 {n} 个提示评判过的各轮，将无法与之后的轮次比较。"
    ),
    "Drawn from the project": "从项目中抽取",
    "Hold out": "留出",
    "Plain lines, or JSONL with prompt": "每行一条文本，或含 prompt 的 JSONL",
    "How many prompts": "提示数量",
    "Conversations that ask them stay in the project, and out of snapshots.": (
        "问到它们的对话留在项目中，但不进入快照。"
    ),
    "Hold them out": "留出它们",
    "{n} prompt is held out": "已留出 {n} 个提示",
    "{n} prompts are held out": "已留出 {n} 个提示",
    "copies only": "仅相同的",
    "near-copies, too (usual)": "也包括几乎相同的（通常）",
    "and those with a word replaced": "还包括换了一个词的",
    "Leave out of snapshots": "快照不纳入",
    "Decide": "决定",
    "stands in the log": "写入日志",
    "Why": "原因",
    "conversation": "对话",
    "how": "方式",
    "its id": "它的编号",
    "Look at them in Browse": "在浏览页查看",
    "held-out prompts": "留出的提示",
    "not looked at: made by an earlier version": "未检查：由较早版本建立",
    "there were none": "没有",
    "{n} held out; left out: {out}; stayed in: {staying}": "留出 {n} 个；未纳入：{out}；仍纳入：{staying}",
    "It asks the held-out prompt {id} ({how}, alike {score}) and stays out of snapshots.": (
        "它问了留出的提示 {id}（{how}，相似度 {score}），不进入快照。"
    ),
    "It nearly asks the held-out prompt {id} ({how}, alike {score}).": (
        "它问得与留出的提示 {id} 几乎一样（{how}，相似度 {score}）。"
    ),
    "To the comparison": "到该比较",
    "To the run": "到该训练",
    "To the snapshot": "到该快照",
    "To the conversation that asks it": "到提出它的对话",
    "Look at it in Browse": "在浏览页查看",
    "Hold prompts out of training": "留出一些提示，不参与训练",
}
