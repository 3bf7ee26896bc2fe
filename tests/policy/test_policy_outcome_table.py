"""Summaries as an agent writes them, terse and long, and the outcome that each must be read as.

The traps are sentences that hold an outcome's words without meaning it. Two rules decide where a
sentence could be read both ways: an opt-out too many is better than one missed, and voicemail never
reads as a person reached.
"""

import pytest

from poku_batch.models import Ended, Outcome
from poku_batch.policy.outcomes import OutcomeRules

_RULES = OutcomeRules({})

COMPLETED = (
    "Confirmed.",
    "Spoke with Ms Okafor, who confirmed tomorrow's appointment at 9 am and had no questions.",
    "Jane will be there. She asked about parking and was told it is behind the building.",
    "Rescheduled to Thursday at 4 pm at the patient's request.",
    "The callee asked to be called back later today, as she was driving.",
    "He was busy at work and asked us to call again after 5 pm.",
    "She was very busy but took the time to confirm both dates.",
    "The patient has a busy line of work and prefers mornings; moved to Tuesday 8 am.",
    "She checked her voicemail while we spoke and found the clinic's earlier message. Confirmed.",
    "She said she had received our voicemail yesterday and will come at ten.",
    "Thanked us for the voicemail we left on Monday and confirmed.",
    "He mentioned that he got your voicemail and was just about to ring back. He will attend.",
    "The call did not go to voicemail; Mr Ito picked up and agreed to the new time.",
    "She asked us to leave a voicemail next time if she is at work. Appointment confirmed.",
    "She said she got the voicemail and confirmed.",
    "Confirmed. She prefers voicemail for reminders.",
    "The answering machine picked up first, then Maria came on the line and confirmed.",
    "First reached voicemail, but then Mr Ito picked up and confirmed.",
    "Maria confirmed the appointment; she mentioned that her mailbox is full.",
    "Confirmed. He apologised that his voicemail was full last time.",
    "This is not the wrong number: Mr Adeyemi himself answered and confirmed.",
    "She asked whether we had dialled the wrong number, but it was her after all. Confirmed.",
    "At first he thought it was a wrong number, then he remembered the booking and confirmed it.",
    "He asked us not to call before 9 am, and confirmed the appointment.",
    "She prefers not to be called at work; her mobile is better. Confirmed for Friday.",
    "He doesn't want to be called on weekends but is happy with the new date.",
    "Confirmed. No further calls are needed.",
    "The customer agreed to the delivery window; no further contact is required.",
    "She will keep the slot if we do not call back before Friday.",
    "The patient asked to be removed from the waiting list, since she has found another doctor.",
    "Mr Lee did not opt out and would like to stay on the list.",
    "He had no answer when asked about his insurance, but confirmed the visit.",
    "She did not answer all the questions but completed the survey.",
    "A few questions remained unanswered, otherwise the survey was completed.",
    "We could not reach an agreement on the price; he will think about it.",
    "She said she was unable to reach the clinic last week and was glad of the call.",
    "She complained that nobody answered when she called the clinic, then confirmed.",
    "Not interested in rescheduling; she will keep her appointment.",
    "Left a message with his wife, who will pass it on.",
    "The receptionist took the call; left a detailed message for Dr Moss with the front desk.",
    "She said that her old number is not in service and that this one is right. Confirmed.",
    "Asked for a human; the call was transferred to a colleague.",
    "Terminó la llamada: la cita quedó confirmada.",
    "She asked if I was a machine; I said I am an AI assistant, and she confirmed.",
    "He couldn't hear well, but confirmed after I repeated the question.",
    "They don't call it a clinic any more, but yes, she will come.",
    "She mentioned that her phone was off yesterday. Confirmed today.",
    "She did not want to cancel; she will attend.",
    "She did not speak English well; her son helped, and they confirmed.",
    "…",
)

DO_NOT_CALL = (
    "Asked not to be called again.",
    "He did not want to be called again.",
    "She didn't want to be called again and hung up.",
    "She doesn’t want to be contacted any more.",
    "She asked us not to call her anymore.",
    "Told us never to call again.",
    "Told the agent to never call this number again, then hung up.",
    "Please don't call me again, he said.",
    "He said: do not call.",
    "He asked us not to call.",
    "She asked us not to contact her about this.",
    "He asked us not to phone or write.",
    "Callee requested that we stop calling.",
    "The callee told the agent to stop all calls to this household.",
    "She wants these calls to cease; asked us to quit calling.",
    "He told the agent to stop.",
    "Mrs Brandt no longer wishes to be contacted by the practice.",
    "He no longer wants to receive calls from us.",
    "She does not want any more calls.",
    "Requested no further contact.",
    "He said no more calls, please.",
    "Asked to be removed from the list.",
    "Asked to be taken off our calling list immediately.",
    "He said to take him off your list.",
    "She asked that her number be removed from our records.",
    "Requested that we delete his number.",
    "“Lose my number”, he said.",
    "Opted out.",
    "The callee chose to opt out of future reminders.",
    "She asked to be opted-out.",
    "Wants to be put on the do-not-call list.",
    "Added to DNC at callee's request.",
    "He wished to unsubscribe from these reminders.",
    "She was upset and asked us to leave her alone.",
    "He withdrew his consent to automated calls.",
    "Not interested, and asked not to be called again.",
    "Wrong number; the man asked us never to ring there again.",
    "Confirmed the appointment but asked not to be called again in the future.",
    "The woman who answered was calm at first.\n\nShe would rather not be\ncalled  again.",
    "He threatened to call the police if we phoned again.",
    "Callee does not consent to receiving automated calls.",
    "He said that nobody should call him again.",
    "The customer declined any further calls.",
    "I don't want you calling me, he said.",
    "She does not wish to be disturbed.",
    "Callee wants no more calls of this kind.",
    # Too many rather than one missed: a person who reads the evidence sees what was meant.
    "He asked us not to call again until Monday.",
)

