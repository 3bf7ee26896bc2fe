"""What a worker learns of the API: passed on once, and kept where that could not be done."""

import pytest

from poku_batch.app.news import News
from poku_batch.engine.reports import CallReport
from poku_batch.models import ApiNews, CallNews


def test_what_is_learned_is_passed_on_once() -> None:
    told: list[bool] = []
    news = News(8, lambda: told.append(True))
    assert news.size(0.0) == 8
    assert not news.take(1.0).any
    news.turned_away(5.0, placed_s=4.0)
    assert told == [True]
    news.taken(6.0)
    news.reported(CallReport(row=3, what="x" * 500, bad=True))
    news.reported(CallReport(row=4))
    taken = news.take(9.0)
    calls = (CallNews(row=3, what="x" * 200, bad=True), CallNews(row=4, what="", bad=None))
    assert taken == ApiNews(taken=1, turned_away=(5.0,), calls=calls)
    assert not news.take(9.0).any


def test_what_could_not_be_passed_on_comes_first_the_next_time_and_is_as_old_as_it_is() -> None:
    news = News(8, lambda: None)
    news.turned_away(5.0, placed_s=4.0)
    news.reported(CallReport(row=3, bad=True))
    news.taken(5.0)
    lost = news.take(6.0)
    news.reported(CallReport(row=4, bad=False))
    news.turned_away(7.0, placed_s=7.0)
    news.put_back(lost, 6.0)
    again = news.take(10.0)
    assert again.turned_away == pytest.approx((6.0, 3.0))
    assert [call.row for call in again.calls] == [3, 4]
    assert again.taken == 1
