"""What a run's calls cost, with those in flight, so that the budget is not overrun."""

from decimal import Decimal

from poku_batch.engine.reports import CallReport
from poku_batch.models import Usage
from poku_batch.policy.spending import Budget, started_minutes


class Spending:
    """Keeps account of one run; begins with what the campaign has used up before."""

    def __init__(self, budget: Budget, used: Usage) -> None:
        """Take the budget, and what earlier runs have used up."""
        self._budget = budget
        self._minutes = used.minutes
        self._open = used.open

    @property
    def room(self) -> int:
        """How many more calls can be begun, however long all that are open may last."""
        return self._budget.room(self._minutes, self._open)

    @property
    def cost(self) -> Decimal:
        """What the calls that ended have cost."""
        return self._budget.cost(self._minutes)

    def begin(self) -> None:
        """A call is on its way; it counts as long as it can get."""
        self._open += 1

    def report(self, report: CallReport) -> None:
        """A call has come to something; one that may have rung goes on counting."""
        if report.rang is None:
            return
        self._open -= 1
        if report.rang:
            # An end that was learnt of days later is no call of days.
            self._minutes += started_minutes(min(report.duration_s, self._budget.longest_s))
