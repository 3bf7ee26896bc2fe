"""A person who is forgotten is in no sheet that was uploaded either."""

from tests.program import Folder
from tests.standin import numbers


def test_forget_deletes_what_was_uploaded_and_says_so(folder: Folder) -> None:
    folder.people(numbers(2))
    folder.do("run", "--simulate")
    uploads, starts = (folder.path / ".poku-batch" / name for name in ("uploads", "starts"))
    uploads.mkdir()
    starts.mkdir()
    name = f"{7:032x}.csv"
    (uploads / name).write_text(f"name,phone\nAnn,{numbers(1)[0]}\n", encoding="utf-8")
    (uploads / f"{name}.name").write_text("people.csv", encoding="utf-8")
    done = folder.command("forget", "campaign.yaml", "--to", numbers(1)[0])
    assert done.code == 0
    assert "1 uploaded sheet deleted, whoever was in them" in done.out
    assert not list(uploads.iterdir())
    again = folder.command("forget", "campaign.yaml", "--to", numbers(2)[1])
    assert "uploaded" not in again.out
