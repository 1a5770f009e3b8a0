"""Chinese for the faults of training: the run and its settings, its data, base and folder, memory and disk."""

from __future__ import annotations

from collections.abc import Mapping

_SETTINGS: Mapping[str, str] = {
    "correct these and start again": "改正这些后重新开始",
    "correct the request and start again": "改正请求后重新开始",
    "steps is {steps} and epochs is {epochs}, only one of them can be given": (
        "steps 为 {steps}，epochs 为 {epochs}，两者只能给一个"
    ),
    "unknown setting {name}, perhaps {like}": "未知的设置 {name}，也许是 {like}",
    "unknown setting {name} (known: {names})": "未知的设置 {name}（可用：{names}）",
    "{name} is {value}, it must be a whole number": "{name} 为 {value}，它须是整数",
    "{name} is {value}, it must be a number": "{name} 为 {value}，它须是数字",
    "{name} is {value}, it must be text": "{name} 为 {value}，它须是文本",
    "{name} is {value}, it must be a whole number or auto": "{name} 为 {value}，它须是整数或 auto",
    "{name} is {value}, it must be a number or auto": "{name} 为 {value}，它须是数字或 auto",
    "{name} is {value}, it must be text or auto": "{name} 为 {value}，它须是文本或 auto",
    "{name} is {value}, it must be one of {names}": "{name} 为 {value}，它须是其中之一：{names}",
    "{name} is {value}, it must lie between {low} and {high}": "{name} 为 {value}，它须在 {low} 与 {high} 之间",
    "{name} is {value}, it must be at least {least}": "{name} 为 {value}，它至少须为 {least}",
    "{name} is {value}; it must be at least {least}": "{name} 为 {value}，它至少须为 {least}",
    "{name} is no setting here": "{name} 不是这里的设置",
    "ask for it by its own option": "请用它自己的选项",
    "unknown method {name}": "未知的方法 {name}",
    "unknown method {name} (known: {names})": "未知的方法 {name}（可用：{names}）",
    "no method is named": "没有指定方法",
    "no seed is given": "没有给出随机种子",
    "{word} {value} stands twice": "{word} {value} 出现了两次",
    "a run cannot have {count} processes": "一次训练不能有 {count} 个进程",
    "give 1 to {n}: one for each GPU, or one where there is none": (
        "请给 1 到 {n}：每块 GPU 一个；没有 GPU 时给一个"
    ),
    "unknown key {name}": "未知的键 {name}",
    "no data is named": "没有指定数据",
    "no model is named": "没有指定模型",
    "neither a base for the folds nor a model is named": "既没有指定各折的基座，也没有指定模型",
    "folds is {value}, it must lie between {low} and {high}": "折数为 {value}，它须在 {low} 与 {high} 之间",
    "there is one class only: nothing to tell apart": "只有一个类别：没有可区分的",
    "no columns (models and conditions)": "没有列（模型与条件）",
    "no prompts": "没有提示",
    "a column has no model": "有一列没有模型",
    "prompt id {id} stands twice": "提示编号 {id} 出现了两次",
    "top_p is {value}, it must be above 0 and at most 1": "top_p 为 {value}，它须大于 0 且不超过 1",
    "temperature must not be negative and max_new_tokens must be at least 1": (
        "temperature 不能为负，max_new_tokens 至少须为 1"
    ),
    "prompt {n} has neither `prompt` nor `messages`": "第 {n} 个提示既没有 `prompt` 也没有 `messages`",
    "prompt {n} does not end with a user turn": "第 {n} 个提示没有以用户轮次结尾",
    "prompt {n}: {what}": "第 {n} 个提示：{what}",
    "prompt {id}: check: {what}": "提示 {id}：检查项：{what}",
    "hidden_size {size} does not split into {heads} heads of even width": (
        "hidden_size {size} 不能分成 {heads} 个宽度为偶数的头"
    ),
    "vocab_size is {size}; 256 bytes and 3 controls need {least}": (
        "vocab_size 为 {size}；256 个字节和 3 个控制词元至少需要 {least}"
    ),
    "block_tokens {block} is over context_tokens {context}": "block_tokens {block} 超过 context_tokens {context}",
}

