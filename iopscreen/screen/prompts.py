"""Pages on a terminal, answered by one key. The only door of prompt_toolkit and questionary.

Everything is drawn on stderr: results own stdout. An answer is one deliberate key: what was
typed before a page stood on the screen is thrown away, and keys that arrive together (a
pasted line, a cat on the keyboard) are text, which never answers. Ctrl-C leaves by
KeyboardInterrupt, the end of the input by EOFError.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from iopscreen.screen import console
from iopscreen.screen.page import Line, Page, Pressed, Style
from iopscreen.screen.view import KEY, Row, drawn, in_rows, opened, pasted, press

if TYPE_CHECKING:
    from prompt_toolkit.application import Application

T = TypeVar("T")

MOVING = frozenset(["up", "down", "pageup", "pagedown", "c-h", "c-c", "<sigint>"])
"""Keys that may arrive together with others: held arrow keys and Backspace, and Ctrl-C always."""

PASTED = "<bracketed-paste>"
"""Text that came at once, as prompt_toolkit calls it where the terminal says so."""

SPACES = frozenset(["c-m", "c-j", "c-i"])
"""Enter and Tab within such a text."""

ALARM_KEY = "!"
"""What leaves a note for the emergency at once."""

NAMES = {"c-m": "enter", "c-j": "enter", "c-h": "backspace"}
"""What prompt_toolkit calls keys, and what a page does."""

LOOKS = {
    Style.PLAIN: "",
    Style.QUIET: "dim",
    Style.STRONG: "bold",
    Style.ALARM: "bold ansired",
    KEY: "bold",
}
ANSI = {Style.PLAIN: "", Style.QUIET: "\x1b[2m", Style.STRONG: "\x1b[1m", Style.ALARM: "\x1b[1;31m", KEY: "\x1b[1m"}


@contextmanager
def quiet_keyboard() -> Iterator[None]:
    """While this lasts, keys that nobody waits for are not shown on the screen."""
    if not console.has_posix_keyboard():
        yield
        return
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    changed = termios.tcgetattr(descriptor)
    changed[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(descriptor, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


class Keys:
    """Asks by single keys, on pages that go away when they are answered."""

    quiet = staticmethod(quiet_keyboard)

    def __init__(self) -> None:
        self._burst = console.Burst()

    def say(self, *lines: Line) -> None:
        """Show lines that stay."""
        for row in in_rows(lines, console.size().columns):
            print(_in_color(row), file=sys.stderr)
        sys.stderr.flush()

    def ask(self, page: Page) -> Pressed:
        """Put one page; only what it offers comes back."""
        with _interrupts_noted() as noted:
            if "prompt_toolkit" in sys.modules or not console.has_posix_keyboard():
                return _run(page, noted, self._burst, forget_early_keys=True)
            with _first_look(page):
                import prompt_toolkit.application  # noqa: F401 - a tenth of a second, while the page can be read
            return _run(page, noted, self._burst, forget_early_keys=False)

    def write(self, title: str) -> str:
        """A line of free text, in an editor of one line; pasting is welcome here."""
        with _interrupts_noted() as noted:
            import questionary

            line = questionary.text(title, qmark="", **_screen(), erase_when_done=True)
            _leave_at_once(line.application, ALARM_KEY)
            return " ".join(str(_outcome(line.application, noted)).split())


@contextmanager
def _interrupts_noted() -> Iterator[list[int]]:
    """While this lasts, Ctrl-C is noted (in the list) where no page is listening; it is raised at the end.

    Raised at once, in the middle of an import or of the making of an event loop, it can be swallowed
    there: the page would stand, and the program would not leave.
    """
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
    if noted:
        raise KeyboardInterrupt


def _in_color(row: Row) -> str:
    codes = {} if "NO_COLOR" in os.environ else ANSI
    return "".join(f"{codes[style]}{text}\x1b[0m" if codes.get(style) else text for style, text in row)


@contextmanager
def _first_look(page: Page) -> Iterator[None]:
    """Show the first page before the library that draws pages is loaded, and take it away after that.

    Keys that are pressed meanwhile wait in the terminal: the page that they answer stands there.
    """
    size = console.size()
    rows = drawn(page, opened(page), size.columns, size.lines)
    console.forget_early_keys()
    print("\n".join(_in_color(row) for row in rows), end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        up = f"\x1b[{len(rows) - 1}A" if len(rows) > 1 else ""
        print(f"\r{up}\x1b[J", end="", file=sys.stderr, flush=True)


# --- one page -------------------------------------------------------------------------------


def _run(page: Page, noted: list[int], burst: console.Burst, *, forget_early_keys: bool) -> Pressed:
    """Draw a page and wait until a key answers it."""
    from prompt_toolkit.application import Application
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.keys import Keys as Names
    from prompt_toolkit.layout import FormattedTextControl, Layout, Window
    from prompt_toolkit.styles import Style as Looks

    view = opened(page)

    def size() -> tuple[int, int]:
        now = application.output.get_size()
        return now.columns, now.rows

    def text() -> Any:
        rows = drawn(page, view, *size())
        return [piece for row in rows for piece in (*((f"class:{style}", part) for style, part in row), ("", "\n"))][
            :-1
        ]

    bindings = KeyBindings()

    @bindings.add(Names.Any, eager=True)  # every key comes here, also those that line editors make much of
    def _(event: Any) -> None:
        nonlocal view
        name = _name(event.key_sequence[0])
        if name in ("c-c", "<sigint>"):
            event.app.exit(exception=KeyboardInterrupt)
        elif name == "c-d":
            event.app.exit(exception=EOFError)
        elif name == PASTED:
            view = pasted(page, view, event.data)
        else:
            done = press(page, view, NAMES.get(name, name), *size())
            if isinstance(done, Pressed):
                event.app.exit(result=done)
            else:
                view = done

    control = FormattedTextControl(text, show_cursor=False)
    application: Application[Pressed] = Application(
        layout=Layout(Window(control, dont_extend_height=True, always_hide_cursor=True)),
        key_bindings=bindings,
        style=Looks(list({str(style): look for style, look in LOOKS.items()}.items())),
        **_screen(),
        erase_when_done=True,
    )
    # A key after Esc is its own: no page knows Alt and a key together, and nobody waits half a second.
    application.ttimeoutlen = 0.02
    _only_deliberate_keys(application.input, burst)
    if forget_early_keys:
        _forget_early_keys(application)
    return _outcome(application, noted)


def _outcome(application: Application[T], noted: list[int]) -> T:
    """What a page or an editor comes to. `noted` interrupts came before it could listen to them."""
    import asyncio

    def end(_loop: object, context: dict[str, Any]) -> None:
        """What fails behind the page ends it. Else it would be printed here, with all that it knows."""
        error = context.get("exception")
        if isinstance(error, Exception) and application.future and not application.future.done():
            application.exit(exception=error)

    def begin() -> None:
        asyncio.get_running_loop().set_exception_handler(end)
        if noted:
            application.exit(exception=KeyboardInterrupt)

    return application.run(pre_run=begin, set_exception_handler=False)


def _screen() -> dict[str, Any]:
    """Where pages are drawn and keys are read."""
    from prompt_toolkit.input import create_input
    from prompt_toolkit.output import create_output

    output: Any = create_output(stdout=sys.stderr)
    # The terminal is not asked where its cursor stands: its reply would arrive among the keys. Without
    # an answer to that, prompt_toolkit shows no line of complaint below a page.
    output.get_rows_below_cursor_position = lambda: 0
    return {"input": create_input(sys.stdin), "output": output}


def _leave_at_once(application: Any, key: str) -> None:
    """Leave an editor as soon as `key` comes before anything else was typed: with just that key as its text."""
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    bindings = KeyBindings()

    @bindings.add(key, eager=True, filter=Condition(lambda: not application.current_buffer.text))
    def _(event: Any) -> None:
        event.app.exit(result=key)

    application.key_bindings = merge_key_bindings([application.key_bindings, bindings])


def _only_deliberate_keys(source: Any, burst: console.Burst) -> None:
    """Keys that arrive together were not pressed one by one: a pasted line, or a paw on the keyboard. They are text."""
    read: Callable[[], list[Any]] = source.read_keys

    def deliberate() -> list[Any]:
        presses = read()
        return list(_as_pasted(presses)) if presses and burst.holds(len(presses)) else presses

    source.read_keys = deliberate


def _as_pasted(presses: Sequence[Any]) -> Iterator[Any]:
    """Keys of a burst: those that may come together as they are, and all text between them as pasted."""
    from prompt_toolkit.key_binding.key_processor import KeyPress
    from prompt_toolkit.keys import Keys as Names

    for moving, together in groupby(presses, lambda press: _name(press) in MOVING):
        if moving:
            yield from together
        else:
            yield KeyPress(Names.BracketedPaste, "".join(map(_text, together)))


def _text(press: Any) -> str:
    """What a key is as text; nothing where it is none."""
    name = _name(press)
    if name in SPACES:
        return " "
    return str(press.data) if name == PASTED or len(name) == 1 else ""


def _name(press: Any) -> str:
    return str(getattr(press.key, "value", press.key))


def _forget_early_keys(application: Any) -> None:
    """Throw away what was typed before the page stands on the screen, and nothing that comes after.

    The keys are thrown away just before the page is first drawn: a key pressed by somebody who has
    seen it can never be lost.
    """
    from prompt_toolkit.input.typeahead import clear_typeahead

    def forget(_application: Any) -> None:
        console.forget_early_keys()
        application.before_render -= forget

    clear_typeahead(application.input)
    application.before_render += forget
