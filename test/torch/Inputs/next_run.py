"""next_run.py FIXTURE.npz PREFIX LAST.npz NEXT.npz writes the inputs of a run: those of the fixture, and the state that
the run before gave (LAST; "none"). next_run.py FIXTURE.npz PREFIX GOT.npz compares a run's results with the fixture's."""
import sys

import numpy as np

fixture, prefix, last = sys.argv[1:4]
stored = np.load(fixture)
given = {} if last == "none" else dict(np.load(last))
if len(sys.argv) > 4:
    state = {k: v for k, v in given.items() if k.startswith("state:")}
    np.savez(sys.argv[4], x=stored[f"{prefix}in0"], **state)
else:
    for i in range(2):
        np.testing.assert_allclose(given[f"output.{i}"], stored[f"{prefix}out{i}"], rtol=1e-6)
    print("equal", given["state:cache"].shape)
