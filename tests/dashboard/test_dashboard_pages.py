"""The pages over real sockets: what they tell, and what is asked of them wrongly."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from poku_batch.ledger.opening import connect
from poku_batch.models import CampaignId, ContactKey, KeptRecording, RunEnding, Selection
from tests.app.desk_world import write_campaign
from tests.dashboard.dashboard_world import DEMO, NOW, Run, World, at, row, served, world

BANNER = "no phone rings.</strong>"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as world_:
        yield world_


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that is looked at and not changed: six contacts, five of them called."""
    with world(tmp_path_factory.mktemp("seen")) as world_:
        run = called(world_)
        again = run.start("k7", -50)
        run.finish(
            again,
            "confirmed",
            "He will come.",
            evidence="will be there",
            recording_url="https://recordings.example/7.mp3",
            fields={"when": "Monday", "count": 2},
        )
        yield world_


def words(page: str) -> str:
    """What a page says, in one line."""
    main = re.split("<main[^>]*>", page)[1].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def called(demo: World) -> Run:
    """Six contacts, four of them called."""
    demo.enrol([row(n) for n in range(2, 8)])
    run = demo.run()
    run.finish(run.dial("k2"), "confirmed", "She will be there.")
    run.finish(run.start("k3"), "no_answer", again_at=at(7_200))
    run.doubt(run.dial("k4"), "the answer was cut off")
    run.reject(run.dial("k5"), "the API takes no such number")
    run.start("k6", -90)
    return run


def test_real_campaigns_and_rehearsals_are_apart(demo: World) -> None:
    demo.enrol([row(2)])
    demo.enrol([row(2), row(3)], CampaignId(name="other", wave="w/1 ä"), simulated=True)
    calls, rehearsals = demo.get("/calls"), demo.get("/rehearsals")
    assert "1 contact settled" in words(calls)
    assert "other" not in calls
    assert "w/1 ä" in rehearsals
    assert BANNER in rehearsals
    assert BANNER not in calls
    page = demo.get("/rehearsals/other", wave="w/1 ä")
    assert BANNER in page
    assert "1 to 2 of 2 contacts" in page


def test_the_front_leads_to_the_real_campaigns(seen: World) -> None:
    answer = seen.client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/calls")


def test_a_campaign_that_was_never_run_says_how_to_begin(demo: World) -> None:
    assert "Nothing was called here yet" in demo.get("/calls")
    page = demo.get("/calls/demo")
    assert "Nobody was called yet" in page
    assert 'href="/rehearsals/demo/start"' in page


def test_faults_of_a_campaign_file_are_told_where_they_stand(demo: World) -> None:
    (demo.folder / "broken.yaml").write_text("name: reminder\ncontacts: {fle: x.csv}\n")
    (demo.folder / "compose.yaml").write_text("services: {}\n")
    home = demo.get("/calls")
    assert "broken.yaml:2: contacts.fle" in home
    assert "compose" not in home
    assert "broken.yaml:2: contacts.fle" in demo.get("/calls/reminder")


def test_two_files_of_one_name_are_told(demo: World) -> None:
    (demo.folder / "again.yaml").write_text((demo.folder / "demo.yaml").read_text())
    assert "again.yaml, demo.yaml: all are named demo" in demo.get("/calls/demo")


def test_a_folder_without_campaigns_says_how_to_make_one(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        import httpx

        assert "poku-batch init" in httpx.get(f"{url}/calls").text


@pytest.mark.parametrize(
    "path", ["/calls/nobody", "/nowhere", "/calls/demo/contact?key=k9", "/assets/x.css"]
)
def test_what_is_not_there_is_told_on_a_page(seen: World, path: str) -> None:
    page = seen.get(path, 404)
    assert "There is nothing here" in page
    assert 'href="/calls"' in page


def test_a_campaign_page_tells_how_it_stands(seen: World) -> None:
    page = words(seen.get("/calls/demo"))
    for said in (
        "running",
        "Called 4 4 calls",
        "Reached 2 50% of the called",
        "In call 1",
        "Calls a minute",
        "Due now 0 1 later, from",
        "Unknown 1 may have rung",
        "Failed 1",
        "4 of 6 contacts settled 67%",
        "k2 confirmed",
        "She will be there.",
        "k4 unknown",
        "the answer was cut off",
        "the API takes no such number",
        "called again after an attempt 1",
        "1 to 6 of 6 contacts",
    ):
        assert said in page, (said, page)
    assert f"{at(7_200).astimezone():%Y-%m-%d %H:%M:%S %Z}" in page
    assert f'datetime="{at(7_200).isoformat(timespec="seconds")}"' in seen.get("/calls/demo")
    assert re.search(r"\bk6 in call \d+ min", page)


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (RunEnding.FINISHED, "finished nobody is left to call"),
        (RunEnding.BUDGET, "ended the budget allows no further call"),
        (RunEnding.STOPPED, "stopped a person or the system asked for it"),
        (RunEnding.ABANDONED, "broken off the next run settles what it left"),
    ],
)
def test_how_the_last_run_ended_is_told(demo: World, ending: RunEnding, said: str) -> None:
    demo.enrol([row(2)])
    run = demo.run()
    run.finish(run.dial("k2"))
    run.close(ending)
    assert said in words(demo.get("/calls/demo"))
    assert said in words(demo.get("/calls"))


