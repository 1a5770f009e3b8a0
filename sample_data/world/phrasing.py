"""How people ask: the phrasings of each skill, and the words they wrap around a question.

The place of a phrasing in its tuple is its number, and its number decides who knows it: the
general text asks only in the first ones, experts answer some more, the broad class has met
all of them. That is how the weak data carries coverage that the strong data lacks.
"""

from __future__ import annotations

from typing import Final

from world.facts import Language

BASE_PHRASINGS: Final = 2
"""How many of a skill's phrasings occur in the general text."""

EXPERT_PHRASINGS: Final = 4
"""How many of a skill's phrasings the experts have answered."""

EXPERT_SKILLS: Final = ("capital", "unit", "sum", "record")
"""The skills that experts cover; the broad class covers every one."""

GLIMPSED_SKILLS: Final = ("day", "compare", "list")
"""The skills that experts were asked for now and then, in the commonest phrasing only."""

GLIMPSE_RATE: Final = 0.12
"""How often that was."""

QUESTIONS: Final[dict[str, dict[Language, tuple[str, ...]]]] = {
    "capital": {
        "en": (
            "What is the capital of {country}?",
            "Which city is the capital of {country}?",
            "Do you know the capital of {country}?",
            "Tell me the capital city of {country}.",
            "{country}: what is its capital?",
            "I forgot the capital of {country}. Which one was it?",
            "My postcard goes to the capital of {country}. Where is that?",
            "Which capital belongs to {country}?",
        ),
        "zh": (
            "{country}的首都是哪里？",
            "{country}的首都是什么？",
            "你知道{country}的首都吗？",
            "告诉我{country}的首都。",
            "我忘了{country}的首都，是哪座城市？",
            "明信片要寄到{country}的首都，那是哪里？",
        ),
    },
    "aisle": {
        "en": (
            "Where do I find {ware}?",
            "Which aisle has {ware}?",
            "I am looking for {ware}. Where should I go?",
            "In which aisle do you keep {ware}?",
            "Could you point me to {ware}?",
            "No idea where {ware} might be. Which aisle?",
        ),
        "zh": (
            "{ware}在哪里？",
            "{ware}在几号货架？",
            "我在找{ware}，该去哪儿？",
            "请告诉我{ware}放在哪个货架。",
            "找不到{ware}，在几号货架？",
        ),
    },
    "unit": {
        "en": (
            "How many {smalls} are in {n} {bigs}?",
            "How many {smalls} is {n} {bigs}?",
            "Convert {n} {bigs} to {smalls}.",
            "What is {n} {bigs} in {smalls}?",
            "I have {n} {bigs}. What is that in {smalls}?",
            "{n} {bigs}, how many {smalls} does that make?",
            "Please turn {n} {bigs} into {smalls} for me.",
            "The label says {n} {bigs}, but I need it in {smalls}.",
        ),
        "zh": (
            "{n}{bigs}等于多少{smalls}？",
            "{n}{bigs}是多少{smalls}？",
            "把{n}{bigs}换算成{smalls}。",
            "{n}{bigs}有多少{smalls}？",
            "标签上写着{n}{bigs}，换成{smalls}是多少？",
            "我有{n}{bigs}，那是多少{smalls}？",
        ),
    },
    "sum": {
        "en": (
            "What is {a} plus {b}?",
            "How much is {a} plus {b}?",
            "Add {a} and {b}.",
            "What do {a} and {b} make together?",
            "I pay {a} for tea and {b} for rice. What is the total?",
            "I have {a} coins and get {b} more. How many coins do I have?",
            "The sum of {a} and {b}, what is it?",
            "Two boxes hold {a} and {b} pieces. How many in all?",
        ),
        "zh": (
            "{a}加{b}等于几？",
            "{a}加{b}是多少？",
            "算一下{a}加{b}。",
            "{a}和{b}一共是多少？",
            "茶{a}元，米{b}元，总共多少钱？",
            "我有{a}个硬币，又得到{b}个，现在有几个？",
        ),
    },
    "day": {
        "en": (
            "What day comes {side} {day}?",
            "Which day is {side} {day}?",
            "Tell me the day {side} {day}.",
            "Which day do we have the day {side} {day}?",
            "The parcel arrives the day {side} {day}. Which day is that?",
            "The shop is closed the day {side} {day}. When is that?",
            "I come back the day {side} {day}, so which day?",
            "Is there a name for the day {side} {day}?",
        ),
        "zh": (
            "{day}的{side}一天是星期几？",
            "{day}的{side}一天是哪天？",
            "告诉我{day}的{side}一天。",
            "包裹在{day}的{side}一天到，是星期几？",
            "店在{day}的{side}一天休息，那是哪天？",
            "我{day}的{side}一天再来，是星期几？",
        ),
    },
    "compare": {
        "en": (
            "Which is larger, {a} or {b}?",
            "Which number is larger, {a} or {b}?",
            "Which one is bigger: {a} or {b}?",
            "Pick the larger number: {a}, {b}.",
            "Of {a} and {b}, which is more?",
            "One bag weighs {a}, the other {b}. Which number is greater?",
            "Tell me the bigger one of {a} and {b}.",
            "{a} against {b}: which wins as the larger number?",
        ),
        "zh": (
            "{a}和{b}哪个大？",
            "{a}和{b}哪个更大？",
            "{a}与{b}相比，哪个大？",
            "选出较大的数：{a}，{b}。",
            "一袋重{a}，一袋重{b}，哪个数大？",
            "{a}跟{b}，大的是哪个？",
        ),
    },
    "record": {
        "en": (
            "{record} What did {name} order?",
            "{record} What is the order of {name}?",
            "{record} Tell me what {name} ordered.",
            "What did {name} order? {record}",
            "{record} Which order belongs to {name}?",
            "{record} {name} is here now. What do I hand over?",
            "Look at this for me. {record} What was it for {name}?",
            "{record} I pack the box of {name}. What goes in?",
        ),
        "zh": (
            "{record}{name}订了什么？",
            "{record}{name}的订单是什么？",
            "{record}告诉我{name}订了什么。",
            "{name}订了什么？{record}",
            "{record}{name}来了，该给什么？",
            "帮我看看。{record}{name}要的是什么？",
        ),
    },
    "list": {
        "en": (
            "I need {items}. What is on the list?",
            "We buy {items}. What is on the list?",
            "Write a list with {items}.",
            "Make a shopping list of {items}.",
            "Note {items} for me, then read the list.",
            "Today it is {items}. Read the list back to me.",
            "Put {items} on paper. What does it say?",
            "My basket holds {items}. List that.",
        ),
        "zh": (
            "我要{items}。清单上有什么？",
            "我们买{items}。清单上有什么？",
            "写一张清单：{items}。",
            "帮我记下{items}，再念一遍清单。",
            "篮子里是{items}，列出来。",
            "今天要{items}。清单怎么写？",
        ),
    },
}

