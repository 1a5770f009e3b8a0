"""The small style sheet of the later pages; colours are mixed from the page's own, for light and dark alike."""

from __future__ import annotations

import streamlit as st

CSS = """
.wl-grid { display: grid; border: 1px solid color-mix(in srgb, currentColor 16%, transparent);
  border-radius: .5rem; overflow-x: auto; }
.wl-grid > div { padding: .55rem .7rem; min-width: 0;
  border-top: 1px solid color-mix(in srgb, currentColor 12%, transparent);
  border-left: 1px solid color-mix(in srgb, currentColor 12%, transparent); margin: -1px 0 0 -1px; }
.wl-head { font-weight: 600; font-size: .85rem; line-height: 1.35; }
.wl-quiet { opacity: .65; font-weight: 400; font-size: .8rem; }
.wl-prompt, .wl-text { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9rem; line-height: 1.5; }
.wl-text { max-height: 18rem; overflow-y: auto; }
.wl-foot { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin-top: .35rem;
  font-size: .72rem; opacity: .85; }
.wl-waiting { opacity: .5; font-size: .85rem; font-style: italic; }
.wl-won { box-shadow: inset 3px 0 0 #2f7d6d; }
.wl-mark { border-radius: .6rem; padding: 0 .45rem; font-weight: 600; }
.wl-good { background: color-mix(in srgb, #2f7d6d 20%, transparent); }
.wl-bad { background: color-mix(in srgb, #b5544a 22%, transparent); }
.wl-pane { border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: .5rem;
  padding: .7rem .9rem; height: 100%; display: flex; flex-direction: column; gap: .5rem; }
.wl-pane.wl-kept { border-color: #2f7d6d; box-shadow: inset 0 3px 0 #2f7d6d; }
.wl-row { display: grid; grid-template-columns: repeat(var(--n), minmax(0, 1fr)); gap: .8rem; }
.wl-duo { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; min-height: 9rem; }
.wl-asked { font-size: 1rem; padding: .6rem .9rem; margin-bottom: .7rem; border-radius: .5rem;
  background: color-mix(in srgb, currentColor 5%, transparent); }
.wl-marked mark { background: color-mix(in srgb, #d08a2e 38%, transparent); color: inherit; border-radius: .2rem; }
.wl-title { font-weight: 600; font-size: .9rem; }
.wl-turn { margin-inline: 0 !important; max-height: 26rem; overflow-y: auto; }
[class*="st-key-clean-show-"] button, [class*="st-key-clean-show-"] button div { justify-content: flex-start; }
[class*="st-key-clean-show-"] button { min-height: 2.1rem; }
.st-key-wl-dup-search [role="radiogroup"] button { min-height: 2.35rem; }
[class*="st-key-wl-rule-"] { min-height: 2.2rem; }
[class*="st-key-wl-rule-"] .stHtml { display: flex; }
.wl-turn .wb-diff { border: 0; padding: 0; font-size: inherit; }
.wl-hit { border: 1px solid color-mix(in srgb, currentColor 13%, transparent); border-radius: .5rem;
  padding: .5rem .8rem .65rem; display: flex; flex-direction: column; gap: .3rem; }
.wl-hit .wb-diff { border: 0; padding: 0; }
.wl-hit .wb-text { font-size: .9rem; max-height: 11rem; overflow-y: auto; }
.wl-hit .wb-diff { max-height: 16rem; overflow-y: auto; }
.wl-render { font-family: "Source Code Pro", ui-monospace, monospace; font-size: .82rem; line-height: 1.65;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.wl-example { border: 1px solid color-mix(in srgb, currentColor 14%, transparent); border-radius: .5rem;
  padding: .6rem .8rem; max-height: 16rem; overflow-y: auto; }
.wl-tokens .wl-token { box-shadow: inset -1px 0 0 color-mix(in srgb, currentColor 16%, transparent); }
.wl-condition { font-weight: 700; text-decoration: underline 2px #d08a2e; text-underline-offset: 3px; }
.wl-shares { display: flex; flex-wrap: wrap; gap: .35rem .6rem; align-items: center; font-size: .82rem; }
.wl-share { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: .35rem;
  padding: .05rem .5rem .2rem; background:
  linear-gradient(#2f7d6d, #2f7d6d) 0 100% / var(--part) 3px no-repeat,
  linear-gradient(90deg, transparent calc(var(--cap) - 1px), color-mix(in srgb, currentColor 55%, transparent)
  calc(var(--cap) - 1px) var(--cap), transparent var(--cap)) 0 100% / 100% 6px no-repeat; }
.wl-share.wl-over { border-color: #b5544a; background:
  linear-gradient(#b5544a, #b5544a) 0 100% / var(--part) 3px no-repeat; }
/* Beside a field: as tall as it, so that labels and lower edges meet. */
[class*="st-key-wl-beside"] [data-testid="stButtonGroup"] button { min-height: 2.5rem; }
[class*="st-key-wl-beside"] [data-testid="stButtonGroup"] { height: auto; }
.wl-grid .wb-turn + .wb-turn, .wb-chips + .wb-diff { margin-top: .4rem; }
/* Many or long choices: in a narrow column they go on in the next line, none is out of sight. */
.st-key-compare-set [role="radiogroup"], .st-key-grid-against [role="radiogroup"] { flex-wrap: wrap; }
.wl-control { opacity: .75; border-bottom: 1px dotted currentColor; }
"""


def loop_styles() -> None:
    """Add the style sheet to the page; costs no space in it."""
    st.html(f"<style>{CSS}</style>")