def test_who_is_left_to_call_after_a_run_is_told_beside_how_it_ended(demo: World) -> None:
    demo.enrol([row(2), row(3)])
    run = demo.run()
    for key in ("k2", "k3"):
        run.finish(run.dial(key), "busy")
    run.close()
    assert "nobody is left to call" in words(demo.get("/calls/demo"))
    demo.do(
        demo.ledger.put_back, DEMO, Selection(keys=(ContactKey("k3"),)), agreed=1, by="ann", at=NOW
    )
    page = words(demo.get("/calls/demo"))
    assert "finished 1 contact may be called now: a run calls them" in page
    assert "nobody is left to call" not in page


def test_outcomes_are_offered_with_as_many_contacts_as_they_find(demo: World) -> None:
    demo.enrol([row(n) for n in range(2, 6)])
    run = demo.run()
    run.finish(run.dial("k2"), "busy")
    run.finish(run.dial("k3"), "busy", again_at=at(7_200))
    run.finish(run.dial("k4"), "declined")
    page = demo.get("/calls/demo")
    assert "busy (2)</option>" in page
    assert "1 to 2 of 2 contacts" in demo.get("/calls/demo", outcome="busy")
    demo.do(
        demo.ledger.put_back, DEMO, Selection(keys=(ContactKey("k4"),)), agreed=1, by="a", at=NOW
    )
    page = demo.get("/calls/demo")
    assert "declined (" not in page
    assert "before: declined" in words(page)


def test_a_chart_of_no_calls_is_not_shown_once_there_are_calls(demo: World) -> None:
    demo.enrol([row(2)])
    assert "No calls yet." in demo.get("/calls/demo")
    run = demo.run()
    run.finish(run.dial("k2"), "busy")
    until = time.monotonic() + 10
    while "Called 1 1 call" not in (page := words(demo.get("/calls/demo"))):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert "No calls yet." not in page


def test_who_may_not_be_called_is_not_said_to_be_due(demo: World) -> None:
    demo.enrol([row(2)])
    assert "May be called now" in demo.get("/calls/demo/contact", key="k2")
    demo.post("/calls/demo/forbid?key=k2")
    page = demo.get("/calls/demo/contact", key="k2")
    assert "May be called now" not in page
    assert "Is not called: the number is on the do-not-call list." in page


def test_contacts_come_by_the_page(demo: World) -> None:
    demo.enrol([row(n) for n in range(2, 132)])
    first = demo.get("/calls/demo")
    assert "1 to 50 of 130 contacts" in first
    assert "Page 1 of 3" in first
    last = demo.get("/calls/demo", page=3)
    assert "101 to 130 of 130 contacts" in last
    assert "k131" in last
    assert "k100" not in last
    assert words(demo.get("/calls/demo", page=99)) == words(last)
    assert "1 to 130 of 130 contacts" in demo.get("/calls/demo", size=200)
    (following,) = re.findall(r'href="([^"]+)" rel="next"', first)
    assert "51 to 100 of 130 contacts" in demo.get(following.replace("&amp;", "&"))


def test_contacts_are_searched_filtered_and_sorted(seen: World) -> None:

    def keys(**query: str) -> list[str]:
        return re.findall(
            r'<tr role="row" id="row-\d+">.*?class="key"[^>]*>(k\d)<',
            seen.get("/calls/demo", **query),
            re.DOTALL,
        )

    assert keys() == ["k2", "k3", "k4", "k5", "k6", "k7"]
    assert keys(q="PERSON 4") == ["k4"]
    assert keys(q="_") == []
    assert keys(state="failed") == ["k5"]
    assert keys(outcome="no_answer") == ["k3"]
    assert keys(sort="row", down="1") == ["k7", "k6", "k5", "k4", "k3", "k2"]
    assert keys(sort="duration", down="1") == ["k2", "k3", "k7", "k4", "k5", "k6"]
    assert "Nobody is found by that." in seen.get("/calls/demo", q="zzz")


@pytest.mark.parametrize(
    "query", ["page=-1", "page=9999999999999", "page=x", "size=7", "sort=x", "state=x&state=", "q="]
)
def test_what_is_asked_wrongly_is_not_asked(seen: World, query: str) -> None:
    assert "1 to 6 of 6 contacts" in seen.get(f"/calls/demo?{query}")


