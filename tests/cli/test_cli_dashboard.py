"""``dashboard`` and ``run --dashboard``: where the pages are, and how they end."""

import re
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.program import Folder, Process, Program

TOKEN = "a token of the tests, long enough"  # noqa: S105


@pytest.fixture
def people(folder: Folder) -> Folder:
    folder.people(f"+1415555{n:04}" for n in range(100, 140))
    return folder


def start(program: Program, folder: Folder, *args: str, **env: str) -> Process:
    return program.start("dashboard", *args, cwd=folder.path, env={**folder.env, **env})


def address(process: Process) -> str:
    process.wait_for("dashboard  ")
    return str(re.findall(r"dashboard +(http://\S+)", process.err)[0]).rstrip("/")


def test_the_dashboard_tells_where_it_is_and_ends_at_once_with_open_streams(
    people: Folder, program: Program
) -> None:
    process = start(program, people, "--port", "0")
    url = address(process)
    assert "demo" in httpx.get(f"{url}/calls").text
    with httpx.stream("GET", f"{url}/events/calls") as stream:
        assert next(stream.iter_lines()) == "retry: 2000"
        began = time.monotonic()
        process.signal(signal.SIGINT)
        ended = process.ended()
    assert time.monotonic() - began < 5
    assert (ended.code, ended.out) == (0, "")
    assert "Traceback" not in ended.err
    assert ended.err.count("\n") == 1


def test_a_campaign_stands_for_its_folder(people: Folder, program: Program) -> None:
    process = program.start(
        "dashboard", people.campaign, "--port", "0", cwd=people.path.parent, env={}
    )
    assert "demo" in httpx.get(f"{address(process)}/calls").text
    process.signal(signal.SIGTERM)
    assert process.ended().code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--folder", "nowhere"], "nowhere: there is no such folder"),
        (["campaign.yaml", "--folder", "."], "name a campaign or a folder, not both"),
        (["nothing.yaml"], "there is no such file"),
        (["--host", "no.such.host.invalid"], "is not the name or address of a network interface"),
        (["--port", "70000"], "is more than 65535"),
    ],
)
def test_what_cannot_be_served_is_told(people: Folder, args: list[str], said: str) -> None:
    done = people.command("dashboard", *args)
    assert done.code == 2
    assert said in done.err


def test_a_port_that_is_taken_is_told(people: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = people.command("dashboard", "--port", str(port))
    assert done.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.err
    assert "--port" in done.err


def test_other_machines_need_a_token_which_is_made_and_told_once(
    people: Folder, program: Program
) -> None:
    process = start(program, people, "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    url = address(process)
    process.wait_for("token  ")
    (token,) = re.findall(r"token +(\S+)", process.err)
    assert len(token) >= 40
    page = httpx.get(f"{url}/calls", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/calls")
    assert "<h1>Log in</h1>" in httpx.get(f"{url}/login").text
    assert token not in httpx.get(f"{url}/login").text
    process.signal()
    assert process.ended().code == 0


def test_the_token_of_the_environment_is_asked_for_and_never_told(
    people: Folder, program: Program
) -> None:
    process = start(program, people, "--port", "0", POKU_BATCH_DASHBOARD_TOKEN=TOKEN)
    url = address(process)
    with httpx.Client(base_url=url, follow_redirects=True) as client:
        page = client.get("/calls", headers={"Accept": "text/html"}).text
        csrf = re.findall(r'name="_csrf" value="([^"]+)"', page)[0]
        page = client.post("/login", data={"_csrf": csrf, "token": TOKEN, "next": "/calls"}).text
        assert "Campaigns" in page
        assert "Log out" in page
        assert TOKEN not in page
    process.signal()
    ended = process.ended()
    assert ended.code == 0
    assert TOKEN not in ended.err


def test_a_run_serves_its_dashboard_until_it_ends(people: Folder, program: Program) -> None:
    process = program.start(
        "run",
        "campaign.yaml",
        "--simulate",
        "--speed",
        "20",
        "--dashboard-port",
        "0",
        cwd=people.path,
    )
    url = address(process)
    give_up = time.monotonic() + 15
    while "running" not in httpx.get(f"{url}/rehearsals/demo").text:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    process.signal()
    process.wait_for("No new calls")
    process.signal()
    assert process.ended().code == 4
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_run_goes_on_without_the_dashboard_that_it_cannot_have(people: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = people.do("run", "--simulate", "--speed", "10000", "--dashboard-port", str(port))
    assert done.code in {0, 3}
    assert f"note: no dashboard: cannot listen on 127.0.0.1:{port}" in done.err
    assert len(people.results("out.simulated.csv")) == 40


def test_a_usual_port_that_is_taken_is_no_matter_for_a_run(people: Folder, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8765))
            taken.listen()
        except OSError:
            pass  # somebody else has it
        done = people.do("run", "--simulate", "--speed", "10000", "--dashboard")
    assert done.code in {0, 3}
    (port,) = re.findall(r"dashboard +http://127.0.0.1:(\d+)/", done.err)
    assert port != "8765"
