import subprocess
import sys
import threading

import pytest

from sage.data.ledger import BudgetError, Entry, Ledger, read_totals
from sage.faults import StopSignal, WorldError
from sage.types import Reply, Usage

KEY, OTHER = "00" * 16, "11" * 16
REPLY = Reply(text="seen", usage=Usage(input_tokens=10, output_tokens=2), usd=0.25)


def pay(ledger, key=KEY, usd=0.25, **changes):
    sent = Entry(type="sent", key=key, step="write", model="gemini:x")
    ledger.add(sent)
    ledger.add(sent.model_copy(update={"type": "paid", "usd": usd, "reply": REPLY, **changes}))


def test_what_was_paid_is_found_again(tmp_path):
    ledger = Ledger(tmp_path)
    pay(ledger)
    assert ledger.find(KEY) == REPLY
    assert ledger.find(OTHER) is None
    ledger.close()
    again = Ledger(tmp_path)
    assert (again.find(KEY), again.spent_usd, again.lost) == (REPLY, 0.25, 0)


def test_totals_are_by_step_and_model(tmp_path):
    ledger = Ledger(tmp_path)
    pay(ledger)
    pay(ledger, OTHER, usd=None)
    total = ledger.totals()[0]
    assert (total.calls, total.input_tokens, total.usd, total.unpriced) == (2, 20, 0.25, 1)
    assert read_totals(tmp_path) == (ledger.totals(), 0)


def test_a_call_that_never_came_back_is_counted(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.add(Entry(type="sent", key=KEY))
    ledger.add(Entry(type="sent", key=OTHER))
    ledger.add(Entry(type="failed", key=OTHER))
    ledger.close()
    assert Ledger(tmp_path).lost == 1


def test_half_a_line_is_cut_off_and_a_damaged_one_is_told(tmp_path):
    ledger = Ledger(tmp_path)
    pay(ledger)
    ledger.close()
    with ledger.path.open("ab") as file:
        file.write(b'{"type":"paid","key":"11')
    again = Ledger(tmp_path)
    pay(again, OTHER)
    assert (again.find(KEY), again.find(OTHER)) == (REPLY, REPLY)
    again.close()
    ledger.path.write_bytes(b"not json\n" + ledger.path.read_bytes())
    with pytest.raises(WorldError, match="would be paid again"):
        Ledger(tmp_path)


def test_two_runs_do_not_share_a_folder(tmp_path):
    first = Ledger(tmp_path)
    with pytest.raises(WorldError, match="Another run"):
        Ledger(tmp_path)
    first.close()
    Ledger(tmp_path).close()


def test_the_lock_dies_with_the_process(tmp_path):
    code = (
        "import os; from pathlib import Path; from sage.data.ledger import Ledger; "
        f"ledger = Ledger(Path({str(tmp_path)!r})); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    Ledger(tmp_path).close()


def test_a_call_that_might_exceed_the_budget_is_not_sent(tmp_path):
    ledger, stop = Ledger(tmp_path, budget_usd=0.5), StopSignal()
    with ledger.reserved(0.3, stop):
        pay(ledger)
    with (
        pytest.raises(BudgetError, match=r"\$0.50 is reached.*\$0.2500 are spent"),
        ledger.reserved(0.3, stop),
    ):
        raise AssertionError
    with ledger.reserved(0.25, stop):
        pass
    with ledger.reserved(0.0, stop):
        pass


def test_what_others_set_aside_is_waited_for(tmp_path):
    ledger, stop, order = Ledger(tmp_path, budget_usd=1.0), StopSignal(), []

    def second():
        with ledger.reserved(0.9, stop):
            order.append("second")

    with ledger.reserved(0.6, stop):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
