#!/usr/bin/env python3
"""Every error code has exactly one row in docs/errors.md, in its room's range, and every row has a code."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RANGES = {"core": (1, 99), "meter": (100, 149), "ledger": (150, 199), "trust": (200, 299), "mqtt": (300, 399),
          "outbox": (400, 499), "console": (500, 599), "web": (600, 639), "secrets": (640, 649), "collect": (650, 679), "wifi": (680, 699), "app": (950, 999)}
CODE = re.compile(r'Code\s+(\w+)\s*\{\s*(\d+)\s*,\s*ErrorClass::(\w+)\s*,\s*"(\w+)"')
ROW = re.compile(r"^\|\s*(\d+)\s*\|\s*(\w+)\s*\|\s*(\w+)\s*\|")


def main() -> int:
    faults = []
    codes = {}
    for room, (low, high) in RANGES.items():
        files = [ROOT / "src" / room / part / "errors.hpp" for part in (".", "host")]
        text = "".join(file.read_text(encoding="utf-8") for file in files if file.exists())
        for variable, number, error_class, name in CODE.findall(text):
            number = int(number)
            if not low <= number <= high:
                faults.append(f"{room}: {name} has {number}, outside {low}-{high} of {room}")
            if number in codes:
                faults.append(f"{name}: number {number} belongs to {codes[number][0]}")
            if name != f"{room}_{variable}":
                faults.append(f"{room}::{variable} calls itself {name}, expected {room}_{variable}")
            codes[number] = (name, error_class)
    rows = {}
    for line in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines():
        match = ROW.match(line)
        if match:
            rows[int(match[1])] = (match[2], match[3])
    for number in sorted(codes.keys() | rows.keys()):
        if codes.get(number) != rows.get(number):
            faults.append(f"{number}: the code says {codes.get(number)}, docs/errors.md says {rows.get(number)}")
    for fault in faults:
        print(fault)
    print(f"error codes: {len(codes)} codes, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
