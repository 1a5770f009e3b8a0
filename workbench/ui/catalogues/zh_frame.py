"""Chinese texts of what stands around every page (navigation, sidebar, plans, notices) and words that pages share.

The glossary of all Chinese catalogues, so that a thing has one name on every page:

    conversation 对话          turn 轮次                class 类别            condition 条件
    tag 标注                   untagged 未标注          keep 保留             drop 舍弃
    pending 待定               status 状态              flag 标记             reason 理由
    reward 奖励                coarse reward 粗粒度奖励 loss weight 损失权重  reward mass 奖励总量
    round 轮（第 n 轮）        snapshot 快照            run 训练              held-out 留出（留出集）
    duplicate 重复             copy 副本                contrast 对照         group 组
    plan 计划                  undo 撤销                log 日志              provenance 来历
    source 来源                query 查询               suggestion 建议       confidence 置信度
    base 基座                  token 词元               prompt 提示           answer 回答
    comparison 比较            vote 投票                bring back 带回       quarantine 隔离区
    rule 规则                  recipe 配方              hit 命中              island, topic 主题
    supervised 参与训练        fold 折                  seed 随机种子         curator 标注员

What services write in English is recognised by its form: titles in `zh_log`, reasons of rows in quarantine and
faults of files in `zh_reasons`, all other errors in `zh_errors`.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAVIGATION: Mapping[str, str] = {
    "Project": "项目",
    "Data": "数据",
    "Model": "模型",
    "Import": "导入",
    "Browse": "浏览",
    "Duplicates": "重复",
    "Clean": "清洗",
    "Tag": "标注",
    "Snapshots": "快照",
    "Train": "训练",
    "Compare": "比较",
    "Rounds": "各轮",
    "Jobs": "任务",
}

_SIDEBAR: Mapping[str, str] = {
    "Language": "语言",
    "Undo": "撤销",
    "Undo your last decision": "撤销你的上一个决定",
    "Keys": "快捷键",
    "Key": "按键",
    "What it does": "作用",
    "tag with the class of that number": "标注为该数字对应的类别",
    "previous, next conversation": "上一个、下一个对话",
    "drop": "舍弃",
    "keep": "保留",
    "skip (Tag)": "跳过（标注页）",
    "reward an answer (Tag)": "给一个回答设奖励（标注页）",
    "edit a turn (Browse)": "编辑一个轮次（浏览页）",
    "undo your last decision": "撤销你的上一个决定",
    "apply the plan in view": "执行眼前的计划",
    "Your name": "你的名字",
    "Your decisions are logged under this name; this browser keeps it.": (
        "你的决定会以此名字记入日志；此浏览器会记住它。"
    ),
    "Project: {name}": "项目：{name}",
}

_ACTING: Mapping[str, str] = {
    "Nothing to change: {n} already as asked": "无需更改：{n} 个已是如此",
    "Undone: {title}": "已撤销：{title}",
    "Review before it is done": "执行前请过目",
    "Done: {title}": "已完成：{title}",
    "Close": "关闭",
    "Before": "之前",
    "After": "之后",
    "{n} more kinds of change.": "另有 {n} 种更改。",
    "{n} of those selected stays as it is.": "所选的有 {n} 个保持不变。",
    "{n} of those selected stay as they are.": "所选的有 {n} 个保持不变。",
    "Reason: {reason}": "理由：{reason}",
    "Apply to {n} conversation": "应用到 {n} 个对话",
    "Apply to {n} conversations": "应用到 {n} 个对话",
    "Cancel": "取消",
    "Applying…": "正在应用…",
    "Field": "字段",
    "{n} not decided yet": "{n} 个尚未决定",
    "{note}; without the dropped ones": "{note}；不含已舍弃的",
    "the largest {n} of {all}": "{all} 个中最大的 {n} 个",
    "Choose files": "选择文件",
    "up to {n} GB each": "每个最大 {n} GB",
    "Conversations": "对话",
    "class": "类别",
    "reward": "奖励",
    "reason": "理由",
    "text": "文本",
    "tagged by": "标注者",
    "condition": "条件",
    "status": "状态",
    "comment": "备注",
}

_SHARED: Mapping[str, str] = {
    "pending": "待定",
    "kept": "已保留",
    "dropped": "已舍弃",
    "untagged": "未标注",
    "Untagged": "未标注",
    "System": "系统",
    "User": "用户",
    "Assistant": "助手",
    "Tool": "工具",
    "system": "系统",
    "user": "用户",
    "assistant": "助手",
    "tool": "工具",
    "{n} token": "{n} 个词元",
    "{n} turn": "{n} 轮",
    "{n} turns": "{n} 轮",
    "{n} more turns": "还有 {n} 轮",
    "{n} more characters": "还有 {n} 个字符",
    "reward {r}": "奖励 {r}",
    "round {n}": "第 {n} 轮",
    "(no question)": "（没有问题）",
    "(no answer)": "（没有回答）",
    "Nothing matches.": "没有匹配的对话。",
    "not learnt from": "不参与学习",
    "Reasoning": "推理",
    "Calls {name}": "调用 {name}",
    "Previous": "上一个",
    "Next": "下一个",
    "Previous page": "上一页",
    "Next page": "下一页",
    "Keep": "保留",
    "Drop": "舍弃",
    "Skip": "跳过",
    "Edit": "编辑",
    "Comment": "备注",
    "Save": "保存",
    "{a}–{b} of {n}": "第 {a}–{b} 个，共 {n}",
    "{s} s": "{s} 秒",
    "{m} min {s} s": "{m} 分 {s} 秒",
    "{h} h {m} min": "{h} 小时 {m} 分",
    "Something unexpected happened on this page ({kind}: {text}). Nothing was changed by it. "
    "Reload the page; if it happens again, the app's log has the details.": (
        "此页出现意外错误（{kind}：{text}）。数据没有因此改变。请重新加载页面；若再次出现，详情在程序日志中。"
    ),
    "{kind}: {text}": "{kind}：{text}",
    "try again; the app's log has the details": "请再试一次；详情在程序日志中",
    "What to do:": "怎么办：",
}

TEXTS: Mapping[str, str] = {**_NAVIGATION, **_SIDEBAR, **_ACTING, **_SHARED}
