"""The reader: one conversation as chat, with what is known about it, its history and its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from html import escape

import streamlit as st

from workbench.curate.diff import word_diff
from workbench.domain.curation import Action, Change
from workbench.domain.record import Record
from workbench.services import browsing, curation
from workbench.services.project import Project
from workbench.ui.i18n import said, t, tn
from workbench.ui.views.acting import field_name
from workbench.ui.views.deciding import decide
from workbench.ui.widgets.chat import chat_html
from workbench.ui.widgets.chips import chip, chips, class_chip, status_chip, table
from workbench.ui.widgets.diff import diff
from workbench.ui.widgets.errors import plain


def read(
    record: Record,
    colours: Mapping[str, str],
    *,
    highlight: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    rendered: bool = False,
) -> None:
    """Draw the facts and the turns; `weights` is each class's loss weight, `rendered` sets Markdown."""
    st.html(read_html(record, colours, highlight=highlight, weights=weights, rendered=rendered))


def read_html(
    record: Record,
    colours: Mapping[str, str],
    *,
    highlight: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    rendered: bool = False,
) -> str:
    """Return what `read` draws: one block, so that the browser can keep the neighbours' ready."""
    facts = f'<div class="wb-chips">{"".join(fact_chips(record, colours, weights or {}))}</div>'
    comment = ""
    if record.comment:
        comment = f'<p class="wb-comment" dir="auto">{escape(t("Comment: {text}", text=record.comment))}</p>'
    talk = chat_html(record.conversation, highlight=highlight, rendered=rendered)
    seen = f'data-seq="{record.seq}" data-revision="{record.revision}"'  # what a decision by key is about
    return f'<div class="wb-read" {seen}>{facts}{comment}{talk}</div>'


def fact_chips(record: Record, colours: Mapping[str, str], weights: Mapping[str, float]) -> list[str]:
    """Return the chips that say what is known about a conversation."""
    c = record.conversation
    facts = [class_chip(c.class_name, colours), status_chip(record.status, record.drop_reason)]
    if record.status == "dropped" and record.drop_reason:
        facts.append(chip(said(record.drop_reason)))
    if c.coarse_reward is not None:
        facts.append(chip(t("reward {r}", r=f"{c.coarse_reward:g}"), hint=t("Overrides the class's reward")))
    elif c.class_name in weights:
        weight = f"{weights[c.class_name or '']:.3g}"
        facts.append(chip(t("weight {w}", w=weight), hint=t("What its class's reward makes it weigh in training")))
    facts += [chip(x, hint=hint) for x, hint in ((c.source, t("Source")), (c.language, t("Language"))) if x]
    tokens = tn(record.n_tokens, "{n} token", "{n} tokens")
    facts.append(chip(tokens, hint=t("{n} of them supervised", n=record.supervised_tokens)))
    if record.round > 1:
        facts.append(chip(t("round {n}", n=record.round)))
    facts += [chip(flag, "#d08a2e", hint=t("Flagged by a cleaning rule")) for flag in record.flags]
    return facts


def details(record: Record) -> None:
    """Draw where it came from and every field it carries."""
    c = record.conversation
    rows: list[tuple[str, object]] = [(t("Id"), record.uid), (t("Arrived"), local_time(record.arrived_at))]
    if record.tagged_by:
        rows.append((t("Tagged by"), record.tagged_by))
    rows += [(t("Provenance: {name}", name=k), _short(v)) for k, v in record.provenance.items()]
    if c.id:
        rows.append((t("Source's id"), c.id))
    rows += [(k, _short(v)) for k, v in c.metadata.items()]
    table([t("Field"), t("Value")], rows)


def history(project: Project, record: Record) -> None:
    """Draw every decision about it, newest first, with diffs of edited texts."""
    entries = browsing.history(project, record.seq)
    if not entries:
        st.caption(t("No decision yet: it stands as it was imported."))
    for action, change in reversed(entries):
        _entry(action, change)
        if _edited(change.before.get("turns"), change.after.get("turns")):
            st.button(
                t("Bring back the text before this edit"),
                key=f"history-back-{record.seq}-{action.id}",
                type="tertiary",
                icon=":material/history:",
                on_click=_bring_back,
                args=(project, record.seq, change),
            )


def _entry(action: Action, change: Change) -> None:
    undone = f" · {t('undone')}" if action.undone_by else ""
    who = f"{plain(action.actor)} · {plain(local_time(action.at))}{undone}"
    st.markdown(f"**{plain(said(_capital(action.title)))}**  \n:small[{who}]")
    pieces: list[str] = []
    for name, after in change.after.items():
        before = change.before.get(name)
        if name == "turns":
            for old, new in _edited(before, after):
                diff(word_diff(old, new))
        elif name != "tagged_by":  # the line above says who
            pieces += [f"<span>{escape(field_name(name))}</span>", chip(_show(before)), "→", chip(_show(after))]
    chips(pieces)


def _bring_back(project: Project, seq: int, change: Change) -> None:
    """Set the turns that an edit changed back to their text before it: a new revision, undone like any other."""
    before, after = change.before.get("turns"), change.after.get("turns")
    if isinstance(before, list) and isinstance(after, list):
        for index, (old, new) in enumerate(zip(before, after, strict=False)):
            if old != new:
                text = str(old.get("content", ""))
                decide(project, partial(curation.plan_edit, project, seq, index, text))