WRONG_NUMBER = (
    "Wrong number.",
    "He confirmed that this is the wrong number.",
    "Reached the wrong person; apologised and ended the call.",
    "The man said there is nobody by that name at this number.",
    "There is no one named Ada there.",
    "She does not know anyone called Peter.",
    "The number belongs to someone else now.",
    "The number no longer belongs to Mr Diaz.",
    "Ms Chen no longer works there.",
    "It wasn't the right person.",
    "We had misdialled, it seems.",
    "The woman has never heard of Mr Novak.",
    "Wrong number, then the line went to voicemail.",
    "The callee isn't the intended person.",
    "The woman was not Ms Roy and did not know her.",
)

INVALID_NUMBER = (
    "The number is not in service.",
    "An automated message said that the number you have dialled is no longer in service.",
    "This number has been disconnected.",
    "The number does not exist.",
    "invalid to number",
)

VOICEMAIL = (
    "Voicemail.",
    "Left VM.",
    "LVM for pt.",
    "Went to voicemail; left a message with the appointment details and the callback number.",
    "The call was answered by John's voice mail.",
    "Reached the voice-mail of Jane Doe.",
    "Got his voicemail greeting and left no message.",
    "Agent listened to the voicemail greeting and ended the call.",
    "An answering machine picked up.",
    "No human answered: an answering machine did, and the script was read after the beep.",
    "The mailbox was full.",
    "Her mailbox is full and cannot accept messages.",
    "Left a message for Jane to call back.",
    "Left a detailed message asking Mr Osei to confirm by Friday.",
    "A message was left.",
    "Nobody picked up; left a voicemail.",
    "No answer, voicemail was full.",
    "Call ended without leaving a message.",
    "Reached an automated greeting.",
    "We were greeted by a recorded message and hung up.",
    "It was picked up by a machine.",
    "A call screening assistant asked for our name and nobody came to the phone.",
    "The answerphone of the practice came on.",
    "The VOICEMAIL of the patient was reached, confirmed by its greeting.",
    "Rang four times, then prompted to leave a message at the tone.",
    "She is not in: voicemail.",
    "The call was forwarded to an automated voice messaging system.",
    "The person you are calling is not available, please record your message.",
)

BUSY = (
    "The line was busy.",
    "Line busy: the line is currently busy.",
    "Got a busy signal.",
    "The call met an engaged tone.",
    "The phone was engaged at every attempt.",
    "All lines were busy.",
    "The line’s busy.",
    "Line engaged.",
    "Busy.",
)

NO_ANSWER = (
    "No answer.",
    "human did not respond",
    "Nobody answered.",
    "No one picked up the phone.",
    "The callee didn't answer.",
    "Mr Haddad did not pick up.",
    "She never picked up.",
    "The phone rang out.",
    "The call went unanswered.",
    "The call was not answered.",
    "The patient could not be contacted.",
    "The patient could not be reached.",
    "We were unable to reach Mr Silva.",
    "Rang with no response.",
    "The call connected but there was only silence.",
    "The mobile was switched off.",
    "There was no answer and no voicemail.",
    "It rang out and no voicemail was available.",
    "There was no response from the other end.",
    "The user did not speak after the greeting.",
    "No conversation took place.",
    "Callee did not respond after the greeting.",
)

DECLINED = (
    "Declined the call.",
    "She declined to talk about the appointment and hung up.",
    "He refused to continue.",
    "She did not want to talk.",
    "He didn't want to participate in the survey.",
    "Not interested.",
    "She isn't interested in the offer.",
    "He hung up immediately.",
    "The callee hung up on the agent.",
    "She abruptly ended the call.",
    "The call was rejected.",
)

_TABLE = [
    *((text, Outcome.COMPLETED) for text in COMPLETED),
    *((text, Outcome.DO_NOT_CALL) for text in DO_NOT_CALL),
    *((text, Outcome.WRONG_NUMBER) for text in WRONG_NUMBER),
    *((text, Outcome.INVALID_NUMBER) for text in INVALID_NUMBER),
    *((text, Outcome.VOICEMAIL) for text in VOICEMAIL),
    *((text, Outcome.BUSY) for text in BUSY),
    *((text, Outcome.NO_ANSWER) for text in NO_ANSWER),
    *((text, Outcome.DECLINED) for text in DECLINED),
    ("timeout", Outcome.TIMED_OUT),
]


@pytest.mark.parametrize(("summary", "outcome"), _TABLE)
def test_a_summary_is_read_as_a_person_would(summary: str, outcome: Outcome) -> None:
    reading = _RULES.read(Ended(summary=summary))
    assert reading.outcome == outcome, reading.evidence


@pytest.mark.parametrize(("summary", "outcome"), _TABLE)
def test_case_line_ends_and_typography_change_nothing(summary: str, outcome: Outcome) -> None:
    changed = summary.upper().replace(" ", "\u00a0\n ").replace("'", "’").replace("-", "‑")
    assert _RULES.read(Ended(summary=changed)).outcome == outcome


@pytest.mark.parametrize(
    ("summary", "outcome"),
    [each for each in _TABLE if each[1] in {Outcome.DO_NOT_CALL, Outcome.VOICEMAIL}],
)
def test_an_opt_out_or_a_voicemail_is_found_in_the_middle_of_a_long_summary(
    summary: str, outcome: Outcome
) -> None:
    before = "The agent introduced itself and said why it called. "
    after = " The call lasted forty seconds. Thank you."
    assert _RULES.read(Ended(summary=before + summary + after)).outcome == outcome
