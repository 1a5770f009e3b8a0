"""Chinese texts of the Clean page and of its rules. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_PAGE: Mapping[str, str] = {
    "Rules find troubles in the texts; you see every change before it is made.": (
        "规则找出文本中的问题；每处更改在执行之前你都能看到。"
    ),
    "Nothing to clean yet": "还没有可清洗的内容",
    "Import conversations first. Broken characters, web remnants and refusals show here then.": (
        "请先导入对话。乱码、网页残留和拒答会显示在这里。"
    ),
    "Go to Import": "前往导入",
    "conversations read": "已读对话",
    "{n} conversations looked at: no rule found anything.": "已检查 {n} 个对话：没有规则命中。",
    "Something has changed since this scan; scan again to see what is left.": (
        "扫描之后数据有变；请重新扫描，看看还剩什么。"
    ),
    "Only where": "仅限于",
    "a query; empty is all": "一个查询；留空为全部",
    "One-word answers too": "也查单词回答",
    "Scan for troubles": "扫描问题",
    "Scanning changes nothing. These rules will look:": "扫描不会更改任何内容。将使用这些规则：",
    "Rule": "规则",
    "What it finds and does": "找什么、做什么",
    "Why it matters": "为什么重要",
    "Rules": "规则",
    "{n} conversations looked at": "已检查 {n} 个对话",
    "Apply {rule}": "应用“{rule}”",
    "Nothing found by: {rules}.": "没有命中：{rules}。",
    "Drop it": "舍弃它",
    "Fix the text": "修正文本",
    "Flag it": "标记它",
    "What follows": "如何处理",
    "Review and clean {n} conversation": "过目并清洗 {n} 个对话",
    "Review and clean {n} conversations": "过目并清洗 {n} 个对话",
    "{n} single hit is left alone.": "{n} 处命中保持不动。",
    "{n} single hits are left alone.": "{n} 处命中保持不动。",
    "Planning…": "正在计划…",
    "drops": "舍弃",
    "Show only": "只显示",
    "a query, such as source:gpt4 lang:zh": "查询，如 source:gpt4 lang:zh",
    "{n} hit matches.": "符合的命中：{n} 处。",
    "{n} hits match.": "符合的命中：{n} 处。",
    "Leave {n} alone": "{n} 处保持不动",
    "Leave all {n} alone": "全部 {n} 处保持不动",
    "Tick {n}": "勾选 {n} 处",
    "Tick all {n}": "勾选全部 {n} 处",
    "fixes": "修正",
    "flags": "标记",
    "This rule is switched off: nothing below will be done.": "此规则已关闭：以下内容都不会执行。",
    "Apply to {uid}": "应用到 {uid}",
    "no source": "无来源",
    "another rule drops it": "另一条规则会舍弃它",
    "It was changed meanwhile.": "期间它已被更改。",
}

_OWN: Mapping[str, str] = {
    "Rules, recipes, and rules of your own": "规则、配方与自定义规则",
    "Rules that look": "使用的规则",
    "Characters at least": "最少字符数",
    "Loops: rounds": "循环：次数",
    "longest": "最长",
    "words in all": "总词数",
    "Refusals: first characters": "拒答：开头字符数",
    "one a line; beside those that the rule knows, in English and Chinese": (
        "每行一个；补充规则已知的英文与中文说法"
    ),
    "Phrases that decline too": "其他拒答用语",
    "at most (0: no limit)": "最多（0：不限）",
    "one a line; * stands for any ending": "每行一个；* 代表任意结尾",
    "Personal data to replace": "要替换的个人信息",
    "A recipe from a colleague": "同事的配方",
    "Recipe": "配方",
    "none: the usual rules": "无：默认规则",
    "Keep these rules as a recipe": "把这些规则存为配方",
    "Keep it": "保存",
    "Kept as “{name}”.": "已存为“{name}”。",
    "Download it for others": "下载给他人使用",
    "“{find}” becomes “{put}”.": "“{find}”改为“{put}”。",
    "“{find}” is flagged.": "标记“{find}”。",
    "Conversations with “{find}” are dropped.": "舍弃含“{find}”的对话。",
    "key": "密钥",
    "private-key": "私钥",
    "e-mail": "电子邮件",
    "chinese-id": "身份证号",
    "social-security": "社会保障号",
    "card": "银行卡号",
    "chinese-mobile": "手机号",
    "phone": "电话",
    "ip": "IP 地址",
    "A rule of your own": "自定义规则",
    "Find": "查找",
    "words, or a pattern": "词语或模式",
    "a regular expression": "正则表达式",
    "is a pattern": "是模式",
    "whole words": "全词匹配",
    "any case": "不分大小写",
    "Drop the conversation": "舍弃对话",
    "Replace it": "替换",
    "Replace by": "替换为",
    "nothing": "无",
    "Name of the rule": "规则名称",
    "Add this rule": "添加此规则",
    "Rule “{name}” looks from the next scan on.": "规则“{name}”从下次扫描起生效。",
    "Remove": "删除",
    "Finds {n} of the {of} newest conversations.": "在最新的 {of} 个对话中命中 {n} 个。",
}

_RULES: Mapping[str, str] = {
    "Wrong encoding": "编码错误",
    "Text that was decoded with the wrong encoding, such as cafÃ© for café; restored.": (
        "以错误编码解读的文本，如 café 变成 cafÃ©；予以还原。"
    ),
    "The model would learn to write broken characters.": "模型会学着写乱码。",
    "Invisible characters": "不可见字符",
    "Control, zero-width and direction-override characters; taken out.": (
        "控制字符、零宽字符和方向控制字符；予以去除。"
    ),
    "They split words into rare tokens, and can hide text from the reader.": (
        "它们把词切成罕见的词元，还可能对读者隐藏文本。"
    ),
    "HTML remnants": "HTML 残留",
    "Tags and entities left from a web page, outside code and where markup is not the topic; made plain text.": (
        "网页遗留的标签与实体（代码之外，且话题不是标记语言）；改为纯文本。"
    ),
    "The model would answer in fragments of web pages.": "模型会用网页碎片作答。",
    "Interface remnants": "界面残留",
    'Buttons and counters of the program it was copied from, such as "Copy code" or "2 / 2"; taken out.': (
        "从别的程序复制时带来的按钮与计数，如“Copy code”“2 / 2”；予以去除。"
    ),
    "They are no part of the answer, and the model repeats them.": "它们不属于回答，模型却会照样重复。",
    "Broken code fences": "损坏的代码围栏",
    "Markdown fences at the end of a line of text; put on a line of their own.": (
        "Markdown 代码围栏接在文字行尾；改为单独成行。"
    ),
    "Code shows as prose, and the model learns to write it so.": "代码会显示成普通文字，模型也会学着这样写。",
    "Personal data": "个人信息",
    "E-mail addresses, phone, identity and card numbers, public IP addresses, keys; replaced by their kind.": (
        "电子邮箱、电话、证件与卡号、公网 IP、密钥；替换为其种类名。"
    ),
    "A model can recite what it was trained on.": "模型可能背出训练过的内容。",
    "White space": "空白",
    "Blanks around a turn and at line ends, runs of blank lines, odd line ends; evened out.": (
        "轮次首尾与行尾的空格、连续空行、异常换行；予以规整。"
    ),
    "Answers would begin with blanks and end in empty lines.": "回答会以空格开头、以空行结尾。",
    "Empty answer": "空回答",
    "No answer, or one without a letter or digit; dropped.": "没有回答，或回答中没有文字与数字；予以舍弃。",
    "There is nothing to learn from it.": "没有可学的内容。",
    "Role faults": "角色错误",
    "The assistant speaks first, one side speaks twice, a question has no answer, a turn is empty; flagged.": (
        "助手先开口、一方连说两次、问题没有回答、轮次为空；予以标记。"
    ),
    "The model learns the wrong rhythm of a conversation.": "模型会学到错误的对话节奏。",
    "Refusals": "拒答",
    "Answers that decline or speak of themselves as an AI, in English or Chinese; flagged.": (
        "拒绝作答或自称 AI 的回答（英文或中文）；予以标记。"
    ),
    "A few per cent of refusals make a model refuse what it could do.": (
        "百分之几的拒答就会让模型拒绝本可完成的事。"
    ),
    "Cut-off answers": "被截断的回答",
    "Answers that stop in the middle of a sentence, a list or a code block; flagged.": (
        "在句子、列表或代码块中间停下的回答；予以标记。"
    ),
    "The model learns to stop too early.": "模型会学着过早停下。",
    "Loops": "循环",
    "The same line or the same words again and again; flagged.": "同一行或同样的词反复出现；予以标记。",
    "The model learns to go round in circles.": "模型会学着兜圈子。",
    "Echoes": "复读",
    "Answers that only repeat the question; flagged.": "只重复问题的回答；予以标记。",
    "They teach nothing but copying.": "除了照抄，什么也教不了。",
    "Unfilled blanks": "未填的空白",
    'Blanks of a template such as "[Your Name]" or "{{topic}}", where none was asked for; flagged.': (
        "未要求模板却留下的占位，如“[Your Name]”“{{topic}}”；予以标记。"
    ),
    "The model learns to leave the work to the reader.": "模型会学着把活留给读者。",
    "Another language": "语言不符",
    "Answers in another language than the question, where no language was asked for; flagged.": (
        "未指定语言时，回答的语言与问题不同；予以标记。"
    ),
    "The model learns to switch languages.": "模型会学着随意切换语言。",
    "Length limits": "长度限制",
    "Last answers shorter or longer than you say; flagged.": "最后一个回答短于或长于你设的限度；予以标记。",
    "What is too short teaches little, what is too long crowds out the rest.": (
        "太短的教不了什么，太长的会挤占其余。"
    ),
    "Word list": "词表",
    "Answers that hold a word of a list (swear words, until you write your own); flagged.": (
        "含有词表中某个词的回答（默认为粗话，可自行改写）；予以标记。"
    ),
    "What counts as rude depends on the house: decide for your data.": "何为粗鲁因团队而异：请按你的数据决定。",
    "One-word answers": "单词回答",
    "Last answers of a single word; flagged.": "最后一个回答只有一个词；予以标记。",
    "Right for a quiz, too curt for a helper: decide for your data.": (
        "对测验合适，对助手则太简短：请按你的数据决定。"
    ),
}

TEXTS: Mapping[str, str] = {**_PAGE, **_OWN, **_RULES}
