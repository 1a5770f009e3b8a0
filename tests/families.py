"""Small model folders in the style of well-known families: real architectures, real kinds of tokenizers.

Vocabularies are trained here, on a few sentences; special tokens, normalizers, pre-tokenizers and chat templates
are of the family's kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = [
    "GPT4 Correct user asks what seven and four make, GPT3 Correct assistant says: it is eleven.",
    "Of course! 12 and one is 13. What is 7 + 4? Be kind, you are a helpful assistant.",
    "one two three four five six seven eight nine ten system tool user model assistant",
] * 10

CHATML = """\
{%- for m in messages -%}
{%- if loop.first and m.role != 'system' -%}
{{- '<|im_start|>system\\nYou are a small helpful assistant.<|im_end|>\\n' -}}
{%- endif -%}
{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
QWEN3 = """\
{%- set last = namespace(user=-1) -%}
{%- for m in messages -%}{%- if m.role == 'user' -%}{%- set last.user = loop.index0 -%}{%- endif -%}{%- endfor -%}
{%- for m in messages -%}
{%- if m.role == 'assistant' -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if loop.last and loop.index0 > last.user -%}{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}
{{- m.content + '<|im_end|>\\n' -}}
{%- elif m.role == 'tool' -%}
{%- if loop.first or messages[loop.index0 - 1].role != 'tool' -%}{{- '<|im_start|>user' -}}{%- endif -%}
{{- '\\n<tool_response>\\n' + m.content + '\\n</tool_response>' -}}
{%- if loop.last or messages[loop.index0 + 1].role != 'tool' -%}{{- '<|im_end|>\\n' -}}{%- endif -%}
{%- else -%}
{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
LLAMA3 = """\
{{- bos_token -}}
{%- set preamble = 'Cutting Knowledge Date: December 2023\\nToday Date: ' + strftime_now('%d %b %Y') + '\\n\\n' -%}
{%- set system = messages[0].content | trim if messages[0].role == 'system' else '' -%}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' + preamble + system + '<|eot_id|>' -}}
{%- for m in messages -%}
{%- if m.role == 'tool' -%}
{{- '<|start_header_id|>ipython<|end_header_id|>\\n\\n' + (m.content | tojson) + '<|eot_id|>' -}}
{%- elif not (loop.first and m.role == 'system') -%}
{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + m.content | trim + '<|eot_id|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}
"""
GEMMA = """\
{{- bos_token -}}
{%- if messages[0].role == 'system' -%}{{- raise_exception('System role not supported') -}}{%- endif -%}
{%- for m in messages -%}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) -%}{{- raise_exception('Roles must alternate') -}}{%- endif -%}
{%- set role = 'model' if m.role == 'assistant' else m.role -%}
{{- '<start_of_turn>' + role + '\\n' + m.content | trim + '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
"""
MISTRAL = """\
{{- bos_token -}}
{%- if messages[0].role == 'system' -%}
{%- set system = messages[0].content -%}{%- set turns = messages[1:] -%}
{%- else -%}
{%- set turns = messages -%}
{%- endif -%}
{%- for m in turns -%}
{%- if m.role == 'user' -%}
{%- if loop.last and system is defined -%}
{{- '[INST] ' + system + '\\n\\n' + m.content + '[/INST]' -}}
{%- else -%}
{{- '[INST] ' + m.content + '[/INST]' -}}
{%- endif -%}
{%- elif m.role == 'assistant' -%}
{{- ' ' + m.content + eos_token -}}
{%- else -%}
{{- raise_exception('Only user and assistant roles are supported') -}}
{%- endif -%}
{%- endfor -%}
"""
LLAMA2 = """\
{%- for m in messages -%}
{%- if m.role == 'user' -%}
{%- set first = loop.index0 == 1 and messages[0].role == 'system' -%}
{%- set system = '<<SYS>>\\n' + messages[0].content + '\\n<</SYS>>\\n\\n' if first else '' -%}
{{- bos_token + '[INST] ' + system + m.content + ' [/INST]' -}}
{%- elif m.role == 'assistant' -%}
{{- ' ' + m.content + ' ' + eos_token -}}
{%- endif -%}
{%- endfor -%}
"""


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes:
        name: What it is called.
        tokenizer: Makes its tokenizer.
        model: Makes a small model for a vocabulary's size.
        chat: Its chat template, or None.
    """

    name: str
    tokenizer: Callable[[], Any]
    model: Callable[[int], Any]
    chat: str | None

    def save(self, folder: Path, seed: int = 0) -> Path:
        """Write the folder and return it."""
        import torch

        tokenizer = self.make_tokenizer()
        torch.manual_seed(seed)
        self.model(len(tokenizer)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    def make_tokenizer(self) -> Any:
        """Return its tokenizer with its chat template."""
        tokenizer = self.tokenizer()
        tokenizer.chat_template = self.chat
        return tokenizer


def byte_level(pattern: str | None = None) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return vocabulary and merges of a byte-level BPE; with a pattern, cut by it, else as GPT-2 does."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    cut = [pre_tokenizers.Split(Regex(pattern), "isolated")] if pattern else []
    raw.pre_tokenizer = pre_tokenizers.Sequence([*cut, last])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=340, initial_alphabet=alphabet, show_progress=False)
    )
    return _parts(raw)


def sentence_piece(first: list[str], alphabet: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return vocabulary and merges of a BPE over words that begin with ▁; unknown characters become bytes."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    raw.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=160, initial_alphabet=alphabet, show_progress=False)
    )
    trained, merges = _parts(raw)
    tokens = [*first, *(f"<0x{i:02X}>" for i in range(256)), *trained]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}, merges


