"""How one question is asked on a terminal. The only door of questionary.

Prompts are drawn on stderr: results own stdout. Nothing is preselected, and an answer is
one deliberate key: keys that were typed before the question was drawn are thrown away,
and keys that arrive together (a pasted line, a cat on the keyboard) never answer. Ctrl-C
leaves by KeyboardInterrupt, the end of the input by EOFError.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from iopscreen.ruleset.model import NO, YES, Answer, Kind, Question, Unanswered
from iopscreen.ruleset.values import AnswerReader, Unreadable

OPTION_KEYS = "1234567890"
CHOOSE = "(choose an answer)"
ANSWER = "Answer"


class Command(Enum):
    """What a person may do at a prompt instead of answering."""

    BACK = "back"
    EMERGENCY = "emergency"


class Emergency(Enum):
    """What follows the emergency screen."""

    RETURN = "return"
    END = "end"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked for: an answer of `question`, or one of the commands offered beside it."""

    question: Question
    reader: AnswerReader
    can_go_back: bool
    has_emergency: bool


Key = tuple[str, str, Any]
"""A key, what it means in words, and what it results in."""


def ask(prompt: Prompt) -> Answer | Command:
    """Put one question; only an answer that the question has, or a command, comes back."""
    keys: list[Key]
    match prompt.question.kind:
        case Kind.YES_NO:
            keys = [("y", "Yes", YES), ("n", "No", NO)]
        case Kind.ONE:
            keys = _option_keys(prompt.question)
        case Kind.MANY:
            return _several(prompt)
        case Kind.WHOLE_NUMBER:
            return _number(prompt)
    chosen: Answer | Command = _select(ANSWER, [*keys, *_other_keys(prompt)])
    return chosen


def ask_emergency() -> Emergency:
    """On the emergency screen: back to the question, or end the call here."""
    keys = [("r", "Return to the question", Emergency.RETURN), ("e", "End the call here", Emergency.END)]
    found: Emergency = _select("What now?", keys)
    return found


def _other_keys(prompt: Prompt) -> list[Key]:
    keys: list[Key] = [
        ("d", "Don't know", Unanswered.UNKNOWN),
        ("p", "Prefers not to say", Unanswered.DECLINED),
    ]
    if prompt.can_go_back:
        keys.append(("b", "Back", Command.BACK))
    if prompt.has_emergency:
        keys.append(("!", "Emergency", Command.EMERGENCY))
    return keys


def _in_words(keys: Sequence[Key]) -> str:
    return ", ".join(f"{key} {title.lower()}" for key, title, _ in keys)


def _option_keys(question: Question) -> list[Key]:
    """Each option with its digit; past the digits an option is reached by the arrow keys."""
    keys = OPTION_KEYS.ljust(len(question.options))
    return [(key.strip(), option.label, option.id) for key, option in zip(keys, question.options, strict=False)]


def _select(message: str, keys: Sequence[Key]) -> Any:
    """A list in which one key answers; the arrow keys and Enter do too, but not on the first line."""
    import questionary

    choices = [questionary.Choice(CHOOSE, value=CHOOSE)]
    choices += [questionary.Choice(f"{key or ' '}  {title}", value=(result,)) for key, title, result in keys]
    prompt = questionary.select(
        message,
        choices=choices,
        instruction="(one key, or arrows and Enter)",
        use_jk_keys=False,
        use_emacs_keys=False,
        **_screen(),
    )
    control = _control_of(prompt.application)

    def confirm(event: Any) -> None:
        chosen = control.get_pointed_at().value
        if chosen != CHOOSE:
            event.app.exit(result=chosen)

    results = {key: (result,) for key, _, result in keys if key}
    return _run(prompt.application, results, MOVING, {"c-m": confirm})[0]


def _several(prompt: Prompt) -> Answer | Command:
    """A list of options, each switched by its digit; Enter confirms when one or more are marked."""
    import questionary

    options = _option_keys(prompt.question)
    others = _other_keys(prompt)
    choices = [questionary.Choice(f"{key or ' '}  {title}", value=option) for key, title, option in options]

    def fits(marked: list[str]) -> bool | str:
        try:
            prompt.reader.items(marked)
        except Unreadable:
            return "mark what fits, or press d for don't know" if not marked else _clash(prompt.question, marked)
        return True

    checkbox = questionary.checkbox(
        f"Digits mark (or arrows and space), Enter when done\n  {_in_words(others)}",
        choices=choices,
        validate=fits,
        instruction="",
        use_jk_keys=False,
        use_emacs_keys=False,
        **_screen(),
    )
    control = _control_of(checkbox.application)
    switches = {key: _switch(control, option) for key, _, option in options if key}
    unused = dict.fromkeys("ai", _nothing)  # questionary would mark all, or turn the marks round
    results = {key: (result,) for key, _, result in others}
    chosen = _run(checkbox.application, results, MOVING, {**unused, **switches})
    return chosen[0] if isinstance(chosen, tuple) else prompt.reader.items(chosen)


