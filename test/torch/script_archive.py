#!/usr/bin/env python3
"""Makes a TorchScript archive of one source file: script_archive.py SOURCE.py OUT.pt

The root object is of class `__torch__.M` and has the attribute `training` (False); a comment line `# KEY: 3` in
the source adds an attribute of that name with an int. There are no constants and no tensors.
"""
import re
import struct
import sys
import zipfile
from pathlib import Path


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def main():
    source = Path(sys.argv[1]).read_text()
    attributes = text("training") + b"\x89"
    for key, value in re.findall(r"^# (\w+): (\d+)$", source, re.M):
        attributes += text(key) + b"J" + struct.pack("<i", int(value))
    data = b"\x80\x02c__torch__\nM\n)\x81}(" + attributes + b"ub."
    with zipfile.ZipFile(sys.argv[2], "w") as out:
        for name, content in (("data.pkl", data), ("code/__torch__.py", source.encode()), ("constants.pkl", b"\x80\x02)."),
                              ("version", b"3\n"), ("byteorder", b"little")):
            out.writestr(zipfile.ZipInfo(f"m/{name}"), content)


if __name__ == "__main__":
    main()
