"""The Jinja chat template that travels with a saved tokenizer. Torch-free.

It writes the same text as `crlft.template.render`, takes `condition` (default: the best class; empty:
unconditioned) and marks the supervised spans with `{% generation %}`:

    tokenizer.apply_chat_template(messages, condition="GPT4 Correct", add_generation_prompt=True)

Engines that take `chat_template_kwargs` (vLLM, SGLang) pass `condition` the same way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from crlft.template import BREAK, Template

_BODY = """\
{%- set who = condition if condition is defined and condition is not none else @default@ -%}
{%- macro guard(text) -%}
{{- text@guards@ -}}
{%- endmacro -%}
{%- macro header(role) -%}
{%- set words = @roles@ -%}
{%- if who and @conditioned@ -%}{{- guard(who) ~ " " -}}{%- endif -%}
{{- words[role] ~ @after_role@ -}}
{%- endmacro -%}
{%- macro answer(message) -%}
{%- set thought = message.reasoning if message.reasoning is string else message.reasoning_content -%}
{%- if thought is string -%}{{- "<think>\\n" ~ thought ~ "\\n</think>\\n\\n" -}}{%- endif -%}
{{- message.content or "" -}}
{%- for call in message.tool_calls or [] -%}
{%- set f = call.function or call -%}
{%- if message.content or not loop.first -%}{{- "\\n" -}}{%- endif -%}
{{- '<tool_call>\\n{"name": ' ~ (f.name | tojson) ~ ', "arguments": ' -}}
{{- f.arguments if f.arguments is string else (f.arguments | tojson) -}}
{{- '}\\n</tool_call>' -}}
{%- endfor -%}
{%- endmacro -%}
{%- set defined = "# Tools\\n" ~ (tools | tojson) if tools else "" -%}
{{- @start@ -}}
{%- if defined and (not messages or messages[0].role != "system") -%}
{{- @open@ ~ header("system") ~ @lead@ ~ guard(defined) ~ @close@ ~ @gap@ -}}
{%- endif -%}
{%- for message in messages -%}
{%- if message.role == "assistant" -%}
{{- @open@ ~ header("assistant") -}}
{%- if message.excluded -%}
{{- @lead@ ~ guard(@answer@) ~ @close@ -}}
{%- else -%}
{%- generation -%}{{- @lead@ ~ guard(@answer@) ~ @close@ -}}{%- endgeneration -%}
{%- endif -%}
{{- @gap@ -}}
{%- else -%}
{%- set text = message.content or "" -%}
{%- if loop.first and defined and message.role == "system" -%}
{%- set text = text ~ "\\n\\n" ~ defined -%}
{%- endif -%}
{{- @open@ ~ header(message.role) ~ @lead@ ~ guard(text) ~ @close@ ~ @gap@ -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- @open@ ~ header("assistant") -}}{%- endif -%}
"""


def chat_template(
    template: Template,
    *,
    default_condition: str,
    start: str = "",
    reserved: Sequence[str] = (),
    placement: str = "both",
) -> str:
    """Return the Jinja text for a template.

    Args:
        template: The layout that was trained.
        default_condition: What `condition` is where the caller gives none: the best class's condition, or
            empty for a model that was trained without conditions.
        start: The tokenizer's start token, or empty.
        reserved: Strings the tokenizer reads as tokens of their own; broken inside text.
        placement: `both` or `assistant`, as trained.
    """
    values = {
        "default": _quoted(default_condition),
        "guards": "".join(f" | replace({_quoted(t)}, {_quoted(t[0] + BREAK + t[1:])})" for t in reserved),
        "roles": "{" + ", ".join(f"{_quoted(k)}: {_quoted(v)}" for k, v in template.roles.items()) + "}",
        "conditioned": "true" if placement == "both" else 'role == "assistant"',
        "after_role": _quoted(template.after_role),
        "start": _quoted(start),
        "open": _quoted(template.open),
        "close": _quoted(template.close),
        "gap": _quoted(template.gap),
        "lead": _quoted(template.lead),
        # Python's lstrip, which is what render() uses; Jinja's own trim would strip both ends.
        "answer": "answer(message).lstrip()" if template.strip else "answer(message)",
    }
    out = _BODY
    for name, value in values.items():
        out = out.replace(f"@{name}@", value)
    return out


def _quoted(text: str) -> str:
    """Return a Jinja string literal; JSON's escapes are a subset of Jinja's."""
    return json.dumps(text, ensure_ascii=False)