def _edited(before: object, after: object) -> list[tuple[str, str]]:
    if not (isinstance(before, list) and isinstance(after, list)):
        return []
    pairs = zip(before, after, strict=False)
    return [(str(a.get("content", "")), str(b.get("content", ""))) for a, b in pairs if a != b]


def edit(project: Project, record: Record) -> None:
    """Draw the editor: a turn's text, whether and how much it is learnt from, the comment, the reward."""
    turns = record.conversation.turns
    names = [f"{i + 1} · {t(turn.role)}" for i, turn in enumerate(turns)]
    last = max((i for i, turn in enumerate(turns) if turn.role == "assistant"), default=0)
    index = st.selectbox(
        t("Turn"), range(len(turns)), index=last, format_func=lambda i: names[i], key=f"edit-turn-{record.seq}"
    )
    turn = turns[index]
    stamp = f"{record.seq}-{record.revision}-{index}"
    _keep_typed(project, record, index, stamp)
    text = st.text_area(t("Text"), height=220, key=f"edit-text-{stamp}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(t("Save this text"), key=f"edit-save-{stamp}", disabled=text == turn.content, type="primary"):
            decide(project, lambda: curation.plan_edit(project, record.seq, index, text))
            st.rerun()
        if turn.role == "assistant":
            label = t("Learn from this answer again") if turn.excluded else t("Do not learn from this answer")
            if st.button(label, key=f"edit-exclude-{stamp}"):
                decide(
                    project,
                    lambda: curation.plan_exclude_turn(project, record.seq, index, not turn.excluded),
                )
                st.rerun()
    if turn.role == "assistant" and sum(x.role == "assistant" for x in turns) > 1:
        _turn_reward(project, record, index)
    _remarks(project, record)


def _keep_typed(project: Project, record: Record, index: int, stamp: str) -> None:
    """Begin with the turn's text; where somebody changed it meanwhile, keep what was typed and say so."""
    content = record.conversation.turns[index].content
    began, key = f"edit-began-{record.seq}-{index}", f"edit-text-{stamp}"
    before, was = st.session_state.get(began, (stamp, content))
    typed = st.session_state.get(f"edit-text-{before}")
    if key not in st.session_state:
        moved = before != stamp and typed is not None and typed not in (was, content)
        st.session_state[key] = typed if moved else content
        if moved:
            st.session_state[f"edit-moved-{stamp}"] = True
    st.session_state[began] = (stamp, content)
    if st.session_state.get(f"edit-moved-{stamp}") and st.session_state[key] != content:
        last = browsing.history(project, record.seq)[-1][0]
        who = t("{name} changed this conversation while you were typing", name=plain(last.actor))
        st.warning(
            f"{who} ({plain(said(last.title))}). {t('What you typed is kept below; the text as it is now:')}",
            icon=":material/group:",
        )
        diff(word_diff(content, str(st.session_state[key])))


def _turn_reward(project: Project, record: Record, index: int) -> None:
    own = record.conversation.turns[index].reward
    with st.form(f"turn-reward-{record.seq}-{record.revision}-{index}", border=False):
        typed, reason = _reward_fields(t("Reward of this answer alone"), own, t("as its conversation"))
        if not st.form_submit_button(t("Save this answer's reward")):
            return
    value, good = _typed_reward(typed)
    if good and value != own:
        decide(project, lambda: curation.plan_reward_turn(project, record.seq, index, value, reason))
        st.rerun()


def _reward_fields(label: str, now: float | None, empty: str) -> tuple[str, str]:
    """Draw a reward and its reason side by side; return what was typed."""
    left, right = st.columns([1, 2])
    hint = t("A number that counts instead of the class's reward; empty follows it.")
    typed = left.text_input(label, "" if now is None else f"{now:g}", placeholder=empty, help=hint)
    return typed, right.text_input(t("Why this reward"), placeholder=t("half right, too long, …")).strip()


def _typed_reward(typed: str) -> tuple[float | None, bool]:
    """Return the reward and whether it can be one; what cannot is said."""
    try:
        return (float(typed) if typed.strip() else None), True
    except ValueError:
        text = t("The reward “{text}” is no number; write one such as 0.5, or leave it empty.", text=plain(typed))
        st.error(text)
        return None, False


def _remarks(project: Project, record: Record) -> None:
    stamp = f"{record.seq}-{record.revision}"
    with st.form(f"remarks-{stamp}", border=False):
        comment = st.text_input(t("Comment"), record.comment)
        typed, reason = _reward_fields(
            t("Reward of this conversation"), record.conversation.coarse_reward, t("as its class")
        )
        if not st.form_submit_button(t("Save comment and reward")):
            return
    value, good = _typed_reward(typed)
    if not good:
        return
    if comment != record.comment:
        decide(project, lambda: curation.plan_comment(project, record.seq, comment))
    if value != record.conversation.coarse_reward:
        decide(project, lambda: curation.plan_reward(project, value, reason or "by hand", seqs=[record.seq]))
    st.rerun()


def local_time(iso: str) -> str:
    """Return an ISO 8601 UTC time in this machine's time zone, to the minute."""
    try:
        return datetime.fromisoformat(iso.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return iso


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else text[:300] + "…"


def _show(value: object) -> str:
    return t("none") if value is None or value == "" else _short(value)
