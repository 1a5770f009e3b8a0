"""A tokenizer and a random Llama small enough to be made inside a test, and data for them."""

from __future__ import annotations

import json
from pathlib import Path

from crlft.conversation import Conversation, Turn

PAD, BOS, EOT = "<pad>", "<s>", "<|end_of_turn|>"


def tiny_tokenizer(merges: bool = True):
    """Byte-level BPE; without merges a text's ids are its bytes, in the byte alphabet's order, plus 3."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320 if merges else 259,
        special_tokens=[PAD, BOS, EOT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    raw.train_from_iterator(["GPT4 Correct User: GPT3 Correct Assistant: one two three"] * 20, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=BOS, eos_token=EOT, pad_token=PAD, clean_up_tokenization_spaces=False
    )


def tiny_model(vocabulary: int, seed: int = 0, **changes: object):
    """A Llama with two layers of width 32."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    settings: dict[str, object] = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }
    return LlamaForCausalLM(LlamaConfig(**{**settings, **changes}))


def save_tiny_base(folder: Path, seed: int = 0) -> Path:
    tokenizer = tiny_tokenizer()
    tiny_model(len(tokenizer), seed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def talk(question: str, answer: str, class_name: str | None = "expert", **more: object) -> Conversation:
    return Conversation((Turn("user", question), Turn("assistant", answer)), class_name=class_name, **more)


def tiny_conversations(n: int = 60) -> list[Conversation]:
    """Every sixth from the expert, the others sub-optimal; lengths vary."""
    out = []
    for i in range(n):
        if i % 6 == 0:
            out.append(talk(f"What is {i} and one?", f"Of course! {i} and one is {i + 1}." + " Yes." * (i % 4)))
        else:
            out.append(talk(f"What is {i} and one, please?" + " Hm." * (i % 5), f"{i + 2}", "sub"))
    return out


def write_jsonl(path: Path, conversations: list[Conversation]) -> Path:
    lines = [json.dumps(c.to_dict(), ensure_ascii=False) + "\n" for c in conversations]
    path.write_text("".join(lines), encoding="utf-8")
    return path
