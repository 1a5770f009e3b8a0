"""Chinese texts of the Duplicates page. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_SEARCH: Mapping[str, str] = {
    "Find conversations that say the same, see them whole, keep the best copy.": (
        "找出内容相同的对话，完整查看，保留最好的一份。"
    ),
    "Nothing to compare yet": "还没有可比较的内容",
    "Import conversations first. Then copies and near-copies are found here in seconds.": (
        "请先导入对话，之后几秒内就能在这里找到相同与近似的副本。"
    ),
    "Exact": "完全相同",
    "Near": "近似",
    "Find duplicates": "查找重复",
    "Groups": "组",
    "of {n} conversations": "共 {n} 个对话",
    "Copies": "副本",
    "if one of each group stays": "若每组保留一个",
    "Tagging conflicts": "标注冲突",
    "alike, but tagged differently": "内容相似，标注不同",
    "Contrasts": "对照",
    "one prompt, several classes: always kept": "同一提示、多个类别：始终保留",
    "No duplicates at this threshold.": "在此阈值下没有重复。",
    "Equal texts only, whatever their width, case and white space.": "只找相同文本，不计全半角、大小写与空白。",
    "Similarity from which two count as the same": "相似度达到多少算相同",
    "Which copy stays": "保留哪一份",
    "best class, then the longest answer, then the newest": "类别最好的，其次回答最长的，再次最新的",
    "the longest answer, then the best class, then the newest": "回答最长的，其次类别最好的，再次最新的",
    "the newest": "最新的",
    "the first that arrived": "最早导入的",
    "Leave groups with tagging conflicts alone": "不处理有标注冲突的组",
    "Review {n} tagging conflict": "查看 {n} 处标注冲突",
    "Review {n} tagging conflicts": "查看 {n} 处标注冲突",
    "One by one on the Tag page: the same text cannot be of two qualities.": (
        "在标注页逐个处理：同一文本不可能有两种质量。"
    ),
    "{n} chosen by hand": "{n} 个手动选定",
    "{n} group left alone": "{n} 组保持不动",
    "{n} groups left alone": "{n} 组保持不动",
    "Review and drop the copies": "过目并舍弃副本",
}

_REVIEW: Mapping[str, str] = {
    "Borderline pairs": "临界对",
    "chosen by hand": "手动选定",
    "another class answers it": "由另一类别作答",
    "not alike enough to any that stays": "与保留的都不够相似",
    "Largest first": "最大在前",
    "Least similar first": "最不相似在前",
    "No group is like that.": "没有这样的组。",
    "Group {i} of {n}": "第 {i} 组，共 {n} 组",
    "Its members have been dropped meanwhile.": "其成员期间已被舍弃。",
    "{n} alike": "{n} 个相似",
    "{n} stay": "{n} 个保留",
    "{n} stays": "{n} 个保留",
    "least similarity {score}": "最低相似度 {score}",
    "See in Browse": "在浏览页查看",
    "Stays: {why}": "保留：{why}",
    "Stays too: {why}": "也保留：{why}",
    "Goes: {why}": "舍弃：{why}",
    "Goes: {why}; the same text": "舍弃：{why}；文本相同",
    "Keep this one": "保留这个",
    "Which pairs": "哪些对",
    "Only just not": "差一点相同",
    "Only just the same": "勉强相同",
    "There is no such pair: everything found is equal text.": "没有这样的对：找到的全是相同文本。",
    "similarity {score}": "相似度 {score}",
    "Pair {i} of {n}": "第 {i} 对，共 {n} 对",
    "No prompt is answered in more than one class.": "没有提示同时有多个类别的回答。",
    "Prompt {i} of {of}: {n} answer": "第 {i} 个提示，共 {of} 个：{n} 个回答",
    "Prompt {i} of {of}: {n} answers": "第 {i} 个提示，共 {of} 个：{n} 个回答",
    "similarity {place}: {count} pairs": "相似度 {place}：{count} 对",
    "pairs": "对数",
    "similarity": "相似度",
}

TEXTS: Mapping[str, str] = {**_SEARCH, **_REVIEW}
