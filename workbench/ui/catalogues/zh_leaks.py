"""Chinese texts of searches by meaning, of single groups' rules and of leaked evaluation prompts."""

from __future__ import annotations

from collections.abc import Mapping

_SEARCH: Mapping[str, str] = {
    (
        "Near finds copies with small differences, exact only equal ones, by meaning the same said in other "
        "words. Nothing is changed by searching."
    ): (
        "“近似”找出略有差异的副本，“完全相同”只找一模一样的，“按含义”找出换一种说法的同一内容。"
        "查找不会更改任何内容。"
    ),
    "By meaning": "按含义",
    "whole conversations": "个完整对话",
    "near-duplicates": "近似重复",
    "exact duplicates": "完全相同",
    "same meaning": "含义相同",
    "{n} {what} searched": "已查找 {n} {what}",
    "Characters": "字符",
    "By": "依据",
    "Copies with small differences. Every pair is checked word by word; short texts only if equal.": (
        "略有差异的副本。每一对都逐词核对；短文本须完全相同。"
    ),
    (
        "The same said in other words. Texts that were never embedded are embedded first, once: about a minute "
        "for every two thousand; then it is a matter of seconds. Long texts go by their beginning and their end."
    ): "换一种说法的同一内容。未嵌入过的文本先嵌入一次：每两千条约一分钟；之后只需几秒。长文本按开头和结尾比较。",
    "by characters": "按字符",
    "punctuation ignored": "忽略标点",
    "only where {query}": "仅限 {query}",
    "The embedding job waits for the device; see the Jobs page.": "嵌入任务正在等待设备；见“任务”页。",
    "Embedding: {i} of {n} texts, once and for all.": "正在嵌入：第 {i} 条，共 {n} 条，只需一次。",
    (
        "Words: two in a row. Characters: five in a row, which forgives typing errors and joined words. Chinese "
        "and other scripts without spaces go by the sign either way."
    ): "词：连续两个。字符：连续五个，可容忍错字与连写。中文等无空格文字两种方式都按单字比较。",
    "Ignore punctuation": "忽略标点",
}

_GROUP: Mapping[str, str] = {
    "{n} group by a rule of its own": "{n} 个组使用自己的规则",
    "{n} groups by a rule of their own": "{n} 个组使用自己的规则",
    "Stays": "保留",
    "In this group stays": "本组保留",
    "In this group stays: {what}": "本组保留：{what}",
    "Another rule": "换一条规则",
    "tagging conflict: the same, but different classes": "标注冲突：内容相同，类别不同",
    "Decide it after all": "还是处理这一组",
    "Leave it as it is": "保持原样",
    "Left as it is: nothing in this group goes.": "保持原样：本组不删除任何对话。",
    "Others {i} to {j} of {n}": "其余第 {i} 至 {j} 个，共 {n} 个",
}

_LEAKS: Mapping[str, str] = {
    "Leaked evaluation prompts": "泄漏的评测提示",
    "None of {n} conversations leaks any of {items} evaluation prompts.": (
        "{n} 个对话都没有泄漏 {items} 条评测提示中的任何一条。"
    ),
    "Evaluation files": "评测文件",
    (
        "A conversation leaks a prompt if it says most of it word for word, in runs of eight words, or asks the "
        "same in other words. A model trained on it would look better than it is."
    ): (
        "如果一个对话以连续八个词的片段逐字说出提示的大部分，或换一种说法问同样的问题，它就泄漏了该提示。"
        "用它训练的模型会显得比实际更好。"
    ),
    "Share of a prompt's words, from which it is a leak": "提示中多大比例的词相同即算泄漏",
    "Similarity of meaning, from which it is a leak": "含义相似度达到多少即算泄漏",
    "Review and drop them": "查看并删除",
    "Nothing leaks at these thresholds.": "在此阈值下没有泄漏。",
    "words in common {score}": "相同的词 {score}",
    "same meaning {score}": "含义相同 {score}",
    "Leak {i} of {n}, least alike first": "第 {i} 处泄漏，共 {n} 处，最不相似的在前",
    "It is gone meanwhile.": "它已不在了。",
    "The {n} held-out prompts of this project": "本项目的 {n} 条留出提示",
    "By meaning, too": "也按含义",
    "Look for leaks": "查找泄漏",
    "{n} left in by hand": "{n} 个由人工保留",
    "It is a leak after all": "还是算泄漏",
    "No leak: leave it in": "不是泄漏：保留",
    "Finds prompts said in other words. Texts that were never embedded are embedded first.": (
        "能找出换一种说法的提示。未嵌入过的文本先嵌入。"
    ),
    "Conversations that leak": "有泄漏的对话",
    "Prompts leaked": "泄漏的提示",
    "By words": "按词",
    "the others by meaning": "其余按含义",
}

TEXTS: Mapping[str, str] = {**_SEARCH, **_GROUP, **_LEAKS}