_DATA: Mapping[str, str] = {
    "{what_data} holds no tagged conversation": "{what_data} 中没有已标注的对话",
    "snapshot {name}": "快照 {name}",
    "the project": "项目",
    "tag some, then start again": "请先标注一些，再开始",
    "class {name} has no conversation in {what_data}, and {method} trains on it alone": (
        "{what_data} 中类别 {name} 没有对话，而 {method} 只用它训练"
    ),
    "tag some as the best class and snapshot again, or choose c-rlft": (
        "请把一些标注为最好的类别并重新制作快照，或选择 c-rlft"
    ),
    "nothing to train on: {untagged} conversations have no class, {left} are left out by the method, {unanswered} "
    "have no answer within {tokens} tokens": (
        "没有可训练的：{untagged} 个对话没有类别，{left} 个不被此方法采用，"
        "{unanswered} 个在 {tokens} 个词元内没有回答"
    ),
    "nothing to train on: {untagged} conversations have no class, {left} are left out by the method, {unanswered} "
    "have no answer within {tokens} tokens, {held} are held out": (
        "没有可训练的：{untagged} 个对话没有类别，{left} 个不被此方法采用，"
        "{unanswered} 个在 {tokens} 个词元内没有回答，"
        "{held} 个被留出"
    ),
    "tag conversations that have answers (a file of classes may tag by a field), or choose another method": (
        "请标注有回答的对话（类别文件可以按字段标注），或换一种方法"
    ),
    "class {name}, the best, has no conversation to train on ({held} are held out, {unanswered} have no answer "
    "within the context): the model would be asked under a condition that it never saw": (
        "最好的类别 {name} 没有可训练的对话（{held} 个被留出，{unanswered} 个在上下文内没有回答）："
        "模型将在它从未见过的条件下被提问"
    ),
    "tag some conversations with it, give another class the highest reward, or use method=sft": (
        "请把一些对话标注为它，或让另一个类别的奖励最高，或用 method=sft"
    ),
    "class {name} has no conversation to train on ({held} are held out, {unanswered} have no answer within the "
    "context): its condition would stay unlearnt": (
        "类别 {name} 没有可训练的对话（{held} 个被留出，{unanswered} 个在上下文内没有回答）：它的条件将学不到"
    ),
    "class {name} weighs nothing: its reward lies so far below the best that its loss weight is 0": (
        "类别 {name} 不起作用：它的奖励比最好的类别低得太多，损失权重为 0"
    ),
    "raise its reward or beta, take it out of the classes, or set empty_classes=warn": (
        "请提高它的奖励或 beta，或把它从类别中去掉，或设 empty_classes=warn"
    ),
    "take it out of the classes, tag some conversations with it, or set empty_classes=warn": (
        "请把它从类别中去掉，或把一些对话标注为它，或设 empty_classes=warn"
    ),
    "class {name} stands on conversations but has no reward": "有对话标注为类别 {name}，但它没有奖励",
    "add it to the classes ({names}) or tag these anew": "把它加入类别（{names}），或重新标注这些对话",
    "the context of {tokens} tokens is shorter than the shortest conversation ({least} tokens)": (
        "上下文为 {tokens} 个词元，比最短的对话（{least} 个词元）还短"
    ),
    "raise max_tokens": "请提高 max_tokens",
    "row {n} of the data: {what}": "数据的第 {n} 行：{what}",
    "row {n} of the data, turn {turn}: {what}": "数据的第 {n} 行第 {turn} 个轮次：{what}",
    "reward of a {role} turn is {value}": "一个 {role} 轮次的奖励为 {value}",
    "give a finite number, or none": "请给出有限数，或不给",
    "a {role} turn has a reward": "一个 {role} 轮次有奖励",
    "the reward {value} is no finite number": "奖励 {value} 不是有限数",
    "give a number, or leave `reward` out": "请给出数字，或不写 `reward`",
    "unknown role {role}": "未知的角色 {role}",
    "content of a {role} turn is {kind}, not text": "一个 {role} 轮次的内容是 {kind}，不是文本",
    "give text": "请给出文本",
    "no list of messages": "没有消息列表",
    'give "messages": [{"role": …, "content": …}]': '请给出 "messages": [{"role": …, "content": …}]',
    "no conversation is given": "没有给出对话",
    "give conversations with classes, or a path": "请给出带类别的对话，或路径",
    "{path}: holds no conversation": "{path}：不含对话",
    "snapshot a query that matches some": "请用能匹配到对话的查询制作快照",
    "{path}: no such snapshot or file": "{path}：没有这个快照或文件",
    "make a snapshot first, or correct the path": "请先制作快照，或改正路径",
    "{path}: `field` and `values` tag conversations only together": (
        "{path}：`field` 与 `values` 须同时给出才能标注"
    ),
    'write "field": "generator", "values": {"gpt-4": "expert", "*": "sub"}': (
        '写成 "field": "generator", "values": {"gpt-4": "expert", "*": "sub"}'
    ),
    "{path}: holds no object": "{path}：不含对象",
    "write one object with a list `classes`": "请写一个含有列表 `classes` 的对象",
    "{path}: has no `scheme`": "{path}：没有 `scheme`",
    "{where}: {word}, not an object": "{where}：是 {word}，不是对象",
    'write {"messages": […]} a line': '每行写 {"messages": […]}',
    "{path}: {field} {value} stands for the class {name}, which is not among the classes": (
        "{path}：{field} {value} 对应类别 {name}，但类别中没有它"
    ),
    "name a JSON file with the classes": "请指定写有类别的 JSON 文件",
    "{where}: not JSON ({reason})": "{where}：不是 JSON（{reason}）",
    'write {"messages": […], "class": …} a line': '每行写 {"messages": […], "class": …}',
    "write one object a line": "每行写一个对象",
    "{folder}: no {file}, so this is no snapshot": "{folder}：没有 {file}，所以不是快照",
    "name a snapshot's folder": "请指定快照的文件夹",
    "{file}: has no column `conversation`": "{file}：没有 `conversation` 列",
    "{folder}: no {word}": "{folder}：没有 {word}",
    "{where}: a tool call cannot be read ({what})": "{where}：无法读取工具调用（{what}）",
    "a tool call cannot be read ({what})": "无法读取工具调用（{what}）",
    "give name and arguments": "请给出 name 和 arguments",
    "{file} cannot be read ({reason})": "无法读取 {file}（{reason}）",
    "outside fold {fold} of {folds} no conversation has the class {name}": (
        "第 {fold} 折（共 {folds} 折）之外没有类别 {name} 的对话"
    ),
    "tag conversations with different prompts as that class first, or remove the class": (
        "请先把提示不同的对话标注为该类别，或删除该类别"
    ),
    "name a text file with a prompt a line": "请指定每行一个提示的文本文件",
    'write {"id": …, "prompt": …} a line': '每行写 {"id": …, "prompt": …}',
    "{path}: no document has two tokens": "{path}：没有一篇文本有两个词元",
    "give documents of some sentences": "请给出有几句话的文本",
    "there is no general text to measure on": "没有可用于测量的普通文本",
    'put {file} into {folder}, {"text": …} a line': '请把 {file} 放入 {folder}，每行写 {"text": …}',
    "name a JSONL file with a `text` field per line": "请指定每行有 `text` 字段的 JSONL 文件",
    "{path}: holds no documents": "{path}：不含文本",
    "give it at least one line of text": "至少要有一行文本",
    "give UTF-8 text, gzipped if its name ends in .gz": "请给出 UTF-8 文本；名称以 .gz 结尾时须为 gzip 压缩",
    "{path}:{line}: no text found": "{path}:{line}：没有文本",
    'give each line a "text"': '每行都要有 "text"',
    "the text has {n} tokens, but one step needs {needed}": "文本只有 {n} 个词元，而一步需要 {needed} 个",
    "give more text or fewer rows": "请给出更多文本，或减少行数",
}

