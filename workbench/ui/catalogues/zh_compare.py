"""Chinese texts of the Compare page. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_GRID: Mapping[str, str] = {
    "Talk": "对话试用",
    "Grid": "对照表",
    "Vote": "投票",
    "Figures are hidden while you vote: lengths and verdicts would tell which answer is whose.": (
        "投票时不显示数字：长度与判定会透露哪个回答出自谁。"
    ),
    "Results": "结果",
    "Likelihoods": "似然",
    "Bring back": "带回",
    "Rewrites": "改写",
    "The same prompts under each class and from the base, side by side.": (
        "同样的提示，各类别条件下与基座的回答并排对照。"
    ),
    "Comparisons": "比较",
    "All comparisons": "全部比较",
    "name": "名称",
    "prompts": "提示数",
    "columns": "列",
    "round": "轮",
    "made": "创建于",
    "answers": "回答",
    "Verdicts differ": "判定不一",
    "Something wrong": "有错误",
    "Voted": "已投票",
    "Columns": "列",
    "Rows": "行",
    "Words": "词语",
    "in prompt or answers": "在提示或回答中",
    "No row is like that.": "没有这样的行。",
    "Proof of conditioning": "条件生效证明",
    "Under every answer the hash of what the model was given, and of its weights.": (
        "在每个回答下显示模型输入及其权重的哈希。"
    ),
    "{same} of {asked} answers came out the same when asked once more, each alone.": (
        "单独再问一遍，{asked} 个回答中有 {same} 个完全相同。"
    ),
    "no marks": "不标出",
    "Mark what differs from": "标出差异，对照",
    "{model} says the same under every condition on {same} of {total} prompts: it has hardly learnt them. "
    "Train longer, or look whether the classes differ at all.": (
        "{model} 在 {total} 个提示中有 {same} 个在各条件下回答相同：几乎没学到条件。"
        "请训练更久，或检查各类别是否真有差别。"
    ),
    "Asked once more, each alone, {n} of {asked} answers came out otherwise: rounding decided between words "
    "that are equally likely, or a pane does not show what its head says. Generate it again.": (
        "单独再问一遍，{asked} 个回答中有 {n} 个不同：可能是同等可能的词由舍入决定，"
        "也可能某栏内容与标题不符。请重新生成。"
    ),
    "{n} answers differ though model, condition and prompt are the same and nothing was drawn by chance: "
    "do not trust this grid; generate it again.": (
        "模型、条件与提示都相同且没有随机抽取，却有 {n} 个回答不同：请勿相信此表；重新生成。"
    ),
    "wrong": "错误",
    "not generated yet": "尚未生成",
    "won the vote": "投票获胜",
    "prompt {prompt} · model {model}": "提示 {prompt} · 模型 {model}",
    "hash of the token ids the model was given, and of its weights": "模型输入词元与其权重的哈希",
    "answered": "已回答",
    "mean tokens": "平均词元",
    "votes won / tied / lost": "投票 胜 / 平 / 负",
    "No answer is there yet.": "还没有回答。",
    "Whose answer": "谁的回答",
    "Colour it under every column": "在每一列下着色",
    "Scoring": "正在打分",
    "{total} nats, {mean} a token": "{total} 奈特，每词元 {mean}",
}

_NEW: Mapping[str, str] = {
    "No finished run yet": "还没有完成的训练",
    "Train a model first. Then its answers under each class stand here side by side.": (
        "请先训练一个模型。之后它在各类别下的回答会并排显示在这里。"
    ),
    "Go to Train": "前往训练",
    "New comparison": "新的比较",
    "Models": "模型",
    "Finished runs, newest first.": "已完成的训练，最新在前。",
    "The base they started from answers too": "起始的基座也回答",
    "no condition": "无条件",
    "Asked under": "提问条件",
    "The class's condition stands in the prompt, as in training.": "类别的条件写在提示中，与训练时相同。",
    "Prompts": "提示",
    "Held-out prompts": "留出的提示",
    "My own": "我自己的",
    "A file": "文件",
    "From the project": "来自项目",
    "Fixed questions": "固定问题",
    "One prompt per line": "每行一个提示",
    "your list": "你的列表",
    "Path on this machine": "本机路径",
    "Plain lines, or JSONL with prompt and, if you like, id and check.": (
        "纯文本行，或含 prompt（可另有 id 和 check）的 JSONL。"
    ),
    "Query": "查询",
    "This project has no held-out prompts: type your own, or name a file.": (
        "此项目没有留出的提示：请自行输入，或指定文件。"
    ),
    "Only": "仅限",
    "all languages, topics and sources": "全部语言、主题与来源",
    "How many of {n}": "取多少个（共 {n}）",
    "See the prompts": "查看提示",
    "Sampling": "采样",
    "Longest answer, tokens": "最长回答（词元）",
    "0 takes the likeliest word.": "0 取最可能的词。",
    "Temperature": "温度",
    "Seed": "随机种子",
    "made from models and prompts if empty": "留空则由模型与提示生成",
    "Generate": "生成",
    "Generate {n} answer": "生成 {n} 个回答",
    "Generate {n} answers": "生成 {n} 个回答",
    "Choose at least one model, one condition and one prompt.": "请至少选择一个模型、一个条件和一个提示。",
}

_RESULTS: Mapping[str, str] = {
    "CSV": "CSV",
    "Parquet": "Parquet",
    "language": "语言",
    "topic": "主题",
    "skill": "技能",
    "source": "来源",
    "Correct": "正确",
    "Full quality": "完全合格",
    "Correct: {best} minus {worst}": "正确率：{best} 减 {worst}",
    "Full quality: {best} minus {worst}": "完全合格率：{best} 减 {worst}",
    "In brackets: 95 % intervals. Full quality is correct, complete and polite.": (
        "括号内为 95 % 区间。完全合格指正确、完整且礼貌。"
    ),
    "points; 95 % interval {low} to {high}, {n} prompts": "个百分点；95 % 区间 {low} 至 {high}，{n} 个提示",
    "By slice": "按切片",
    "correct answers with 95 % intervals; votes won / tied / lost": "正确回答及 95 % 区间；投票 胜 / 平 / 负",
    "Slice by": "切片依据",
    "votes {w}/{t}/{l}": "投票 {w}/{t}/{l}",
    "Strength by votes": "按投票的强弱",
    "Bradley-Terry, log-odds against the mean; intervals over prompts": (
        "Bradley-Terry，相对均值的对数几率；区间按提示计算"
    ),
    "95 % interval": "95 % 区间",
    "strength": "强度",
    "votes": "投票数",
    "No chain of votes links all columns: compare across the groups first.": (
        "没有投票链把所有列连起来：请先跨组比较。"
    ),
    "{a} above {b}": "{a} 高于 {b}",
    "The votes bear out: {orders}.": "投票支持：{orders}。",
    "No order is borne out yet: every difference may be chance.": "尚无顺序得到支持：差异都可能是偶然。",
    "Pairs": "成对比较",
    "first": "前者",
    "second": "后者",
    "won / tied / lost": "胜 / 平 / 负",
    "first's share": "前者得票率",
    "at equal length": "等长情况下",
    "sign test p": "符号检验 p",
    "votes missing for ±10 points": "达到 ±10 点还差票数",
    "Left was picked": "选了左边",
    "half is what chance gives": "偶然情况为一半",
    "The longer was picked": "选了较长的",
    "of votes between different lengths": "在长度不同的投票中",
    "Undecided": "未分胜负",
    "ties and both bad": "平局与都不好",
    "Take along": "导出",
    "Page to send round": "可传阅的网页",
    "Preference pairs": "偏好对",
    "{n} preference pair from the votes, as TRL reads them (prompt, chosen, rejected).": (
        "由投票得到 {n} 个偏好对，TRL 可读的格式（prompt、chosen、rejected）。"
    ),
    "{n} preference pairs from the votes, as TRL reads them (prompt, chosen, rejected).": (
        "由投票得到 {n} 个偏好对，TRL 可读的格式（prompt、chosen、rejected）。"
    ),
}

_VOTES: Mapping[str, str] = {
    "A vote needs two columns.": "投票需要两列。",
    "This column": "此列",
    "against": "对比",
    "Blind": "盲评",
    "Sides shuffled, columns named after the vote.": "左右随机，投票后才显示列名。",
    "Choose two different columns.": "请选择两个不同的列。",
    "No prompt has both answers yet.": "还没有提示同时有两个回答。",
    "Every prompt with both answers is judged.": "有两个回答的提示都已评完。",
    "{done} of {n} prompts judged": "已评 {done} 个提示，共 {n} 个",
    "{left} {wins}, {right} {losses}, undecided {ties}": "{left} {wins}，{right} {losses}，未分 {ties}",
    "both bad": "都不好",
    "left": "左",
    "right": "右",
    "tie": "平局",
    "Last vote: {choice}. Left was {left}, right was {right}.": (
        "上一票：{choice}。左边是 {left}，右边是 {right}。"
    ),
    "Both bad": "都不好",
    "Left": "左",
    "Right": "右",
    "Tie": "平局",
    "(empty answer)": "（空回答）",
    "No votes yet: judge some pairs under Vote. Program-checked figures stand above.": (
        "还没有投票：请在“投票”下评几对。程序检查的数字在上方。"
    ),
    "Let a model elsewhere judge": "让别处的模型评判",
    "Prompts and answers are sent to this address. Every pair is shown in both orders; where the two "
    "verdicts contradict each other, it is a tie.": (
        "提示与回答会发送到此地址。每一对按两种顺序各看一次；两次判定矛盾则算平局。"
    ),
    "Address": "地址",
    "Key, if it wants one": "密钥（如需要）",
    "Two columns": "两列",
    "struck out is what stands there, shaded what the model says now": "划去的是原有回答，着色的是模型现在的回答",
    "Judge": "评判",
    "Judging": "正在评判",
    "{voted} votes, {disagreed} of them ties by contradiction; {skipped} prompts skipped "
    "(equal answers, a missing one, or judged by it before).": (
        "{voted} 票，其中 {disagreed} 票因矛盾算平局；跳过 {skipped} 个提示（回答相同、缺少回答，或它已评过）。"
    ),
}

_BACK: Mapping[str, str] = {
    "Winners of the votes": "投票获胜者",
    "Which answers": "哪些回答",
    "From which columns": "来自哪些列",
    "It shows which words of an answer each condition makes more likely, and which less.": (
        "显示回答中的哪些词在各条件下更可能出现，哪些更不可能。"
    ),
    "No answer is like that. Choose “All” or another column, or vote first.": (
        "没有这样的回答。请选“全部”或另一列，或先投票。"
    ),
    "Tick rows to take only those; without ticks all of them come back. An answer can be corrected in its "
    "place first: double-click it.": "勾选则只带回所选行；不勾选则全部带回。可先就地修改回答：双击即可。",
    "All of these have come back already.": "这些都已带回过。",
    "answer": "回答",
    "take": "选取",
    "prompt": "提示",
    "column": "列",
    "correct": "正确",
    "brought back": "已带回",
    "Bring back {n} answer": "带回 {n} 个回答",
    "Bring back {n} answers": "带回 {n} 个回答",
    "These are held-out prompts: their answers come back, but snapshots leave them out of training.": (
        "这些是留出的提示：其回答会带回，但快照不会把它们纳入训练。"
    ),
    "{n} answer becomes a pending conversation of round {round}; run, condition, prompt, sampling and votes "
    "are kept as its provenance.": (
        "{n} 个回答将成为第 {round} 轮的待定对话；训练、条件、提示、采样与投票作为来历保存。"
    ),
    "{n} answers become pending conversations of round {round}; run, condition, prompt, sampling and votes "
    "are kept as their provenance.": (
        "{n} 个回答将成为第 {round} 轮的待定对话；训练、条件、提示、采样与投票作为来历保存。"
    ),
    "Propose classes from the votes": "按投票建议类别",
    "Winners get the best class, losers the worst. Without this they stay untagged.": (
        "胜者得最好的类别，败者得最差的。不选则保持未标注。"
    ),
    "Do it": "执行",
    "Brought back": "已带回",
    "pending, round {n}": "待定，第 {n} 轮",
    "brought back or imported before": "之前已带回或导入",
    "Said before": "已有相同说法",
    "new, but somebody answered the same": "新的，但已有同样的回答",
    "Look at them in Browse": "在浏览页查看",
    "Rewritten by": "改写者",
    "Nothing to compare with: compare on prompts from the project (a query such as class:sub), and their "
    "answers stand here beside the new ones.": (
        "没有可对照的：请用来自项目的提示（如查询 class:sub）比较，原回答会与新回答并排显示在这里。"
    ),
    "{n} answer differs from what is there": "{n} 个回答与原有的不同",
    "{n} answers differ from what is there": "{n} 个回答与原有的不同",
    "{n} accepted": "已接受 {n} 个",
    "Accepted ones as preference pairs": "已接受的存为偏好对",
    "Accepted: it stands in the next round as pending.": "已接受：将作为待定对话进入下一轮。",
    "Accept": "接受",
}

_REPORT: Mapping[str, str] = {
    "{n} prompts · round {round} · {when} · {sampling}": "{n} 个提示 · 第 {round} 轮 · {when} · {sampling}",
    "strength (log-odds)": "强度（对数优势）",
    "pair": "对照",
    "votes missing": "还差票数",
    "Votes": "投票",
    "No votes.": "没有投票。",
    "Orders that the votes bear out: {orders}.": "投票能支持的先后：{orders}。",
    "{a} against {b}": "{a} 对 {b}",
    "Left was picked in {left} of the decisive votes, the longer answer in {longer}.": (
        "分出胜负的投票中，选左边的占 {left}，选较长回答的占 {longer}。"
    ),
}

_TALK: Mapping[str, str] = {
    "base": "基座",
    "choose": "请选择",
    "choose finished runs": "选择已完成的训练",
    "no run is finished yet": "还没有完成的训练",
    "The base too": "基座也参加",
    "Choose a model and a condition, or the base.": "请选择模型和条件，或基座。",
    "Nobody to talk to": "没有对话对象",
    "Say something to all of them": "对它们说点什么",
    "Loading the models; the next answer will begin at once.": "正在载入模型；下一个回答会立即开始。",
    "Colour by likelihood the last answer of": "按似然着色，最后的回答来自",
    "How likely does each find it?": "各自觉得它有多可能？",
    "Begin anew": "重新开始",
    "The answer of {whose}, as each column would have found it: the deeper the colour, the less likely the "
    "token there. Point at a token for its chance.": (
        "{whose} 的回答在各列看来：颜色越深，该处词元越不可能。把指针停在词元上可看概率。"
    ),
}

TEXTS: Mapping[str, str] = {**_GRID, **_NEW, **_RESULTS, **_VOTES, **_BACK, **_REPORT, **_TALK}
