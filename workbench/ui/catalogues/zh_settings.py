"""Chinese texts of the training settings: their names, and what each is for. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "Template": "模板",
    "Condition placement": "条件位置",
    "Condition dropout": "条件丢弃率",
    "Empty classes": "空类别",
    "Normalisation": "归一化",
    "Epochs": "遍数",
    "Step tokens": "每步词元",
    "Micro batch tokens": "微批词元",
    "Schedule": "学习率日程",
    "Warmup steps": "预热步数",
    "Weight decay": "权重衰减",
    "Max grad norm": "最大梯度范数",
    "Max tokens": "最大词元",
    "Held out share": "留出比例",
    "Threads": "线程数",
    "Device": "设备",
    "Precision": "精度",
    "Adapter": "适配器",
    "Lora rank": "LoRA 秩",
    "Lora alpha": "LoRA 缩放",
    "Lora dropout": "LoRA 丢弃率",
    "Packing": "打包",
    "Gradient checkpointing": "梯度检查点",
    "Compile": "编译",
    "Learning rate probe": "学习率试探",
    "Save every": "保存间隔",
    "Keep checkpoints": "保留检查点",
    "Evaluate every": "评估间隔",
    "Sample count": "样例数量",
    "Sample tokens": "样例词元",
}

_MEANINGS: Mapping[str, str] = {
    "How turns become text: openchat for base models, chatml or llama3 for models that speak it, or auto: the "
    "model's own chat template with the condition placed in the role.": (
        "轮次如何变成文本：基座模型用 openchat，懂 chatml 或 llama3 的模型用相应模板；"
        "auto 为模型自己的对话模板，条件写在角色处。"
    ),
    "Where the class stands: before the role on both sides of every turn, or before the assistant only.": (
        "类别写在哪里：每个轮次双方的角色之前，或仅在助手之前。"
    ),
    "Share of the conversations trained without their condition, so that asking without one works too.": (
        "不带条件训练的对话比例，使不带条件提问也能用。"
    ),
    "A class that no conversation is trained on: refuse to start, or warn that its condition stays unlearnt. "
    "auto: a snapshot's own classes are only warned about, for a project may keep some in store.": (
        "没有任何对话参与训练的类别：拒绝开始，或仅警告其条件学不到。自动：快照自带的类别只警告，因为项目可以预留类别。"
    ),
    "What counts the same: every supervised token (as OpenChat), every answer, or every conversation.": (
        "按什么平均：每个参与训练的词元（如 OpenChat）、每个回答，或每个对话。"
    ),
    "Optimiser steps; auto: enough to see the best class's answers several times.": (
        "优化器步数；auto：足以把最好类别的回答看几遍。"
    ),
    "Passes over the data, instead of steps.": "遍历数据的次数，用以代替步数。",
    "Tokens in one optimiser step; auto: 1,024 for tiny models, growing with size, and enough for the best class "
    "to stand in every step.": (
        "每个优化器步的词元数；auto：极小模型为 1,024，随模型增大，并足以让每一步都含有最好的类别。"
    ),
    "Tokens (with padding) computed at once; changes speed and memory, never the step's meaning.": (
        "一次计算的词元数（含补齐）；只影响速度与内存，不改变步的含义。"
    ),
    "Peak learning rate; auto: 1.5e-3 at a million parameters, falling with the root of the size.": (
        "最高学习率；auto：一百万参数时为 1.5e-3，随规模的平方根下降。"
    ),
    "How the learning rate falls after the warm-up: cosine or linear to a twentieth, or constant.": (
        "预热后学习率如何下降：余弦或线性降到二十分之一，或保持不变。"
    ),
    "Steps over which the learning rate rises; auto: 3 % of the steps, at least 10.": (
        "学习率上升的步数；auto：总步数的 3 %，至少 10。"
    ),
    "AdamW's decoupled weight decay.": "AdamW 的解耦权重衰减。",
    "Gradients longer than this are shortened to it.": "超过此长度的梯度会缩短到它。",
    "Context: longer conversations are cut at the end; auto: the model's context, at most 4,096.": (
        "上下文：更长的对话从结尾截断；auto：模型的上下文，至多 4,096。"
    ),
    "Share of the prompts kept out of training and used to measure the loss per class.": (
        "不参与训练、用于测量各类别损失的提示比例。"
    ),
    "Seeds the order of the data and everything else that is random.": "决定数据顺序及其他一切随机的种子。",
    "CPU threads; auto: as many as physical cores.": "CPU 线程数；auto：与物理核心数相同。",
    "Where to train: cuda where there is one, else cpu.": "在哪里训练：有 cuda 用 cuda，否则用 cpu。",
    "bf16 computes in bfloat16 (weights stay fp32); auto: where the hardware is fast at it.": (
        "bf16 以 bfloat16 计算（权重仍为 fp32）；auto：硬件擅长时采用。"
    ),
    "none trains all weights; lora trains small matrices beside them; qlora the same on a 4-bit base.": (
        "none 训练全部权重；lora 训练旁边的小矩阵；qlora 同样，但基座为 4 位。"
    ),
    "Rank of the LoRA matrices.": "LoRA 矩阵的秩。",
    "Scale of the LoRA matrices; auto: twice the rank.": "LoRA 矩阵的缩放；auto：秩的两倍。",
    "Dropout in front of the LoRA matrices.": "LoRA 矩阵之前的丢弃率。",
    "Conversations laid end to end without padding; auto: on CUDA (on a CPU grouping by length is faster).": (
        "对话首尾相接、不补齐；auto：在 CUDA 上启用（CPU 上按长度分组更快）。"
    ),
    "Activations computed twice to save memory; auto: where they would not fit otherwise.": (
        "激活计算两次以节省内存；auto：否则放不下时启用。"
    ),
    "Compile the model with torch.compile: minutes of waiting first, so only for long runs.": (
        "用 torch.compile 编译模型：先等几分钟，只适合长时间训练。"
    ),
    "Try half, once and twice the automatic learning rate on 24 steps first, and take the best (below a "
    "billion parameters, one process).": (
        "先用 24 步试自动学习率的一半、一倍与两倍，取最好的（十亿参数以下、单进程）。"
    ),
    "Steps between checkpoints; auto: a tenth of the run.": "检查点之间的步数；auto：全程的十分之一。",
    "Checkpoints kept; older ones are deleted.": "保留的检查点数；更早的会删除。",
    "Steps between evaluations; auto: a fifth of the run.": "评估之间的步数；auto：全程的五分之一。",
    "How many held-out prompts to answer where none are given.": "未指定时回答多少个留出的提示。",
    "Longest sample answer.": "样例回答的最大长度。",
}

_METHODS: Mapping[str, str] = {
    "class in the prompt, reward in the loss: the method itself": "类别进提示，奖励进损失：方法本身",
    "class in the prompt, every conversation weighs the same": "类别进提示，每个对话权重相同",
    "reward in the loss, no class in the prompt": "奖励进损失，提示中无类别",
    "plain fine-tuning on everything, all equal": "用全部数据普通微调，一视同仁",
    "plain fine-tuning on the best class alone": "只用最好的类别普通微调",
    "class in the prompt, rare classes weigh more whatever their reward": (
        "类别进提示，少见的类别权重更大，不论奖励"
    ),
}

TEXTS: Mapping[str, str] = {**_NAMES, **_MEANINGS, **_METHODS}