_MODEL: Mapping[str, str] = {
    "no base model is named": "没有指定基座模型",
    "give a folder or a hub name with --base": "请用 --base 给出文件夹或 hub 名称",
    "{model}: no such folder": "{model}：没有这个文件夹",
    "correct the path, or give a hub name such as org/name": "改正路径，或给出 hub 名称，如 org/name",
    "weights of the base are no finite numbers ({tensor})": "基座的权重中有不是有限数的值（{tensor}）",
    "name another base, or get it anew": "请指定另一个基座，或重新获取它",
    "the loss is {value} before the first step": "第一步之前损失就是 {value}",
    "use precision=fp32, or another base": "请用 precision=fp32，或换一个基座",
    "{model}: an adapter without its model": "{model}：只有适配器，没有模型",
    "merge it into its base (PEFT's merge_and_unload) and name that folder": (
        "请把它合并进基座（PEFT 的 merge_and_unload），再指定那个文件夹"
    ),
    "{model}: incomplete, it has no {files}": "{model}：不完整，缺少 {files}",
    "name a folder that `save_pretrained` wrote, model and tokenizer together": (
        "请指定 `save_pretrained` 写出的文件夹，模型与分词器都在其中"
    ),
    "name a folder that `save_pretrained` wrote in full": "请指定 `save_pretrained` 完整写出的文件夹",
    "give a folder that `save_pretrained` wrote, or a hub name while online": (
        "请给出 `save_pretrained` 写出的文件夹，或在联网时给出 hub 名称"
    ),
    "{path}: cannot be read ({reason})": "{path}：无法读取（{reason}）",
    "train the model again": "请重新训练该模型",
    "{model}: its weights lack {tensor} and {n} more tensors": (
        "{model}：权重中缺少 {tensor} 等（另缺 {n} 个张量）"
    ),
    "{model}: its tokenizer cannot be loaded ({reason})": "{model}：无法载入它的分词器（{reason}）",
    "{model}: its configuration cannot be loaded ({reason})": "{model}：无法载入它的配置（{reason}）",
    "{model}: cannot be loaded ({reason})": "{model}：无法载入（{reason}）",
    "device is cuda, but there is no CUDA device here": "device 为 cuda，但这里没有 CUDA 设备",
    "use device=auto or cpu": "请用 device=auto 或 cpu",
    "adapter is qlora, but bitsandbytes is not installed": "adapter 为 qlora，但没有安装 bitsandbytes",
    "pip install bitsandbytes, or use adapter=lora": "运行 pip install bitsandbytes，或用 adapter=lora",
    "{model}: packed conversations of this model see each other": "{model}：这个模型在打包时各对话会互相看见",
    "use packing=off": "请用 packing=off",
    "training {size} parameters needs about {needed} GB, {free} GB are free": (
        "训练 {size} 参数约需 {needed} GB，空闲 {free} GB"
    ),
    "use adapter=lora, lower micro_batch_tokens or max_tokens, or free some memory": (
        "请用 adapter=lora，或降低 micro_batch_tokens 或 max_tokens，或腾出一些内存"
    ),
    "use adapter=qlora, lower micro_batch_tokens or max_tokens, or free some memory": (
        "请用 adapter=qlora，或降低 micro_batch_tokens 或 max_tokens，或腾出一些内存"
    ),
    "take a smaller base, lower micro_batch_tokens or max_tokens, or free some memory": (
        "请换更小的基座，或降低 micro_batch_tokens 或 max_tokens，或腾出一些内存"
    ),
    "{folder}: {free} GB are free, but checkpoints and model need {needed} GB": (
        "{folder}：空闲 {free} GB，而检查点和模型需要 {needed} GB"
    ),
    "free some space, or lower keep_checkpoints": "请腾出空间，或降低 keep_checkpoints",
    "{where}: its tokenizer has no chat template": "{where}：它的分词器没有对话模板",
    "{where}: its chat template {what}": "{where}：它的对话模板{what}",
    "use --set template=chatml": "请用 --set template=chatml",
    "cannot render the turns {roles} ({reason})": "无法写出轮次 {roles}（{reason}）",
    "leaves out, alters or moves the text of turn {n} ({role})": "漏掉、改动或移动了第 {n} 个轮次（{role}）的文本",
    "writes a turn's text more than once": "把一个轮次的文本写了不止一次",
    "puts {one} and {other} around a system text: no turn of its own": (
        "系统文本前后写的是 {one} 和 {other}：不是独立的轮次"
    ),
    "begins in more than one way": "开头不止一种写法",
    "writes different things around the first turn and later ones": "在第一个轮次和后面的轮次前后写的不一样",
    "asks for an answer with {ask}, but answers stand behind {lead}": "以 {ask} 要求回答，但回答写在 {lead} 之后",
    "ends an answer with {one} or {other}, it depends on its place": "结束回答时写 {one} 或 {other}，因位置而异",
    "has no end-of-turn token: an answer ends with {end}": "没有轮次结束词元：回答以 {end} 结尾",
    "cannot be taken apart: it writes {own}, its layout {ours}": "无法拆解：它写出 {own}，按其布局则为 {ours}",
    "the template 'auto' is the model's own and is known only with its tokenizer": (
        "模板 'auto' 是模型自己的，有了它的分词器才知道"
    ),
    "load the model, or name one of {names}": "请载入模型，或指定其中之一：{names}",
    "unknown template {name}": "未知的模板 {name}",
    "the saved layout cannot be read ({reason})": "无法读取保存的布局（{reason}）",
    "name a folder with a whole tokenizer": "请指定含有完整分词器的文件夹",
    "the tokenizer {name} is not a fast one": "分词器 {name} 不是快速型",
    "use a base whose folder has a tokenizer.json": "请用文件夹中有 tokenizer.json 的基座",
    "the tokenizer has no control token {token}, which the template {name} needs": (
        "分词器没有模板 {name} 需要的控制词元 {token}"
    ),
    "train from this base first (training adds the token), or choose another template": (
        "请先从这个基座训练（训练会加入该词元），或换一个模板"
    ),
    "the tokenizer reads the template {name} otherwise in one piece than in segments, near {place}": (
        "在 {place} 附近，分词器把模板 {name} 整段读与分段读的结果不同"
    ),
    "choose another template: --set template=chatml": "换一个模板：--set template=chatml",
    "{model}: has no classes of its own": "{model}：它没有自己的类别",
    "name the conditions to score under": "请指定在哪些条件下评分",
    "the offline base is not in {folder}": "{folder} 中没有离线基座",
    "make it: {command}": "请生成它：{command}",
    "the base {name} does not exist: no such folder": "基座 {name} 不存在：没有这个文件夹",
    "give offline, a folder with a model in transformers format, an earlier run's id or a hub name": (
        "请给出 offline、transformers 格式的模型文件夹、以前训练的编号或 hub 名称"
    ),
    "the base {name} does not exist: no such folder, and the hub has no such model": (
        "基座 {name} 不存在：没有这个文件夹，hub 上也没有这个模型"
    ),
    "the base {name} does not exist here: no such folder, and the hub cannot be asked ({reason})": (
        "这里没有基座 {name}：没有这个文件夹，也无法询问 hub（{reason}）"
    ),
    "correct the name; `offline` is always there, and a local folder works too": (
        "请改正名称；`offline` 总是可用，本机的文件夹也可以"
    ),
}

