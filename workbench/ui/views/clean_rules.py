"""Which rules look, with which parameters; rules of one's own, tried on the data as they are written; recipes."""

from __future__ import annotations

from typing import Any

import streamlit as st

from crlft.errors import CrlftError
from workbench.curate.clean import active_rules, run_rules
from workbench.curate.clean.own import OwnRule, as_name, own_rule
from workbench.curate.clean.personal import KINDS
from workbench.curate.clean.rule import VERDICTS, Rule, Verdict
from workbench.curate.diff import word_diff
from workbench.services import browsing, cleaning, recipes
from workbench.services.cleaning import CleanScan
from workbench.services.project import Project
from workbench.services.recipes import Choice, Recipe
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.widgets.diff import diff
from workbench.ui.widgets.errors import error_box, guarded, plain
from workbench.ui.widgets.panes import visible_ops

TRIED_ON = 300
TRIALS_SHOWN = 3
_CONTEXT = 80


def draw(project: Project) -> Choice:
    """Draw the choice of rules and return what to scan with."""
    own = recipes.own_rules(project)
    with st.expander(t("Rules, recipes, and rules of your own"), icon=":material/tune:"):
        kept = recipes.recipes(project)
        left, right = st.columns(2, gap="large")
        with left:
            start = _recipe(project, kept)
            names = [*cleaning.RULES, *(o.name for o in own)]
            usual = start["rules"] or [r.name for r in cleaning.RULES.values() if r.default] + [
                o.name for o in own
            ]
            stamp = str(st.session_state.get("clean-recipe-chosen", ""))
            rules = st.multiselect(
                t("Rules that look"),
                names,
                default=[n for n in usual if n in names],
                format_func=lambda n: t(cleaning.RULES[n].title) if n in cleaning.RULES else n,
                key=f"clean-rules-{stamp}-{len(own)}",
            )
            params = {n: _params(cleaning.RULES[n], start["params"].get(n, {})) for n in rules if n in _SETTABLE}
        with right:
            _own(project, own)
    verdicts = {n: v for n, v in start["verdicts"].items() if n in rules}
    return {"rules": rules, "verdicts": verdicts, "params": {n: p for n, p in params.items() if p}}


_SETTABLE = ("refusal", "loop", "length", "words", "personal-data")


def _params(rule: Rule, chosen: dict[str, Any]) -> dict[str, Any]:
    """Draw a rule's parameters; return those that differ from the rule's own."""
    value = {**rule.params, **chosen}
    if rule.name == "length":
        a, b = st.columns(2)
        least = a.number_input(t("Characters at least"), 0, value=int(value["least"]), key="clean-least")
        most = b.number_input(t("at most (0: no limit)"), 0, value=int(value["most"]), key="clean-most")
        value = {"least": int(least), "most": int(most)}
    elif rule.name == "refusal":
        value = _refusals(value)
    elif rule.name == "loop":
        words = (("repeats", t("Loops: rounds"), 2), ("tokens", t("words in all"), 2), ("period", t("longest"), 1))
        value = {
            name: int(column.number_input(label, least, value=int(value[name]), key=f"clean-loop-{name}"))
            for column, (name, label, least) in zip(st.columns(3), words, strict=True)
        }
    elif rule.name == "words":
        hint = t("one a line; * stands for any ending")
        text = st.text_area(t("Word list"), "\n".join(value["words"]), help=hint, key="clean-words", height=120)
        value = {"words": [w.strip() for w in text.splitlines() if w.strip()]}
    else:
        kinds = st.multiselect(
            t("Personal data to replace"),
            list(KINDS),
            default=value["kinds"],
            format_func=lambda k: f"{t(k)} → {KINDS[k].label}",  # two of one label would become one
            key="clean-kinds",
        )
        value = {"kinds": kinds}
    return {k: v for k, v in value.items() if v != rule.params[k]}


def _refusals(value: dict[str, Any]) -> dict[str, Any]:
    a, b = st.columns([1, 2])
    reach = a.number_input(
        t("Refusals: first characters"), 1, value=int(value["head_characters"]), key="clean-refusal-head"
    )
    hint = t("one a line; beside those that the rule knows, in English and Chinese")
    also = b.text_area(
        t("Phrases that decline too"), "\n".join(value["also"]), help=hint, key="clean-refusal-also", height=68
    )
    return {"head_characters": int(reach), "also": [w.strip() for w in also.splitlines() if w.strip()]}


