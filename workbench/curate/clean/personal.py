"""Personal data and secrets, replaced by what they are: `[EMAIL]`, `[PHONE]`, `[ID]`, `[CARD]`, `[IP]`, `[KEY]`.

Numbers are only taken for identity or card numbers where their checksum or the words before them say so: sums and
measurements are full of long numbers. Sources: GB 11643-1999 (Chinese identity number), ISO/IEC 7812 (Luhn),
RFC 1918 and RFC 5737 (addresses that belong to nobody).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from crlft.conversation import Conversation
from workbench.curate.clean.rule import Finding, fix_texts
from workbench.domain.errors import PlanError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of personal data.

    Attributes:
        label: What stands in its place.
        noun: Its name in a reason.
        pattern: Candidates.
        valid: Whether a candidate, given the text before it, really is one.
        needs: Texts of which one must occur, for speed; none for kinds made of digits, which `_DIGITS` finds.
    """

    label: str
    noun: str
    pattern: re.Pattern[str]
    valid: Callable[[str, str], bool] = lambda _found, _before: True
    needs: tuple[str, ...] = ()


def luhn(number: str) -> bool:
    """Return whether a card number's check digit is right."""
    digits = [int(c) for c in number if c.isdigit()]
    doubled = (d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"


def chinese_id(number: str) -> bool:
    """Return whether a Chinese identity number's check character is right."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11] == number[17].upper()


# What people write before a number of theirs; then a wrong checksum is a slip, not another kind of number.
_OWN = re.compile(
    r"(?:contact|card|visa|mastercard|amex|account|passport|identity|\bid\b|ssn|卡号?|账号|帐号|证件?|身份证|联系)\W*"
    r"(?:方式|号码?|number|no|is|details?|是|为)?\W*\Z",
    re.IGNORECASE,
)
BEFORE_CHARACTERS = 30


def _identity(found: str, before: str) -> bool:
    return chinese_id(found) or bool(_OWN.search(before))


def _card(found: str, before: str) -> bool:
    digits = re.sub(r"\D", "", found)
    plausible = 13 <= len(digits) <= 19 and len(set(digits)) > 1
    return plausible and (luhn(digits) or bool(_OWN.search(before)))


def _public_address(found: str, _before: str) -> bool:
    try:
        address = IPv4Address(found)
    except AddressValueError:
        return False
    return address.is_global and not address.is_multicast


_RESERVED = re.compile(r"@(?:[\w-]+\.)*example\.|\.(?:test|example|invalid)\Z", re.IGNORECASE)


def _address(found: str, before: str) -> bool:
    """An address; in code, those reserved for examples (RFC 2606) stay."""
    return not (_RESERVED.search(found) and before.endswith(('"', "'", "`", "<", "(")))


# Not inside a longer number, word or decimal. ASCII classes: \w would take the Han before a number for a word.
_B, _E = r"(?<![A-Za-z0-9_.@/+-])", r"(?![A-Za-z0-9_@]|[.-]\d)"
_KEYS = (
    r"sk-(?:proj-|ant-|live-|test-)?[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_\w{30,}|xox[abpr]-[A-Za-z0-9-]{10,}|AIza[\w-]{30,}|hf_[A-Za-z0-9]{30,}|glpat-[\w-]{20,}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
)

_KEY_STARTS = ("sk-", "AKIA", "ASIA", "gh", "xox", "AIza", "hf_", "glpat-", "eyJ")

KINDS: dict[str, Kind] = {
    "key": Kind(
        "[KEY]",
        "key or token",
        re.compile(rf"(?<![A-Za-z0-9_-])(?:{_KEYS})(?![A-Za-z0-9_-])"),
        needs=_KEY_STARTS,
    ),
    "private-key": Kind(
        "[KEY]",
        "private key",
        re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}KEY-----|\Z)", re.DOTALL),
        needs=("-----BEGIN",),
    ),
    "e-mail": Kind(
        "[EMAIL]",
        "e-mail address",
        re.compile(r"(?<![A-Za-z0-9_.+%-])[A-Za-z0-9][A-Za-z0-9_.+%-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,12}(?![A-Za-z0-9_@])"),
        _address,
        needs=("@",),
    ),
    "chinese-id": Kind(
        "[ID]",
        "identity number",
        re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"),
        _identity,
    ),
    "social-security": Kind("[ID]", "identity number", re.compile(rf"{_B}\d{{3}}-\d{{2}}-\d{{4}}{_E}")),
    "card": Kind(
        "[CARD]",
        "card number",
        re.compile(
            rf"{_B}(?:[3-6]\d{{3}}([ -])\d{{4}}\1\d{{4}}\1\d{{1,7}}|3\d{{3}}[ -]\d{{6}}[ -]\d{{5}}"
            rf"|[3-6]\d{{14,15}}){_E}"
        ),
        _card,
    ),
    "chinese-mobile": Kind(
        "[PHONE]",
        "phone number",
        re.compile(r"(?<![\d.,])(?:(?:\+|00)86[ -]?)?1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4})(?!\d|[.,]\d)"),
    ),
    "phone": Kind(
        "[PHONE]",
        "phone number",
        re.compile(
            r"(?<![A-Za-z0-9_.@/+-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,3}"
            r"|(?:1[ .-])?\(\d{3}\) ?\d{3}[ .-]\d{4}|(?:1[.-])?[2-9]\d{2}[.-]\d{3}[.-]\d{4}|0\d{2,3}-\d{7,8})"
            r"(?![A-Za-z0-9_@]|[.-]\d)"
        ),
        lambda found, _before: sum(map(str.isdigit, found)) >= 9,
    ),
    "ip": Kind(
        "[IP]",
        "IP address",
        re.compile(r"(?<![A-Za-z0-9_.])(?<!version )(?<!v)(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9_]|\.\d)"),
        _public_address,
    ),
}
"""In the order of replacement: what is longest and surest goes first."""

_DIGITS = re.compile(r"\d[\d ().+xX-]{5,}[\dXx]")


def personal_data(conversation: Conversation) -> Finding | None:
    """E-mail addresses, phone, identity and card numbers, public IP addresses, keys: replaced by their kind."""
    return _redacted(conversation, tuple(KINDS.values()))


def of_kinds(params: Mapping[str, Any]) -> Callable[[Conversation], Finding | None]:
    """Return the rule for some kinds only.

    Raises:
        PlanError: A kind is unknown.
    """
    names = list(params.get("kinds", KINDS))
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise PlanError(f"there is no kind {unknown[0]!r} of personal data", f"use some of {', '.join(KINDS)}")
    chosen = tuple(KINDS[name] for name in KINDS if name in names)
    return partial(_redacted, kinds=chosen)


def _redacted(conversation: Conversation, kinds: Sequence[Kind]) -> Finding | None:
    found: dict[str, int] = {}

    def redact(text: str) -> str:
        digits = _DIGITS.search(text) is not None
        for kind in kinds:
            if any(start in text for start in kind.needs) if kind.needs else digits:
                text = kind.pattern.sub(partial(_replacement, kind, found), text)
        return text

    finding = fix_texts(conversation, redact, "")
    if finding is None:
        return None
    said = ", ".join(noun if n == 1 else f"{n} × {noun}" for noun, n in found.items())
    return Finding(f"holds personal data: {said}", finding.turn, finding.turns)


def _replacement(kind: Kind, found: dict[str, int], match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - BEFORE_CHARACTERS) : match.start()]
    if not kind.valid(match[0], before):
        return match[0]
    found[kind.noun] = found.get(kind.noun, 0) + 1
    return kind.label
