"""Chinese texts of long work on the project's data, and of what a run is shown to learn from."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "Training, comparing, importing and searching are jobs: they go on when the page is closed.": (
        "训练、比较、导入与查重都是任务：关闭页面后仍会继续。"
    ),
    "changes applied": "已应用的更改",
    "plan of a cleaning": "清洗计划",
    "conversations planned": "已计划的对话",
    "Its page": "所属页面",
    "Do it again": "重新执行",
    "Stop": "停止",
    "Stopping…": "正在停止…",
    "It is done again; what was kept is not lost": "正在重新执行；已保存的内容不会丢失",
    "Waiting for another of its kind": "等待同类任务完成",
    "It goes on when you leave this page; Jobs shows it too.": "离开本页后仍会继续；“任务”页也会显示。",
    "It was stopped before its end.": "在完成前被停止。",
    "Its process was killed.": "其进程被终止。",
    "Applying: {title}": "正在应用：{title}",
    "Writing the plan down…": "正在写下计划…",
    "Count exactly": "精确统计",
    "Estimates by the project's tokenizer.": "按项目分词器估计。",
    "auto: {value}": "自动：{value}",
    "token by token; the stronger the shade, the more it weighs": "逐词元显示；颜色越深，权重越大",
    "{n} of the {all} tokens are learnt; the condition is underlined": (
        "{all} 个词元中有 {n} 个参与学习；条件以下划线标出"
    ),
    "token {ids} · weight {weight}": "词元 {ids} · 权重 {weight}",
    "and one token more": "另有 1 个词元",
    "and {n} tokens more": "另有 {n} 个词元",
    "one token lies behind the context": "有 1 个词元超出上下文",
    "{n} tokens lie behind the context": "有 {n} 个词元超出上下文",
}