def test_a_link_of_a_column_sorts_by_it_and_turns_it_round(seen: World) -> None:
    page = seen.get("/calls/demo", q="person", sort="state")
    link = "/calls/demo?q=person&amp;sort=state&amp;down=1#contacts"
    assert f'aria-sort="ascending"><a class="sort" href="{link}"' in page


def test_a_contact_page_tells_everything(seen: World) -> None:
    page = words(seen.get("/calls/demo/contact", key="k7"))
    for said in (
        "k7 done confirmed +14155550007 row 7",
        "Attempt 1",
        "He will come.",
        "Evidence will be there",
        "when Monday",
        "count 2",
        "Interaction i-",
        "name Person 7",
        "ended (attempt 1)",
        "began (attempt 1)",
        f"{at(-50).astimezone():%Y-%m-%d %H:%M:%S %Z}",
    ):
        assert said in page, (said, page)
    assert 'src="https://recordings.example/7.mp3"' in seen.get("/calls/demo/contact", key="k7")
    unknown = words(seen.get("/calls/demo/contact", key="k4"))
    assert "the answer was cut off" in unknown
    assert "What came of the call?" in unknown
    waiting = words(seen.get("/calls/demo/contact", key="k3"))
    assert "Waits: called again after no_answer" in waiting


def test_a_copy_of_a_recording_is_played_by_ranges_and_nothing_else_is_served(
    demo: World, tmp_path: Path
) -> None:
    run = called(demo)
    attempt = run.start("k7", -50)
    run.finish(attempt, "confirmed", recording_url="https://recordings.example/7.mp3")
    file = tmp_path / "copies" / "k7-1.mp3"
    file.parent.mkdir()
    file.write_bytes(b"0123456789")
    recordings = demo.ledger.recordings
    demo.do(recordings.begin, attempt, file, at=NOW)
    kept = KeptRecording(file=file, size=10, sha256="0" * 64, at=NOW)
    assert demo.do(recordings.keep, attempt, kept)
    page = demo.get("/calls/demo/contact", key="k7")
    assert 'src="/calls/demo/recording?key=k7&amp;attempt=1"' in page
    url = "/calls/demo/recording?key=k7&attempt=1"
    whole = demo.client.get(url)
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["content-type"] == "audio/mpeg"
    part = demo.client.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    for other in ("key=k7&attempt=2", "key=k6&attempt=1", "key=k7&attempt=x", "key=k7"):
        demo.get(f"/calls/demo/recording?{other}", 404)
    file.unlink()
    file.symlink_to("/etc/hostname")
    demo.get(url, 404)


def test_a_ledger_of_a_newer_version_is_told(demo: World) -> None:
    hidden = demo.folder / "newer" / ".poku-batch"
    hidden.mkdir(parents=True)
    write_campaign(demo.folder / "newer")
    with closing(connect(Path(str(demo.ledger.place)))) as connection:
        connection.execute("VACUUM INTO ?", (str(hidden / "ledger.db"),))
    with closing(connect(hidden / "ledger.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with served(demo.folder / "newer") as url:
        page = demo.get(f"{url}/calls", 503)
    assert "written by a newer poku-batch" in page
    assert "update poku-batch" in page


def test_a_ledger_that_is_replaced_is_read_anew(demo: World) -> None:
    demo.enrol([row(2)], simulated=True)
    assert "1 to 1 of 1 contact" in demo.get("/rehearsals/demo")
    for path in (demo.folder / ".poku-batch").glob("simulated.db*"):
        path.unlink()
    assert "Nobody was called in a rehearsal yet" in demo.get("/rehearsals/demo")


def test_styles_and_scripts_are_kept_for_a_year_under_names_of_their_own(seen: World) -> None:
    page = seen.get("/calls")
    for found in re.findall(r'(?:href|src)="(/assets/[^"]+)"', page):
        answer = seen.client.get(found)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "<style" not in page
    assert "style=" not in page
    assert not re.search(r"<script[^>]*>[^<]", page)


def test_a_part_of_a_page_is_the_same_without_what_is_around_it(seen: World) -> None:
    part = seen.client.get("/calls/demo", headers={"HX-Request": "true", "HX-Target": "page"}).text
    assert part.lstrip().startswith("<title>demo – poku-batch</title>")
    assert "<header" not in part
    assert words(seen.get("/calls/demo")) == words(part)


def test_many_contacts_of_one_campaign_do_not_make_a_page_longer(demo: World) -> None:
    demo.enrol([row(n) for n in range(2, 5_002)])
    page = demo.get("/calls/demo", size=200, page=25)
    assert "4,801 to 5,000 of 5,000 contacts" in page
    assert len(page) < 300_000
    assert demo.get("/calls/demo", q="person 4999", sort="started").count('name="key"') == 0
    assert DEMO.name in page
