"""When a real model's outputs are right.

dtype and shape equal, NaN and Inf at the same places, integers and bools exactly equal. Floats slice by slice along
rule["axis"] (default 1 for rank 3 and more, else the whole tensor), so that small channels do not hide behind large
ones: |got - ref| <= rtol * max|ref in the slice| + 1e-7 * (1 + max|ref|). rule["argmax"] lists outputs whose best
class a user reads: the argmax over the last axis must agree wherever the reference's lead exceeds the tolerance.
tolerances.json holds the rules: the first key that is part of the model's name counts.
"""
import json
from pathlib import Path

import numpy as np

RULES = json.loads(Path(__file__).with_name("tolerances.json").read_text())


def rule_for(name):
    return {"rtol": 1e-4, **next((rule for key, rule in RULES.items() if key in name), {})}


def differs(got, ref, rule):
    """(None or a sentence, the worst error in units of the tolerance)."""
    worst = 0.0
    if len(got) != len(ref):
        return f"{len(got)} outputs, expected {len(ref)}", worst
    for index, (g, r) in enumerate(zip(got, ref)):
        if g.dtype != r.dtype or g.shape != r.shape:
            return f"output {index} is {g.dtype}{list(g.shape)}, expected {r.dtype}{list(r.shape)}", worst
        if r.size == 0:
            continue
        if r.dtype.kind not in "fc":
            if not np.array_equal(g, r):
                return f"output {index}: {np.count_nonzero(g != r)} of {r.size} integers differ", worst
            continue
        a, b = g.astype(np.float64), r.astype(np.float64)
        if not np.array_equal(np.isnan(a), np.isnan(b)) or not np.array_equal(np.isinf(a), np.isinf(b)):
            return f"output {index}: NaN or Inf at other places", worst
        a, b = (np.where(np.isfinite(x), x, 0.0) for x in (a, b))
        axis = rule.get("axis", 1) if r.ndim >= 3 else None
        others = None if axis is None else tuple(d for d in range(r.ndim) if d != axis)
        bound = rule["rtol"] * np.max(np.abs(b), axis=others, keepdims=True) + 1e-7 * (1 + np.max(np.abs(b)))
        worst = max(worst, float(np.max(np.abs(a - b) / bound)))
        if worst > 1:
            return f"output {index}: error is {worst:.3g} times the tolerance {rule['rtol']:g}", worst
        if index in rule.get("argmax", []):
            top = np.sort(b, axis=-1)
            sure = top[..., -1] - top[..., -2] > 2 * np.max(bound)
            if np.any((a.argmax(-1) != b.argmax(-1)) & sure):
                return f"output {index}: argmax differs", worst
    return None, worst