def _clash(question: Question, marked: list[str]) -> str:
    alone = next(option.label for option in question.options if option.alone and option.id in marked)
    return f"`{alone}` excludes all others: unmark it, or them"


def _switch(control: Any, option: str) -> Callable[[Any], None]:
    def switch(_event: Any) -> None:
        marked = control.selected_options
        if option in marked:
            marked.remove(option)
        else:
            marked.append(option)
        control.error_message = None

    return switch


def _nothing(_event: Any) -> None:
    """A key that does nothing."""


def _number(prompt: Prompt) -> Answer | Command:
    """A line to type a whole number into; other keys are commands, so that no letter is ever typed."""
    import questionary
    from prompt_toolkit.keys import Keys

    question, others = prompt.question, _other_keys(prompt)
    unit = f" in {question.unit}" if question.unit else ""

    def fits(text: str) -> bool | str:
        if not text.strip():
            return "type a number, or press d for don't know"
        try:
            prompt.reader(text)
        except Unreadable:
            return f"should be a whole number from {question.low} to {question.high}"
        return True

    line = questionary.text(
        f"Type a number{unit}, then Enter\n  {_in_words(others)}\n  >",
        validate=fits,
        validate_while_typing=False,
        **_screen(),
    )
    results = {key: (result,) for key, _, result in others}
    chosen = _run(line.application, results, TYPING, {Keys.Any: _type_digit})
    return chosen[0] if isinstance(chosen, tuple) else prompt.reader(str(chosen))


# --- keys, and the terminal they come from --------------------------------------------------

MOVING = frozenset(["up", "down", "c-c"])
"""Keys that may arrive together with others: held arrow keys, and Ctrl-C always."""

TYPING = MOVING | frozenset("0123456789-") | {"c-h", "left", "right"}
"""The same while a number is typed."""


def _screen() -> dict[str, Any]:
    """Where prompts are drawn and keys are read."""
    from prompt_toolkit.input import create_input
    from prompt_toolkit.output import create_output

    output: Any = create_output(stdout=sys.stderr)
    # The terminal is not asked where its cursor stands: its reply would arrive among the keys. Without
    # an answer to that, prompt_toolkit shows no line of complaint below a list.
    output.get_rows_below_cursor_position = lambda: 0
    return {"input": create_input(sys.stdin), "output": output, "erase_when_done": True}


def _control_of(application: Any) -> Any:
    """The list of choices inside an application of questionary."""
    from questionary.prompts.common import InquirerControl

    return next(control for control in application.layout.find_all_controls() if isinstance(control, InquirerControl))


def _run(
    application: Any,
    results: dict[str, tuple[Any]],
    together: frozenset[str],
    actions: dict[str, Callable[[Any], None]] | None = None,
) -> Any:
    """Run one prompt. `results` end it at a key press, `actions` do something at one.

    `together`: the keys that count although others arrived with them.
    """
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
    from prompt_toolkit.keys import Keys

    bindings = KeyBindings()
    # Keys of line editors do more than anybody expects here: Ctrl-O, for one, ends a prompt like Enter.
    for key in (*(f"c-{letter}" for letter in "abefgklnopqrstuvwxyz"), "escape", Keys.BracketedPaste):
        bindings.add(key, eager=True)(_nothing)
    bindings.add("c-d", eager=True)(_end_of_input)
    for key, action in (actions or {}).items():
        bindings.add(key, eager=key is not Keys.Any)(action)  # any key, but for those that mean something
    for key, result in results.items():
        for pressed in {key, key.upper()}:
            bindings.add(pressed, eager=True)(_ending(result))
    application.key_bindings = merge_key_bindings([application.key_bindings, bindings])
    _only_deliberate_keys(application.input, together)
    _forget_early_keys(application)
    return application.run()


def _ending(result: tuple[Any]) -> Callable[[Any], None]:
    def end(event: Any) -> None:
        event.app.exit(result=result)

    return end


def _type_digit(event: Any) -> None:
    if event.data in tuple("0123456789-"):
        event.current_buffer.insert_text(event.data)


def _end_of_input(event: Any) -> None:
    event.app.exit(exception=EOFError)


def _only_deliberate_keys(source: Any, together: frozenset[str]) -> None:
    """Keys that arrive in one read were not pressed one by one: a pasted line, or a paw on the keyboard."""
    read = source.read_keys

    def deliberate() -> list[Any]:
        presses: list[Any] = read()
        if len(presses) < 2:
            return presses
        names = [getattr(press.key, "value", press.key) for press in presses]
        return [press for press, name in zip(presses, names, strict=True) if name in together]

    source.read_keys = deliberate


def _forget_early_keys(application: Any) -> None:
    """Throw away what was typed before the question stood on the screen."""
    from prompt_toolkit.input.typeahead import clear_typeahead

    def forget(_application: Any) -> None:
        _flush_terminal()
        application.after_render -= forget

    clear_typeahead(application.input)
    _flush_terminal()
    application.after_render += forget


def _flush_terminal() -> None:
    try:
        import termios
    except ImportError:  # not a POSIX terminal
        return
    if sys.stdin.isatty():
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
