"""The Jinja chat template that travels with a saved tokenizer. Torch-free.

It writes the same text as `crlft.template.render`, takes `condition` (default: the best class; empty:
unconditioned) and marks the supervised spans with `{% generation %}`:

    tokenizer.apply_chat_template(messages, condition="GPT4 Correct", add_generation_prompt=True)

Engines that take `chat_template_kwargs` (vLLM, SGLang) pass `condition` the same way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from crlft.conversation import ROLES
from crlft.layouts import Template
from crlft.template import BREAK

_BODY = """\
{%- set who = condition if condition is defined and condition is not none else @default@ -%}
{%- set heads = @heads@ -%}
{%- set tails = @tails@ -%}
{%- macro guard(text) -%}
{{- text@guards@ -}}
{%- endmacro -%}
{%- macro head(role) -%}
{{- heads[role][0] -}}
{%- if who and @conditioned@ -%}{{- heads[role][1] ~ guard(who) ~ heads[role][2] -}}{%- endif -%}
{{- heads[role][3] -}}
{%- endmacro -%}
{%- macro answer(message) -%}
{%- set thought = message.reasoning if message.reasoning is string else message.reasoning_content -%}
{%- if thought is string -%}{{- "<think>\\n" ~ guard(thought) ~ "\\n</think>\\n\\n" -}}{%- endif -%}
{{- guard(message.content or "") -}}
{%- for call in message.tool_calls or [] -%}
{%- set f = call.function or call -%}
{%- if message.content or not loop.first -%}{{- "\\n" -}}{%- endif -%}
{{- '<tool_call>\\n{"name": ' ~ guard(f.name | tojson) ~ ', "arguments": ' -}}
{{- guard(f.arguments if f.arguments is string else (f.arguments | tojson)) -}}
{{- '}\\n</tool_call>' -}}
{%- endfor -%}
{%- endmacro -%}
{%- set defined = "# Tools\\n" ~ (tools | tojson) if tools else "" -%}
{%- if @adds_system@ and (not messages or messages[0].role != "system") -%}
{%- set messages = [{"role": "system", "content": @default_system@}] + messages -%}
{%- endif -%}
{{- @start@ -}}
@prepare@{%- for message in messages -%}
@flush@{%- if message.role == "assistant" -%}
{{- head("assistant") -}}
{%- if message.excluded -%}
{{- @lead@ ~ @answer@ ~ @end@ -}}
{%- else -%}
{%- generation -%}{{- @lead@ ~ @answer@ ~ @end@ -}}{%- endgeneration -%}
{%- endif -%}
{{- @gap@ -}}
{%- else -%}
{%- set text = message.content or "" -%}
{%- if loop.first and defined and message.role == "system" -%}
{%- set text = text ~ "\\n\\n" ~ defined if text else defined -%}
{%- endif -%}
@trim@@turn@{%- endif -%}
{%- endfor -%}
@flush_last@{%- if add_generation_prompt -%}{{- head("assistant") -}}{%- endif -%}
"""

_TURN = "{{- head(message.role) ~ guard(text) ~ tails[message.role] -}}\n"

# System texts that stand in front of the next user turn's text wait in a namespace until it comes.
_WAIT = '{%- set wait = namespace(text="") -%}\n'
_FLUSH = """\
{%- if wait.text and @when@ -%}
{{- head("user") ~ wait.text ~ tails["user"] -}}
{%- set wait.text = "" -%}
{%- endif -%}
"""
_WAITING_TURN = """\
{%- if message.role == "system" -%}
{%- set wait.text = @before@ ~ guard(text) ~ @after@ -%}
{%- else -%}
{%- set joined = wait.text -%}
{%- set wait.text = "" -%}
{{- head(message.role) ~ joined ~ guard(text) ~ tails[message.role] -}}
{%- endif -%}
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
        start: What a conversation begins with: the tokenizer's start token, or empty.
        reserved: Strings the tokenizer reads as tokens of their own; broken inside text.
        placement: `both` or `assistant`, as trained.
    """
    roles = {role: template.roles[role] for role in ROLES}
    tail = roles["assistant"].tail
    end = tail.index(template.close) + len(template.close)
    values = {
        **_system_values(template),
        "default": _quoted(default_condition),
        "guards": "".join(f" | replace({_quoted(t)}, {_quoted(t[0] + BREAK + t[1:])})" for t in reserved),
        "heads": _quoted({role: [r.before, *r.slot, r.after] for role, r in roles.items()}),
        "tails": _quoted({role: r.tail for role, r in roles.items()}),
        "conditioned": "true" if placement == "both" else 'role == "assistant"',
        "start": _quoted(template.start if template.start is not None else start),
        "lead": _quoted(template.lead),
        "end": _quoted(tail[:end]),
        "gap": _quoted(tail[end:]),
        # Python's own methods, which render() uses as well; Jinja's `trim` would always strip both ends.
        "answer": "answer(message)" + _strip_call(template),
        "trim": _trim(template),
    }
    # One pass: a value may itself hold what looks like a place.
    return re.sub(r"@(\w+)@", lambda place: values[place[1]], _BODY)


def _strip_call(template: Template) -> str:
    if "assistant" in template.trimmed:
        return ".strip()"
    return ".lstrip()" if template.strip else ""


def _trim(template: Template) -> str:
    roles = [role for role in template.trimmed if role != "assistant"]
    if not roles:
        return ""
    return "{%- set text = text.strip() if message.role in " + _quoted(roles) + " else text -%}\n"


def _system_values(template: Template) -> dict[str, str]:
    """Return what stands in the body for system turns, of their own or in front of a user's text."""
    out = {
        "adds_system": "defined" if template.default_system is None else "true",
        "default_system": _quoted(template.default_system or ""),
        "prepare": "",
        "flush": "",
        "flush_last": "",
        "turn": _TURN,
    }
    if template.system_in_user is not None:
        before, after = template.system_in_user
        out["prepare"] = _WAIT
        out["flush"] = _FLUSH.replace("@when@", 'message.role != "user"')
        out["flush_last"] = _FLUSH.replace("@when@", "true")
        out["turn"] = _WAITING_TURN.replace("@before@", _quoted(before)).replace("@after@", _quoted(after))
    return out


def _quoted(value: object) -> str:
    """Return a Jinja literal; JSON's escapes are a subset of Jinja's."""
    return json.dumps(value, ensure_ascii=False)
