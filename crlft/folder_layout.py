"""The layout a run on a model's folder would have, without its tokenizer. Torch-free: interfaces preview with it.

Chat templates are programs of strangers: they run in Jinja's immutable sandbox, with the functions and settings
that `transformers` gives them (`transformers.utils.chat_template_utils`), and know no clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crlft.derive import FIXED_DATE, derive_template
from crlft.errors import TemplateError
from crlft.layouts import AUTO, Template, get_template, is_reserved
from crlft.modelfolder import read_card


def folder_template(model: str, name: str) -> Template | None:
    """Return the layout of a template's name for a base, or None where only its tokenizer could tell.

    Args:
        model: A folder or a hub name.
        name: A template's name; `auto` is what the model was trained with, or its own chat template.

    Raises:
        TemplateError: The name is unknown, or the folder's chat template cannot be taken apart.
        ModelError: The folder's card cannot be read.
    """
    if name != AUTO:
        return get_template(name)
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return None
    card = read_card(folder)
    if card is not None and (card.layout is not None or card.template != AUTO):
        return card.layout or get_template(card.template)
    config = _read(folder / "tokenizer_config.json")
    source = _source(folder, config)
    if not source:
        raise TemplateError(f"{model}: its tokenizer has no chat template", "use --set template=chatml")
    special = {key: _content(config.get(key)) for key in ("bos_token", "eos_token", "unk_token", "pad_token")}
    return derive_template(
        _renderer(source, special), _tokens(folder, config), where=model, bos=special["bos_token"]
    )


def _renderer(source: str, special: dict[str, str]) -> Callable[[list[dict[str, Any]], bool], str]:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals.update(raise_exception=_raise, strftime_now=FIXED_DATE.strftime)
    known = {key: value for key, value in special.items() if value}

    def chat(messages: list[dict[str, Any]], answer_next: bool) -> str:
        return environment.from_string(source).render(
            messages=messages, add_generation_prompt=answer_next, tools=None, documents=None, condition="", **known
        )

    return chat


class _Generation(Extension):
    """`{% generation %}` marks what is learnt; here it is only read over."""

    tags = {"generation"}  # noqa: RUF012  Jinja's own declaration

    def parse(self, parser: Parser) -> list[Node]:
        """Return the marked part's own nodes."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
    """Write JSON as it is; Jinja's own filter escapes for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _source(folder: Path, config: dict[str, Any]) -> str:
    """Return the text of the folder's chat template, or nothing."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    found = config.get("chat_template") or ""
    if isinstance(found, list):
        found = next((row.get("template") for row in found if row.get("name") == "default"), "")
    return str(found or "")


def _tokens(folder: Path, config: dict[str, Any]) -> tuple[str, ...]:
    """Return the strings that the folder's tokenizer reads as tokens of their own."""
    added = [
        *_read(folder / "tokenizer.json").get("added_tokens", ()),
        *config.get("added_tokens_decoder", {}).values(),
    ]
    return tuple({row["content"] for row in added if is_reserved(row["content"], bool(row.get("special")))})


def _content(token: Any) -> str:
    return str(token.get("content") or "") if isinstance(token, dict) else str(token or "")


def _read(path: Path) -> dict[str, Any]:
    """Return a JSON file's object; nothing where it is missing.

    Raises:
        TemplateError: It is no JSON object.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: cannot be read ({error})", "name a folder with a whole tokenizer") from error
    if not isinstance(body, dict):
        raise TemplateError(f"{path}: holds no object", "name a folder with a whole tokenizer")
    return body