def _recipe(project: Project, kept: dict[str, Recipe]) -> Choice:
    nothing: Choice = {"rules": [], "verdicts": {}, "params": {}}
    shared = st.file_uploader(t("A recipe from a colleague"), type="json", key="clean-recipe-file")
    try:
        if shared is not None:
            text = shared.getvalue().decode("utf-8", "replace")
            return recipes.use_recipe(project, Recipe.from_json(text), actor=state.curator())
        if not kept:
            return nothing
        name = st.selectbox(
            t("Recipe"), list(kept), index=None, placeholder=t("none: the usual rules"), key="clean-recipe-chosen"
        )
        return recipes.use_recipe(project, kept[name], actor=state.curator()) if name else nothing
    except CrlftError as error:
        error_box(error)
        return nothing


def keep(project: Project, found: CleanScan) -> None:
    """Draw what keeps and shares the rules of a scan."""
    recipe = Recipe.of(found.rules)
    with st.popover(t("Keep these rules as a recipe"), icon=":material/bookmark:"):
        name = st.text_input(t("Name"), key="clean-recipe-name", placeholder="house")
        if st.button(t("Keep it"), disabled=not name.strip(), key="clean-recipe-keep"):
            recipes.save_recipe(project, name, recipe, actor=state.curator())
            state.say(t("Kept as “{name}”.", name=plain(name)))
            st.rerun()
        st.download_button(
            t("Download it for others"), recipe.to_json(), "cleaning-recipe.json", "application/json"
        )


def own_words(rule: OwnRule) -> str:
    """Return in words what a rule of one's own does."""
    if rule.verdict == "fix":
        return t("“{find}” becomes “{put}”.", find=rule.find, put=rule.replace)
    if rule.verdict == "flag":
        return t("“{find}” is flagged.", find=rule.find)
    return t("Conversations with “{find}” are dropped.", find=rule.find)


@st.fragment
@guarded
def _own(project: Project, own: list[OwnRule]) -> None:
    st.markdown(f"**{t('A rule of your own')}**")
    find = st.text_input(t("Find"), key="own-find", placeholder=t("words, or a pattern"))
    a, b, c = st.columns(3)
    pattern = a.checkbox(t("is a pattern"), key="own-pattern", help=t("a regular expression"))
    whole = b.checkbox(t("whole words"), key="own-whole")
    case = c.checkbox(t("any case"), value=True, key="own-case")
    words = {"fix": t("Replace it"), "flag": t("Flag it"), "drop": t("Drop the conversation")}
    verdict = st.segmented_control(
        t("What follows"),
        list(words),
        default="fix",
        required=True,
        format_func=lambda v: words[v],
        key="own-verdict",
    )
    put = st.text_input(t("Replace by"), key="own-replace", placeholder=t("nothing")) if verdict == "fix" else ""
    name = st.text_input(t("Name of the rule"), key="own-name", placeholder="sign-off")
    if find:
        rule = OwnRule(as_name(name) or "trial", find, put or "", pattern, whole, case, _verdict(verdict))
        try:
            _try(project, rule)
            if st.button(t("Add this rule"), type="primary", disabled=not name.strip(), key="own-add"):
                recipes.save_own_rule(project, rule, actor=state.curator())
                state.say(t("Rule “{name}” looks from the next scan on.", name=plain(rule.name)))
                st.rerun()
        except CrlftError as error:
            error_box(error)
    for known in own:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{plain(known.name)} · :small[{plain(own_words(known))}]", width="stretch")
            if st.button(t("Remove"), key=f"own-remove-{known.name}", type="tertiary"):
                recipes.remove_own_rule(project, known.name, actor=state.curator())
                st.rerun()


def _verdict(chosen: str) -> Verdict:
    return next(v for v in VERDICTS if v == chosen)


def _try(project: Project, rule: OwnRule) -> None:
    """Show what the rule finds in the newest conversations, as it is written."""
    active = active_rules([rule.name], own=[own_rule(rule)])
    newest = browsing.search(project, "-status:dropped", limit=TRIED_ON).items
    found = 0
    for record in browsing.get_records(project, [r.seq for r in newest]):
        steps = run_rules(record.conversation, active)
        found += len(steps)
        if steps and found <= TRIALS_SHOWN:
            finding = steps[0].finding
            if finding.turns is None:
                st.caption(plain(f"{record.uid}: {finding.reason}"))
            elif finding.turn is not None:
                before = record.conversation.turns[finding.turn].content
                after = finding.turns[finding.turn].content
                diff(visible_ops(word_diff(before, after)), context=_CONTEXT)
    st.caption(t("Finds {n} of the {of} newest conversations.", n=found, of=len(newest)))