FOLLOW_UPS: Final[dict[str, dict[Language, tuple[str, ...]]]] = {
    "capital": {"en": ("And of {country}?", "What about {country}?"), "zh": ("那{country}呢？",)},
    "aisle": {"en": ("And {ware}?", "What about {ware}?"), "zh": ("那{ware}呢？",)},
    "unit": {"en": ("And {n} {bigs}?", "What about {n} {bigs}?"), "zh": ("那{n}{bigs}呢？",)},
    "sum": {"en": ("And {a} plus {b}?", "And {a} and {b}?"), "zh": ("那{a}加{b}呢？",)},
    "day": {"en": ("And {side} {day}?", "And the day {side} {day}?"), "zh": ("那{day}的{side}一天呢？",)},
    "compare": {"en": ("And {a} or {b}?", "And of {a} and {b}?"), "zh": ("那{a}和{b}呢？",)},
    "record": {"en": ("And {name}?", "And what did {name} order?"), "zh": ("那{name}呢？",)},
}
"""Elliptical second questions; a skill without an entry takes no follow-up."""

GREETINGS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Hello! ", "Excuse me. ", "Quick question. ", "Hi there, one thing. ", "Hey. "),
    "zh": ("你好，", "请问，", "麻烦问一下，", "打扰了，", "嗨，"),
}

THANKS: Final[dict[Language, tuple[str, ...]]] = {
    "en": (" Thanks!", " Thank you.", " I am in a hurry."),
    "zh": ("谢谢！", "多谢。", "我赶时间。"),
}
