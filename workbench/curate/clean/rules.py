"""All cleaning rules, in the order they run: fixes first, so that flags and drops judge the cleaned text."""

from __future__ import annotations

from workbench.curate.clean import answers, encoding, markup, personal, structure
from workbench.curate.clean.rule import Rule

_ALL = (
    Rule(
        "mojibake",
        "Wrong encoding",
        "Text that was decoded with the wrong encoding, such as cafÃ© for café; restored.",
        "The model would learn to write broken characters.",
        "fix",
        encoding.mojibake,
    ),
    Rule(
        "control-characters",
        "Invisible characters",
        "Control, zero-width and direction-override characters; taken out.",
        "They split words into rare tokens, and can hide text from the reader.",
        "fix",
        encoding.control_characters,
    ),
    Rule(
        "html",
        "HTML remnants",
        "Tags and entities left from a web page, outside code and where markup is not the topic; made plain text.",
        "The model would answer in fragments of web pages.",
        "fix",
        markup.html_remnants,
    ),
    Rule(
        "interface",
        "Interface remnants",
        'Buttons and counters of the program it was copied from, such as "Copy code" or "2 / 2"; taken out.',
        "They are no part of the answer, and the model repeats them.",
        "fix",
        markup.interface_remnants,
    ),
    Rule(
        "personal-data",
        "Personal data",
        "E-mail addresses, phone, identity and card numbers, public IP addresses, keys; replaced by their kind.",
        "A model can recite what it was trained on.",
        "fix",
        personal.personal_data,
        params={"kinds": list(personal.KINDS)},
    ),
    Rule(
        "white-space",
        "White space",
        "Blanks around a turn and at line ends, runs of blank lines, odd line ends; evened out.",
        "Answers would begin with blanks and end in empty lines.",
        "fix",
        encoding.white_space,
    ),
    Rule(
        "empty-answer",
        "Empty answer",
        "No answer, or one without a letter or digit; dropped.",
        "There is nothing to learn from it.",
        "drop",
        answers.empty_answer,
    ),
    Rule(
        "role-fault",
        "Role faults",
        "The assistant speaks first, one side speaks twice, a question has no answer, a turn is empty; flagged.",
        "The model learns the wrong rhythm of a conversation.",
        "flag",
        structure.role_faults,
    ),
    Rule(
        "refusal",
        "Refusals",
        'Answers that decline or speak of themselves as an AI, in English or Chinese; flagged.',
        "A few per cent of refusals make a model refuse what it could do.",
        "flag",
        answers.refusal,
        params={"head_characters": answers.HEAD_CHARACTERS},
    ),
    Rule(
        "truncated",
        "Cut-off answers",
        "Answers that stop in the middle of a sentence, a list or a code block; flagged.",
        "The model learns to stop too early.",
        "flag",
        answers.truncated,
    ),
    Rule(
        "loop",
        "Loops",
        "The same line or the same words again and again; flagged.",
        "The model learns to go round in circles.",
        "flag",
        answers.loop,
        params={"repeats": answers.LOOP_REPEATS, "tokens": answers.LOOP_TOKENS, "period": answers.LOOP_PERIOD},
    ),
    Rule(
        "echo",
        "Echoes",
        "Answers that only repeat the question; flagged.",
        "They teach nothing but copying.",
        "flag",
        answers.echo,
    ),
    Rule(
        "one-word",
        "One-word answers",
        "Last answers of a single word; flagged.",
        "Right for a quiz, too curt for a helper: decide for your data.",
        "flag",
        answers.one_word_answer,
        default=False,
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
"""Name → rule, in the order they run."""
