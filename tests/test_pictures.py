"""The pictures of the benchmarks: well-formed, small, with the names of what they show, the same from the same data."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import drawing
from benchmarks.__main__ import main
from benchmarks.pacing import measure
from benchmarks.pacing.scenarios import SCENARIOS
from benchmarks.processes import RunFailed

pytest.importorskip("matplotlib")

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = dict.fromkeys(("aiohttp", "httpx", "azure-batch"), "1.2.3")
FOUND: dict[str, Any] = {"python": "3.11", "packages": PACKAGES, "cores": 2, "how": "10 requests in flight, no latency"}


def cost(client: str, size: str, cpu: float) -> dict[str, Any]:
    return {"client": client, "size": size, "tasks": 1_000_000, "cpu": cpu, "in_flight": 10}


def grown(client: str, tasks: int, growth: float, in_flight: int | None) -> dict[str, Any]:
    return {"client": client, "tasks": tasks, "growth": growth, "in_flight": in_flight, "latency": None}


CLIENTS = [
    [cost("floor", "small", 1.5 * slow), cost("batchio", "small", 2 * slow), cost("azure-batch", "small", 50 * slow)]
    for slow in (1.0, 1.2, 1.1)
]
MEMORY = [
    [grown("batchio-mappings", tasks, 2.5, flight) for flight in (10, None) for tasks in (50_000, 1_000_000)]
    + [grown("azure-batch", tasks, tasks / 800, 10) for tasks in (50_000, 100_000)]
]


def storm(scenario: str, controller: str, goodput: float) -> dict[str, Any]:
    run = measure.Run(
        scenario=scenario,
        controller=controller,
        seed=7,
        goodput=goodput,
        refused=0.25,
        back=1.0,
        jain=None,
        delivered_by_time=[100, 0] * 60,
        refused_by_time=[0, 3000] * 60,
    )
    return asdict(run)


STORM = [storm("A", "ours", 0.11), storm("H", "ours", 0.99), storm("H", "ours", 0.5), storm("H", "fixed", 0.98)]

EVERYTHING = FOUND | {"simulation": STORM, "clients": CLIENTS, "memory": MEMORY, "feed": {}}


def texts(file: Path) -> list[str]:
    """What one reads in a picture. Not its bytes: there text must be text, which this shows, too."""
    return ["".join(each.itertext()).strip() for each in ET.parse(file).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - our own file


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (
            "simulation",
            {
                *("Through a storm: 200/s, 10 s of 503", "delivered, requests/s", "seconds"),
                *("batchio: goodput 99.0%", "fixed: goodput 98.0%", "fixed: 25.0% refused"),
            },
        ),
        (
            "clients",
            {
                *("small, 78 bytes", "batchio: submit, generator of TaskAddParameter"),
                *("1.65 (1.00 x)", "2.20 (1.33 x)", "55.0 (33.3 x)"),
            },
        ),
        (
            "memory",
            {
                *("tasks", "batchio-mappings, default in flight: 2.50 MB at 1,000,000"),
                "azure-batch, 10 in flight: 125 MB at 100,000",
            },
        ),
    ],
)
def test_a_picture_names_what_it_shows(part: str, shown: set[str], tmp_path: Path) -> None:
    file = drawing.draw(EVERYTHING, part, tmp_path / "one.svg")
    assert shown <= set(texts(file))
    assert file.stat().st_size < 100_000
    again = drawing.draw(json.loads(json.dumps(EVERYTHING)), part, tmp_path / "again.svg")
    assert again.read_bytes() == file.read_bytes()


def test_other_data_give_another_picture(tmp_path: Path) -> None:
    file = drawing.draw(EVERYTHING, "memory", tmp_path / "one.svg")
    other = drawing.draw(EVERYTHING | {"memory": [MEMORY[0][:2]]}, "memory", tmp_path / "other.svg")
    assert other.read_bytes() != file.read_bytes()
    assert "azure-batch" not in "".join(each for each in texts(other) if "in flight" in each)


def test_without_the_storm_the_first_scenario_is_drawn(tmp_path: Path) -> None:
    file = drawing.draw({"simulation": STORM[:1]}, "simulation", tmp_path / "a.svg")
    assert f"Through a storm: {SCENARIOS['A'].what}" in texts(file)


def test_all_that_files_have_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "bulk.json").write_text(json.dumps({"clients": CLIENTS, "memory": MEMORY} | FOUND))
    (tmp_path / "pacing.json").write_text(json.dumps({"simulation": STORM, "sockets": []}))
    files = [str(tmp_path / name) for name in ("bulk.json", "pacing.json")]
    assert main(["pictures", "--from", *files, "--to", str(tmp_path)]) == 0
    assert {each.name for each in tmp_path.glob("*.svg")} == {f"{name}.svg" for _, name in drawing.PICTURES.values()}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"feed": {}}, "no picture: what was measured is none of simulation, clients, memory"),
        ({"clients": CLIENTS}, "not what --json of this version writes: KeyError('how')"),
        ({"simulation": [{"scenario": "H"}]}, "not what --json of this version writes: TypeError"),
        ([], "no picture"),
        (None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_drawn_is_told(
    content: object, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    if content is not None:
        file.write_text(json.dumps(content))
    assert main(["pictures", "--from", str(file), "--to", str(tmp_path)]) == 1
    assert told in capsys.readouterr().err


def test_the_first_part_that_has_a_picture_is_drawn(tmp_path: Path) -> None:
    drawing.draw_first({"feed": {}, "memory": MEMORY, "clients": CLIENTS} | FOUND, tmp_path / "one.svg")
    assert "tasks" in texts(tmp_path / "one.svg")
    with pytest.raises(RunFailed, match="none of simulation, clients, memory"):
        drawing.draw_first(FOUND, tmp_path / "none.svg")


def test_measured_and_drawn_in_one_command(tmp_path: Path) -> None:
    words = ["pacing", "--scenarios", "Q", "--controllers", "ours,botocore", "--seeds", "1"]
    files = ["--json", str(tmp_path / "found.json"), "--picture", str(tmp_path / "now.svg")]
    subprocess.run([sys.executable, "-m", "benchmarks", *words, *files], cwd=ROOT, check=True, timeout=60)  # noqa: S603 - our own command
    assert main(["pictures", "--from", str(tmp_path / "found.json"), "--to", str(tmp_path)]) == 0
    assert (tmp_path / "now.svg").read_bytes() == (tmp_path / "storm.svg").read_bytes()
