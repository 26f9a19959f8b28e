"""Commands in a real terminal, as somebody sees them who sits there."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from .conftest import Service, as_lines, environment, task
from .farm import Farm, command
from .terminal import CTRL_C, CTRL_D, Terminal, terminal

Write = Callable[[str, bytes], str]
Open = Callable[..., AbstractContextManager[Terminal]]
CREATE = "Tasks_CreateTaskCollection"


def account_of(service: Service) -> dict[str, str]:
    """The variables that name it."""
    return {name: value for name, value in service.environment.items() if name.startswith("AZURE_")}


@pytest.fixture
def shell(service: Service) -> Open:
    """Opens terminals whose environment names the service."""
    return partial(terminal, variables=account_of(service))


@pytest.fixture
def tasks(write: Write) -> str:
    return write("tasks.jsonl", as_lines([task(f"frame-{at}") for at in range(3_000)]))


def submit(shell: Open, job: str, *words: str, columns: int = 100) -> AbstractContextManager[Terminal]:
    return shell(
        "submit", job, *words, "--create-job", "--pool", "farm", "--max-requests", "2", columns=columns, rows=40
    )


def test_progress_is_one_line_in_a_window_of_any_width(service: Service, shell: Open, job: str, tasks: str) -> None:
    service.put_faults({"operation": CREATE, "latency": 0.2})
    with submit(shell, job, tasks) as window:
        window.wait_until(r"\d00 of 3,000 tasks \(\d+ %\)  \d+/s  2 requests in flight  \d+ s left$")
        assert window.screen.cursor.hidden
        window.resize(40, 40)
        window.wait_until(r"\n[\d,]+ of 3,000 tasks.*…$")
        service.put_faults()
        assert window.ended() == 0
        assert "…" not in window.text
        assert "in flight" not in window.text
        assert "added     3,000  in the job" in window.text


def test_ctrl_c_and_the_command_that_goes_on_as_it_is_printed(
    service: Service, shell: Open, job: str, tasks: str, tmp_path: Path
) -> None:
    service.put_faults({"operation": CREATE, "latency": 0.2})
    with submit(shell, job, tasks, "--journal", str(tmp_path / "the journal"), columns=400) as window:
        window.wait_until(r"[1-9]00 of 3,000 tasks")
        window.press(CTRL_C)
        window.wait_until("Ctrl-C once more stops at once")
        service.put_faults()
        assert window.ended() == 130
        shown = window.text
    assert "in flight" not in shown
    # What was not sent is told once, and not task by task.
    assert "not_sent" in shown
    assert "task 'frame" not in shown
    assert "NotSent" not in shown
    again = shown.partition("to go on:\n")[2]
    assert "\n" not in again
    program, *words = shlex.split(again)
    assert program == "batchio"
    with shell(*words) as window:
        assert window.ended() == 0
        assert "added     3,000  in the job" in window.text
        assert "were settled by runs before this one" in window.text


def test_ctrl_c_twice(service: Service, shell: Open, job: str, tasks: str) -> None:
    service.put_faults({"operation": CREATE, "latency": 30, "first": 3})
    with submit(shell, job, tasks) as window:
        window.wait_until("2 requests in flight")
        window.press(CTRL_C)
        window.wait_until("stops at once")
        window.press(CTRL_C)
        assert window.ended() == 130
        assert "unknown" in window.text
        assert "to go on (ids that are there already are not added twice):\n  batchio submit " in window.text


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": None}])
def test_a_terminal_that_can_do_nothing_gets_no_escapes(service: Service, variables: dict[str, str | None]) -> None:
    for words in (("--help",), ("jobs", "list"), ("watch", "job"), ("doctor",)):
        with terminal(*words, variables={**account_of(service), **variables}) as window:
            window.ended()
            assert b"\x1b" not in window.written
            assert window.written


def test_without_colours(service: Service, shell: Open) -> None:
    with shell("jobs", "--help", columns=60) as window:
        assert window.ended() == 0
        assert b"\x1b[1mCommands:\x1b[0m" in window.written
    with terminal("jobs", "--help", variables={**account_of(service), "NO_COLOR": "1"}) as window:
        assert window.ended() == 0
        assert b"\x1b" not in window.written


@pytest.mark.parametrize(
    ("keys", "code", "told"),
    [
        (b"y\n", 0, "accepted"),
        (b"n\n", 1, "batchio: nothing was done"),
        (b"\n", 1, "batchio: nothing was done"),
        (CTRL_D, 1, "batchio: nothing was done"),
        (CTRL_C, 130, "batchio: interrupted"),
    ],
)
def test_the_question_before_deleting(
    shell: Open, service: Service, job: str, keys: bytes, code: int, told: str
) -> None:
    assert service.run("jobs", "create", "--id", job, "--pool-id", "farm").code == 0
    with shell("jobs", "delete", job) as window:
        window.wait_until(r"are you sure\? \[y/N\]$")
        window.press(keys)
        assert window.ended() == code
        question, answer = window.text.splitlines()
        assert question.startswith(f"jobs delete {job}: are you sure? [y/N]")
        assert told in answer


@pytest.mark.parametrize(
    ("keys", "code", "told"),
    [
        (b"SECRET\n", 1, "batchio: Nodes_CreateNodeUser: 404"),
        (CTRL_D, 2, "batchio: --ask-password: nothing was given"),
        (b"\n", 2, "batchio: --ask-password: nothing was given"),
        (CTRL_C, 130, "batchio: interrupted"),
    ],
)
def test_a_password_is_asked_for_and_not_shown(shell: Open, keys: bytes, code: int, told: str) -> None:
    with shell("nodes", "create-user", "farm", "node", "--name", "me", "--ask-password") as window:
        window.wait_until("^password:")
        window.press(keys)
        assert window.ended() == code
        question, answer = window.text.splitlines()[:2]
        assert question == "password:"
        assert answer.startswith(told)
        assert b"SECRET" not in window.written


def test_the_emulator_says_that_it_has_stopped() -> None:
    with terminal("emulator", variables=environment()) as window:
        window.wait_until("export AZURE_BATCH_ACCESS_KEY=")
        window.press(CTRL_C)
        assert window.ended() == 0
        assert window.text.endswith("\nbatchio emulator has stopped")


@pytest.fixture
def farm() -> Iterator[Farm]:
    service = Service("--nodes", "simulate")
    yield Farm(service)
    service.stop()


def test_watch_is_drawn_in_place_and_its_columns_stand_below_each_other(farm: Farm, job: str) -> None:
    farm.job(job, command("exit 3", "a"), command("exit 10", "a-longer-name"), command("sleep 120", "last"))
    farm.advance(60)
    with terminal(
        "watch", job, "--interval", "0.05", columns=120, rows=40, variables=account_of(farm.service)
    ) as window:
        window.wait_until("a-longer-name  exit code 10")
        window.resize(40, 40)
        window.wait_until(lambda text: text.count("looked") == 1 and text.count("running") >= 1)
        window.resize(120, 40)
        farm.finish(job)
        assert window.ended() == 0
        shown = window.text
    assert shown.startswith(f"job        {job}, completed (AllTasksComplete), pool farm\n")
    assert shown.count("completed  ") == 1
    assert "looked" not in shown
    short, long = sorted(line for line in shown.splitlines() if "exit code" in line)[:2]
    assert short.index("usererror") == long.index("usererror")
    assert short.startswith("  a              exit code 3   usererror")


def test_watch_leaves_the_last_state_at_ctrl_c(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 3600", "a"))
    with terminal("watch", job, columns=60, variables=account_of(farm.service)) as window:
        window.wait_until("looked")
        window.press(CTRL_C)
        assert window.ended() == 130
        assert "looked" not in window.text
        assert window.text.startswith(f"job        {job}, active, pool farm\n")
