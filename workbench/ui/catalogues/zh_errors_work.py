"""Chinese for the faults of jobs and finished runs: how one ended, the disk, comparisons, talks, tags judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from workbench.domain.run import JobStatus
from workbench.ui.catalogues import zh_train

_ENDED: Mapping[str, str] = {
    "the disk is full ({reason})": "磁盘已满（{reason}）",
    "free some space, then resume the run": "请腾出空间，然后继续训练",
    "free some space in {folder}, or name another folder by TMPDIR; then resume the run": (
        "请在 {folder} 中腾出空间，或用 TMPDIR 指定另一个文件夹；然后继续训练"
    ),
    "out of memory ({reason})": "内存不足（{reason}）",
    "lower micro_batch_tokens (the step keeps its meaning) or max_tokens, then start again": (
        "请降低 micro_batch_tokens（步的含义不变）或 max_tokens，然后重新开始"
    ),
    "the device stopped answering ({reason})": "设备不再响应（{reason}）",
    "look at the machine (nvidia-smi, dmesg); resume once the device is back": (
        "请检查机器（nvidia-smi、dmesg）；设备恢复后继续"
    ),
    "see the end of the log; if it is not your data, report it with the log": (
        "请看日志末尾；若不是数据的问题，请连同日志一起报告"
    ),
    "the loss became {value} at step {n}": "第 {n} 步时损失变为 {value}",
    "lower learning_rate, or raise warmup_steps, and start again from the last checkpoint's settings": (
        "请降低 learning_rate 或提高 warmup_steps，再按最后检查点的设置重新开始"
    ),
    "the gradient became {value} at step {n}": "第 {n} 步时梯度变为 {value}",
    "lower learning_rate, or raise warmup_steps, and start again": (
        "请降低 learning_rate 或提高 warmup_steps，再重新开始"
    ),
    "its last word cannot be read (a full disk?)": "无法读取它最后的记录（磁盘已满？）",
    "the line cannot be read ({reason})": "无法读取该行（{reason}）",
    'write {"text": …}': '写成 {"text": …}',
    "it failed without a word": "它失败了，没有留下说明",
    "look at the log's end, correct it and resume": "请看日志末尾，改正后继续",
    "look at its log's end": "请看它的日志末尾",
    "it ended with exit code {code}": "它以退出码 {code} 结束",
    "exit code {code}": "退出码 {code}",
    "no reason told": "没有说明原因",
    "the process broke off with an error; {what}": "进程因错误中断；{what}",
    "look at the log; resume once its cause is gone": "请看日志；消除原因后再继续",
    "the process is gone without a word (killed, out of memory, or the machine went down); {what}": (
        "进程没有留下说明就消失了（被终止、内存不足，或机器停机）；{what}"
    ),
    'its log ends with "{line}"': "它的日志以“{line}”结尾",
    "its log is empty": "它的日志是空的",
    "resume: it goes on from its last checkpoint": "请继续：它从最后的检查点接着做",
    "job.json cannot be read": "无法读取 job.json",
    "delete this run": "请删除这次训练",
    "the job could not be started: {what}": "任务无法启动：{what}",
    "resume it": "请继续它",
}

_STATUS: Mapping[str, str] = {status: zh_train.TEXTS[status] for status in get_args(JobStatus)}
"""As on the Jobs page: an error names the status of the job that it is about."""

_JOBS: Mapping[str, str] = {
    "job {id} does not run: it is {what_status}": "任务 {id} 没有在运行：它的状态为 {what_status}",
    "nothing needs to be stopped": "无需停止",
    "job {id} was asked to stop, but nobody watches over it: {what}": (
        "已要求任务 {id} 停止，但没有进程照看它：{what}"
    ),
    "stop it again": "请再停止一次",
    "job {id} does not wait: it is {what_status}": "任务 {id} 没有在排队：它的状态为 {what_status}",
    "only queued jobs have a place in line": "只有排队中的任务才有先后",
    "job {id} is {what_status}": "任务 {id} 的状态为 {what_status}",
    "stop it before deleting it": "请先停止它，再删除",
    "no job {id} in the trash": "回收站中没有任务 {id}",
    "it may have been restored already": "它可能已被取回",
    "job {id} could not be started: {what}": "任务 {id} 无法启动：{what}",
    "look at its log, then resume it": "请看它的日志，然后继续它",
    "cannot make {folder}: {reason}": "无法建立 {folder}：{reason}",
    "make room or choose another project": "请腾出空间，或换一个项目",
    "job {id} exists already": "任务 {id} 已经存在",
    "resume it, or start another": "请继续它，或另开一个",
    "job {id} is {what_status}: nothing to resume": "任务 {id} 的状态为 {what_status}：没有可继续的",
    "stop it first, or let it run": "请先停止它，或让它运行",
    "job {id} is done: nothing to resume": "任务 {id} 已完成：没有可继续的",
    "start a new one": "请开始新的",
    "job {id} cannot be started: {reason}": "任务 {id} 无法启动：{reason}",
    "make room on the disk, then resume": "请腾出磁盘空间，然后继续",
    "no job {id} in {folder}": "{folder} 中没有任务 {id}",
    "list the runs to see what there is": "请看训练列表中有什么",
    "there is no run {id} in this project": "此项目中没有训练 {id}",
    "the latest are {names}": "最近的有：{names}",
    "nothing has been started yet": "还没有开始过任何训练",
    "job {id} is {what_status}: it has no result": "任务 {id} 的状态为 {what_status}：它没有结果",
    "wait for its end, or resume it": "请等它结束，或继续它",
    "there is no work of kind {kind}": "没有 {kind} 这种任务",
    "cannot write {path}: {reason}": "无法写入 {path}：{reason}",
    "make room on the disk": "请腾出磁盘空间",
    "{folder} holds no {word}": "{folder} 中没有 {word}",
    "start the work anew from its page": "请在它的页面上重新开始",
    "a plan is applied from a job's folder": "计划须从任务的文件夹执行",
    "use curation.apply_plan": "请用 curation.apply_plan",
    "job {id} has left no result": "任务 {id} 没有留下结果",
    "{path} cannot be deleted: {reason}": "无法删除 {path}：{reason}",
    "give yourself the right to": "请取得删除它的权限",
}

_RUNS: Mapping[str, str] = {
    "the note has {n} characters": "备注有 {n} 个字符",
    "keep it below {n}": "请少于 {n} 个",
    "run {id} names no snapshot": "训练 {id} 没有指明快照",
    "start the methods one by one": "请逐个开始各方法",
    "run {id} has no finished model": "训练 {id} 还没有完成的模型",
    "run {id} has no finished model: it is {what_status}": "训练 {id} 还没有完成的模型：它的状态为 {what_status}",
    "let it end (or resume it), then export it": "请让它结束（或继续它），再导出",
    "let it end (or resume it), then start from it": "请让它结束（或继续它），再从它开始",
    "let it end, or name another run": "请让它结束，或指定另一次训练",
    "let it end, or resume it": "请让它结束，或继续它",
    "{folder} exists already": "{folder} 已经存在",
    "choose another folder, or move that one away": "换一个文件夹，或移走原来的",
    "make room, or choose another folder": "腾出空间，或换一个文件夹",
    "{checkpoint}: the configuration changed since this checkpoint was written, so going on would not be the same "
    "run": "{checkpoint}：写下此检查点之后配置有变，继续下去就不是同一次训练",
    "{checkpoint}: the classes changed since this checkpoint was written, so going on would "
    "not be the same run": "{checkpoint}：写下这个检查点之后类别变了，继续下去就不是同一次训练",
    "{checkpoint}: the configuration and the classes changed since this checkpoint was written, so going on would "
    "not be the same run": "{checkpoint}：写下这个检查点之后配置和类别变了，继续下去就不是同一次训练",
    "{checkpoint}: the data and the classes changed since this checkpoint was written, so going on would "
    "not be the same run": "{checkpoint}：写下这个检查点之后数据和类别变了，继续下去就不是同一次训练",
    "{checkpoint}: the configuration and the data and the classes changed since this checkpoint was written, so "
    "going on would not be the same run": (
        "{checkpoint}：写下这个检查点之后配置、数据和类别变了，继续下去就不是同一次训练"
    ),
    "{checkpoint}: the data changed since this checkpoint was written, so going on would not be the same run": (
        "{checkpoint}：写下此检查点之后数据有变，继续下去就不是同一次训练"
    ),
    "{checkpoint}: the configuration and the data changed since this checkpoint was written, so going on would "
    "not be the same run": "{checkpoint}：写下此检查点之后配置和数据有变，继续下去就不是同一次训练",
    "start a new run, or put the old values back": "请开始新的训练，或恢复原来的值",
    "{checkpoint}: does not say which run it belongs to": "{checkpoint}：没有写明属于哪次训练",
    "start a new run from the same snapshot": "请用同一快照开始新的训练",
    "name a job's folder that holds request.json": "请指定含有 request.json 的任务文件夹",
    "{folder}: made with other data, base, prompts or settings": "{folder}：它是用别的数据、基座、提示或设置做的",
    "give the settings of before, or another --out": "请给出原来的设置，或另一个 --out",
    "{path}: no prompt has a check": "{path}：没有带检查项的提示",
    'write {"prompt": …, "check": {"answer": […]}} a line': '每行写 {"prompt": …, "check": {"answer": […]}}',
    "{folder}: has no crlft.json": "{folder}：没有 crlft.json",
    "delete the cell's folder and start again": "请删除该单元的文件夹，重新开始",
    "name a cell that `crlft ablate` has made": "请指定 `crlft ablate` 做出的单元",
    "cell {name} failed: {what}": "单元 {name} 失败：{what}",
    "cell {name} failed ({n} cells failed): {what}": "单元 {name} 失败（共 {n} 个单元失败）：{what}",
    "see {log}; start again to go on with the rest": "请看 {log}；重新开始会继续其余部分",
}

_COMPARE: Mapping[str, str] = {
    "{value} is no vote": "{value} 不是一种投票",
    "choose left, right, tie or both-bad": "请选 left、right、tie 或 both-bad",
    "answers {left} and {right} do not stand side by side": "回答 {left} 与 {right} 不是并排的",
    "vote over two columns of the same prompt": "请为同一提示的两列投票",
    "{name} has judged this pair blind already ({choice})": "{name} 已经盲评过这一对（{choice}）",
    "go on with the next prompt": "请继续下一个提示",
    "no answer is chosen, or all that are chosen are empty": "没有选择回答，或所选的回答都是空的",
    "choose some answers": "请选择一些回答",
    "answer {id} is not of comparison {comparison}": "回答 {id} 不属于比较 {comparison}",
    "reload the comparison and choose again": "请重新载入该比较，再选一次",
    "{path}: no report has the ending {ending}": "{path}：没有后缀为 {ending} 的报告",
    "there is no preference pair: nobody preferred one answer": "没有偏好对：没有人选出更好的回答",
    "vote first": "请先投票",
    "there is no prompt to compare on": "没有可用来比较的提示",
    "choose the held-out prompts or write some": "请选择留出的提示，或写一些",
    "there is no model to compare": "没有可比较的模型",
    "choose a finished run, or the base": "请选择已完成的训练，或基座",
    "comparison {id} {what_status}: {what}": "比较 {id} 的状态为 {what_status}：{what}",
    "there is no comparison {id}": "没有比较 {id}",
    "the last one is {id}": "最近的是 {id}",
    "start one first": "请先开始一个",
    "there is no answer {id}": "没有回答 {id}",
    "reload the comparison": "请重新载入该比较",
    "the chat does not end where an answer begins": "对话没有停在该由模型回答的地方",
    "end with what the user says": "请以用户的话结尾",
    "prompt and answer have {n} tokens, the model takes {most}": "提示与回答共 {n} 个词元，模型最多接受 {most} 个",
    "the prompt has {n} tokens, the model takes {most} with the answer": (
        "提示有 {n} 个词元，模型连回答最多接受 {most} 个"
    ),
    "ask again": "请再问一次",
    "nobody is asked": "没有选择向谁提问",
    "choose at least one model and condition": "请至少选择一个模型和条件",
    "the desk {what_status} before it answered {what}": "问答程序在回答之前已结束（{what_status}）：{what}",
    "the desk {what_status} before it answered": "问答程序在回答之前已结束（{what_status}）",
    "no answer within {seconds} seconds": "{seconds} 秒内没有回答",
    "look at the desk's log under Jobs, ask again": "请在任务页看问答程序的日志，然后再问一次",
    "{name} said {text} instead of a verdict": "{name} 没有给出裁决，而是说 {text}",
    "use a model that follows instructions": "请用能听从指令的模型",
    "columns {left} and {right} are no pair of {n}": "第 {left} 列与第 {right} 列不是 {n} 列中的一对",
    "choose two different columns": "请选择不同的两列",
    "{text} is no address": "{text} 不是地址",
    "write it as {url}": "写成 {url}",
    "the judge has no model's name": "没有写评判用的模型名称",
    "name the model as the endpoint knows it": "请写服务端所用的模型名称",
    "{url} answered {code}": "{url} 回应 {code}",
    "look at the key and the name": "请检查密钥和名称",
    "the judge at {url} gave no usable answer ({reason})": "{url} 处的评判模型没有给出可用的回应（{reason}）",
    "look whether an endpoint is running there": "请看那里是否有服务在运行",
}

_JUDGED: Mapping[str, str] = {
    "canaries is {value}, it must lie between 0 and 0.1": "canaries 为 {value}，它须在 0 与 0.1 之间",
    "0.05 is a good share": "0.05 是合适的比例",
    "no conversation is tagged {name}": "没有标注为 {name} 的对话",
    "tag some first, or remove the class": "请先标注一些，或删除该类别",
    "the classes have changed since the job began": "任务开始后类别有变",
    "judge again": "请重新评判",
    "job {id} {what_status}: {what}": "任务 {id} 的状态为 {what_status}：{what}",
    "resume it, or judge again": "请继续它，或重新评判",
    "there is no order {name}": "没有排序 {name}",
    "job {id}: its scores cannot be read: {what}": "任务 {id}：无法读取它的评分：{what}",
}

SENTENCES: Mapping[str, str] = {**_ENDED, **_STATUS, **_JOBS, **_RUNS, **_COMPARE, **_JUDGED}
"""English form → Chinese form."""
