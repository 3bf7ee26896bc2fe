"""The examples of the command pages, and what their exit codes mean.

An example is Markdown as ``scripts.transcripts`` plays it: only the commands stand here.
"""

_CAMPAIGN = "campaigns/appointment_confirmations.yaml"
_STAGE = "<!-- stage: campaigns, sample_data -->"
_REHEARSED = f"<!-- hidden: poku-batch run {_CAMPAIGN} --simulate -->"

EXAMPLES = {
    "init": """
        <!-- stage: sample_data/appointments.csv as patients.csv -->
        ```console
        $ poku-batch init . --sheet patients.csv --purpose appointment \\
        > --company "Cedar Street Clinic" --region US --name confirmations --yes
        ```
        """,
    "run": f"""
        {_STAGE}
        <!-- lines: 40 -->
        ```console
        $ poku-batch run {_CAMPAIGN} --simulate
        ```
        """,
    "check": f"""
        {_STAGE}
        ```console
        $ poku-batch check {_CAMPAIGN}
        ```
        """,
    "preview": f"""
        {_STAGE}
        ```console
        $ poku-batch preview {_CAMPAIGN} --row 5
        ```
        """,
    "status": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch status {_CAMPAIGN} --simulate
        ```
        """,
    "test-call": f"""
        {_STAGE}
        <!-- answers: y -->
        ```console
        $ poku-batch test-call {_CAMPAIGN} --to +12125550199 --row 5 --simulate
        ```
        """,
    "retry": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch retry {_CAMPAIGN} --outcome voicemail --simulate
        ```
        """,
    "history": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch history {_CAMPAIGN} --simulate --key A-1002
        ```
        """,
    "export": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch export {_CAMPAIGN} --simulate -o all.xlsx
        ```
        """,
    "report": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch report {_CAMPAIGN} --simulate
        ```

        [What a report shows](../report.md) has pictures, and says what its figures count.
        """,
    "recordings": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch recordings {_CAMPAIGN} recordings --simulate
        ```
        """,
    "ledger": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch ledger check {_CAMPAIGN} --simulate
        ```
        """,
    "forget": f"""
        {_STAGE}
        {_REHEARSED}
        ```console
        $ poku-batch forget {_CAMPAIGN} --to +14155550111
        ```
        """,
    "do-not-call": """
        <!-- stage: campaigns, sample_data -->
        ```console
        $ poku-batch do-not-call add campaigns +14155550123 --reason "asked at the desk"
        $ poku-batch do-not-call list campaigns
        ```
        """,
    "simulator": """
        The simulator answers as the API does, so a program of yours can be tried against it:

        <!-- stage: nothing -->
        <!-- not run: it serves until it is stopped -->
        ```console
        $ poku-batch simulator --port 8765
        simulator at http://127.0.0.1:8765
        ```
        """,
    "schema": """
        <!-- stage: nothing -->
        <!-- lines: 6 -->
        ```console
        $ poku-batch schema
        ```
        """,
}

_READS = "0 done, 2 bad usage, campaign or ledger."

EXITS = {
    "all": """
        ## Exit codes

        | code | means |
        |---|---|
        | 0 | done; of a run: every contact has its end |
        | 1 | a fault in the program |
        | 2 | bad usage, campaign, sheet, ledger or key: nobody was called |
        | 3 | ended, but some contacts are failed or unknown |
        | 4 | stopped before the end: interrupted, a limit, the budget, or you said no |
        | 5 | contacts are due later (`--no-wait`, `--until`) |
        """,
    "init": "0 written, 2 something is missing or in the way (nothing was written), 4 broken off.",
    "run": "0 every contact has its end, 2 nobody was called, 3 some are failed or unknown, "
    "4 stopped before the end, 5 contacts are due later.",
    "test-call": "0 the call ended, 2 nobody was called, 3 it failed or its end is unknown, "
    "4 stopped before its end.",
    "check": "0 a run would start, 2 it would refuse.",
    "preview": _READS,
    "status": _READS,
    "retry": "0 put back, 2 bad usage, campaign or ledger, 4 the question was answered with no.",
    "resolve": _READS,
    "history": _READS,
    "export": _READS,
    "report": _READS,
    "recordings": "0 all are there, 2 bad usage, campaign, ledger or folder, 3 some are missing, "
    "4 stopped with Ctrl-C.",
    "do-not-call": _READS,
    "ledger": "0 sound, 2 bad usage, 3 `ledger check` found something wrong.",
    "forget": "0 erased, 2 bad usage, campaign or ledger, 4 the question was answered with no.",
    "simulator": "0 stopped with Ctrl-C, 2 bad usage.",
    "schema": "0.",
}
