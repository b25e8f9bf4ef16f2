# SPDX-License-Identifier: GPL-3.0-or-later
"""Many threads that decode into the same new shape at once."""

import subprocess
import sys

# A process of its own: what this guards against ends the whole process, not a test.
STORM = """
import sys, threading
import msgspec
from rules.prepared import prepared

sys.setswitchinterval(1e-6)
AT_ONCE, SHAPES, DEEP, WIDE = 8, 400, 4, 12
LIST = dict[str, list[int | str]] | None

def shape():
    inner = None
    for number in range(DEEP):
        fields = [(f"a{n}", LIST, None) for n in range(WIDE)]
        if inner is not None:
            fields.append(("inner", inner | None, None))
        inner = msgspec.defstruct(f"Shape{number}", fields)
    return inner

def decode(kind, together, found):
    together.wait()
    text = b'{"a0": {"x": [1]}, "inner": {"a11": {"y": ["z"]}, "inner": {"a3": {"k": [2]}}}}'
    found.append(msgspec.json.decode(text, type=prepared(kind)).inner.inner.a3["k"])

for _ in range(SHAPES):
    kind, together, found = shape(), threading.Barrier(AT_ONCE), []
    given = (kind, together, found)
    threads = [threading.Thread(target=decode, args=given) for _ in range(AT_ONCE)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [[2]] * AT_ONCE
"""


def test_threads_that_first_meet_a_shape_together_all_read_it():
    ended = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", STORM], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