_WARNINGS: Mapping[str, str] = {
    "the disk has {free} GB free, and the run's checkpoints take about {needed} GB: make room, or keep fewer "
    "checkpoints": "磁盘空闲 {free} GB，而这次训练的检查点约需 {needed} GB：请腾出空间，或少保留检查点",
    "the run needs more than {needed} GB of memory, {free} GB are free here: use adapter=lora, a smaller base, or "
    "free some": (
        "这次训练需要 {needed} GB 以上的内存，这里空闲 {free} GB：请用 adapter=lora、更小的基座，或腾出一些内存"
    ),
    "about {n} of {all} conversations ({share}) are longer than the context of {tokens} tokens and lose their "
    "end: choose a base with a longer context, or drop them before the snapshot (drop --where 'tokens>{most}')": (
        "{all} 个对话中约有 {n} 个（{share}）比 {tokens} 个词元的上下文更长，末尾会被截去："
        "请选择上下文更长的基座，或在制作快照前舍弃它们（drop --where 'tokens>{most}'）"
    ),
    "{what_data} has conversations of one class only ({name}): {method} is plain fine-tuning on it; tag some as "
    "another class and snapshot again": (
        "{what_data} 只有一个类别（{name}）的对话：{method} 对它就是普通微调；请把一些标注为别的类别，再制作快照"
    ),
    "class {name} has no conversation in {what_data}: its condition stays unlearnt; tag some and snapshot again, "
    "or remove the class": (
        "{what_data} 中类别 {name} 没有对话：它的条件学不到；请标注一些并重新制作快照，或删除该类别"
    ),
    "{n} conversations of {what_data} ask what is held out now: figures on those prompts will flatter; make a new "
    "snapshot, which leaves them out": (
        "{what_data} 中有 {n} 个对话问到现已留出的提示：这些提示上的数字会偏好；请制作新的快照，它不会纳入这些对话"
    ),
    "only the class {name} has conversations: {method} on one class is plain fine-tuning on it; tag some as "
    "another class to gain anything from conditions and rewards": (
        "只有类别 {name} 有对话：{method} 在单一类别上就是普通微调；把一些标注为别的类别，条件和奖励才有作用"
    ),
    "no conversation of class {name} is trained on: its condition stays unlearnt": (
        "没有类别 {name} 的对话参与训练：它的条件学不到"
    ),
    "{count} conversations of class {name} are left out: their loss weight is 0; raise the reward or beta to use "
    "them": "类别 {name} 有 {count} 个对话未纳入：它们的损失权重为 0；提高奖励或 beta 后即可使用",
    "{lacking} of {steps} steps hold no conversation of class {name}, the best: there the others count in full; "
    "raise step_tokens to {enough} or more": (
        "{steps} 步中有 {lacking} 步没有最好的类别 {name} 的对话：在这些步里其他类别按全部权重计；"
        "请把 step_tokens 提高到 {enough} 或更多"
    ),
    "{count} conversations have no class and are left out; tag them to use them": (
        "{count} 个对话没有类别，未纳入；标注后即可使用"
    ),
    "{model}: packed conversations of this model see each other, so they are padded instead": (
        "{model}：这个模型在打包时各对话会互相看见，因此改用补齐"
    ),
}

SENTENCES: Mapping[str, str] = {**_SETTINGS, **_DATA, **_MODEL, **_WARNINGS}
"""English form → Chinese form."""
