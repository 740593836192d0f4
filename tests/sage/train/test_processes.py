"""Two processes learn what one does, with whole weights and with split ones, though one has five rows of six."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sage.train.network import load
from sage.train.tiny import build_tiny
from tests.sage.train.split_run import learn
from tests.sage.train.toy import SIZE

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_weights_are_the_same_however_they_are_spread(tmp_path):
    model = build_tiny(tmp_path / "start", SIZE)
    before, alone = load(str(model))[0].state_dict(), torch.load(learn(model, tmp_path, "whole"))
    assert max(float((alone[k] - before[k]).abs().max()) for k in alone) > 1e-3
    code = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    code += ["-m", "tests.sage.train.split_run", str(model), str(tmp_path), "whole", "split"]
    env = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(code, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    for how in ("whole", "split"):
        together = torch.load(tmp_path / f"{how}-2.pt")
        assert together.keys() == alone.keys()
        assert all(torch.allclose(alone[k], together[k], atol=1e-5) for k in alone)
