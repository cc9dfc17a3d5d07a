"""A page that something behind it ends: by a fault, or by a signal."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from prompt_toolkit.application import Application
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from iopscreen.screen import prompts

CANARY = "canary9"


def a_page(source, fail):
    """A page whose drawing starts something that fails; where that does not end it, the page ends by itself."""
    application = Application(input=source, output=DummyOutput())

    def begin(_application):
        asyncio.get_running_loop().call_soon(fail)
        asyncio.get_running_loop().call_later(30, _application.exit)

    application.after_render += begin
    return application


def test_a_fault_behind_a_page_ends_it_and_prints_nothing(capfd):
    def fail():
        raise ValueError(CANARY)

    with create_pipe_input() as source, pytest.raises(ValueError, match=CANARY):
        prompts._outcome(a_page(source, fail), [])
    assert capfd.readouterr() == ("", "")


ENDED = """
import asyncio, sys
from test_prompts import a_page
from prompt_toolkit.input import create_pipe_input
from iopscreen.screen import prompts

async def task():
    known = "canary9"
    raise SystemExit(143)

def fail():
    fail.kept = asyncio.ensure_future(task())

with create_pipe_input() as source:
    prompts._outcome(a_page(source, fail), [])
"""


def test_a_signal_behind_a_page_ends_the_program_and_prints_nothing(request):
    done = subprocess.run(
        [sys.executable, "-c", ENDED], cwd=request.path.parent, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")