def _parts(raw: Any) -> tuple[dict[str, int], list[tuple[str, str]]]:
    import json

    model = json.loads(raw.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def _special(*texts: str) -> list[Any]:
    from tokenizers import AddedToken

    return [AddedToken(t, special=True, normalized=False) for t in texts]


def llama3_tokenizer() -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    vocab, merges = byte_level(pattern)
    raw = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=True))
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens(
        _special("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    )
    raw.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A",
        special_tokens=[("<|begin_of_text|>", raw.token_to_id("<|begin_of_text|>"))],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<|begin_of_text|>",
        eos_token="<|eot_id|>",
        clean_up_tokenization_spaces=False,
    )


def qwen_tokenizer() -> Any:
    from tokenizers import AddedToken
    from transformers import Qwen2Tokenizer
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    vocab, merges = byte_level(PRETOKENIZE_REGEX)
    out = Qwen2Tokenizer(vocab=vocab, merges=merges, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    out.add_tokens(_special("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    markup = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"]
    out.add_tokens([AddedToken(t, special=False, normalized=False) for t in markup])
    return out


def gpt2_tokenizer() -> Any:
    from transformers import GPT2Tokenizer

    vocab, merges = byte_level()
    return GPT2Tokenizer(vocab={**vocab, "<|endoftext|>": len(vocab)}, merges=merges)


def smollm_tokenizer() -> Any:
    from transformers import GPT2Tokenizer

    vocab, merges = byte_level()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    out = GPT2Tokenizer(
        vocab={**{t: i for i, t in enumerate(specials)}, **{t: i + 3 for t, i in vocab.items()}},
        merges=merges,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
    )
    out.add_tokens(_special(*specials))
    return out


def mistral_tokenizer(controls: tuple[str, ...] = ("[INST]", "[/INST]", "[TOOL_CALLS]")) -> Any:
    """SentencePiece's style as transformers makes it: a space at the beginning of a text."""
    from transformers import LlamaTokenizer

    vocab, merges = sentence_piece(["<unk>", "<s>", "</s>", *controls], ["é"])
    out = LlamaTokenizer(vocab=vocab, merges=merges)
    out.add_tokens(_special("<s>", "</s>", *controls))
    return out


def old_llama_tokenizer() -> Any:
    """SentencePiece's style as old `tokenizer.json` files have it: a space behind every control token."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    vocab, merges = sentence_piece(["<unk>", "<s>", "</s>"], [])
    raw = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    raw.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    raw.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    raw.add_special_tokens(_special("<unk>", "<s>", "</s>"))
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )


def gemma_tokenizer() -> Any:
    from transformers import GemmaTokenizer

    specials = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"]
    vocab, merges = sentence_piece(specials, ["\n"])
    out = GemmaTokenizer(vocab=vocab, merges=merges)
    out.add_tokens(_special(*specials))
    return out


SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 512,
}


def _llama(vocabulary: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, **SIZES, tie_word_embeddings=False))


def _tied_llama(vocabulary: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, **SIZES, tie_word_embeddings=True))


def _qwen2(vocabulary: int) -> Any:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    # Qwen's tables are longer than its tokenizers
    return Qwen2ForCausalLM(Qwen2Config(vocab_size=vocabulary + 24, **SIZES, tie_word_embeddings=True))


def _qwen3(vocabulary: int) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(vocab_size=vocabulary + 24, **SIZES, tie_word_embeddings=True))


def _mistral(vocabulary: int) -> Any:
    from transformers import MistralConfig, MistralForCausalLM

    return MistralForCausalLM(MistralConfig(vocab_size=vocabulary, **SIZES, sliding_window=64))


def _gemma2(vocabulary: int) -> Any:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    return Gemma2ForCausalLM(
        Gemma2Config(
            vocab_size=vocabulary,
            **SIZES,
            query_pre_attn_scalar=16,
            final_logit_softcapping=30.0,
            attn_logit_softcapping=50.0,
            sliding_window=64,
        )
    )


def _gemma3(vocabulary: int) -> Any:
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    return Gemma3ForCausalLM(Gemma3TextConfig(vocab_size=vocabulary, **SIZES, sliding_window=64))


def _gpt2(vocabulary: int) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=2, n_positions=256))


FAMILIES: dict[str, Family] = {
    f.name: f
    for f in (
        Family("llama3", llama3_tokenizer, _llama, LLAMA3),
        Family("llama2", old_llama_tokenizer, _llama, LLAMA2),
        Family("qwen2", qwen_tokenizer, _qwen2, CHATML),
        Family("qwen3", qwen_tokenizer, _qwen3, QWEN3),
        Family("mistral", mistral_tokenizer, _mistral, MISTRAL),
        Family("gemma2", gemma_tokenizer, _gemma2, GEMMA),
        Family("gemma3", gemma_tokenizer, _gemma3, GEMMA),
        Family("gpt2", gpt2_tokenizer, _gpt2, None),
        Family("smollm", smollm_tokenizer, _tied_llama, CHATML),
    )
}
