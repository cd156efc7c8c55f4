#!/usr/bin/env python3
"""Checks who includes whom (docs/architecture.md). Prints each breach as file:line and exits 1."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "src"

# room -> rooms it may include, beside itself
MAY = {
    "core": set(),
    "meter": {"core"},
    "meter/sim": {"core", "meter"},
    "ledger": {"core"},
    "trust": {"core"},
    "mqtt": {"core", "meter", "ledger"},
    "outbox": {"core"},
    "console": {"core", "meter", "ledger", "mqtt", "trust"},
    "secrets": {"core"},
    "web": {"core", "secrets", "console"},
    "web/page": {"core", "web"},
    "wifi": {"core", "secrets"},
    "core/host": {"core"},
    "console/host": {"core", "console"},
    "secrets/host": {"core", "core/host", "secrets"},
    "web/host": {"core", "core/host", "secrets", "trust/host", "web"},
    "wifi/host": {"core", "secrets", "wifi"},
    "meter/host": {"core", "core/host", "meter"},
    "meter/sim/host": {"core", "meter", "meter/sim"},
    "trust/host": {"core", "trust"},
    "mqtt/host": {"core", "core/host", "mqtt", "trust", "trust/host"},
    "outbox/host": {"core", "outbox"},
    "collect": {"core"},
    "collect/host": {"core", "collect", "outbox/host"},
}
# folder of app/ -> those it may include beside itself; app/ itself, which wires them, may include all. Every one may
# include every other room.
APP = {
    "app/config": set(),
    "app/toolbox": {"app/config"},
    "app/agent": {"app/config", "app/toolbox"},
    "app/face": {"app/config", "app/toolbox", "app/agent"},
    "app/receiver": {"app/config"},
}
# third-party header prefix -> rooms that may use it
THIRD_PARTY = {
    "openssl/": {"trust/host"},
    "libp11": {"trust/host"},
    "sodium": {"secrets/host"},
    "sqlite3": {"outbox/host"},
    "libpq-fe": {"collect/host"},
    "systemd/": {"wifi/host"},
    "boost/": {"core/host", "console/host", "meter/host", "meter/sim/host", "mqtt/host", "outbox/host", "secrets/host", "web/host", "wifi/host", "app"},
    "spdlog/": {"app"},
    "editline/": {"app"},
    "CLI/": {"app"},
    "toml++/": {"app"},
    "nlohmann/": {"app", "collect/host"},
}
HEAVY_NOT_IN_HEADERS = ("spdlog/", "CLI/", "toml++/", "nlohmann/")
# An operating system's headers have no place in pure code.
SYSTEM = re.compile(r"^(sys/|unistd|fcntl|termios|poll|signal|pthread|netdb|arpa/|netinet/|linux/|errno|time\.h)")
BANNED_IN_PURE = {"iostream", "fstream", "sstream", "thread", "mutex", "future", "filesystem", "ctime", "condition_variable", "random", "regex"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def room_of(path: str) -> str:
    parts = path.split("/")[:-1]
    return "/".join(parts)


def faults_of(file: pathlib.Path):
    relative = file.relative_to(ROOT).as_posix()
    room = room_of(relative)
    test = relative.endswith("_test.cpp")
    in_app = room.split("/")[0] == "app"
    pure = "host" not in room.split("/") and not in_app
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        kind, name = match.groups()
        where = f"src/{relative}:{number}: <{name}>"
        if kind == '"':
            target = room_of(name)
            if target == "support":
                if not test:
                    yield f"{where}: test support in production code"
            elif target.split("/")[0] == "app":
                if not in_app:
                    yield f"{where}: nothing includes app/"
                elif target not in {"app", room} | APP.get(room, set(APP)) and not test:
                    yield f"{where}: {room} may not include {target}"
            elif not in_app and target != room and not test and target not in MAY.get(room, set()):
                yield f"{where}: {room} may not include {target}"
            elif pure and "host" in target.split("/") and not test:
                yield f"{where}: pure code may not include a host half"
            continue
        if test:
            continue
        if file.suffix == ".hpp" and name.startswith(HEAVY_NOT_IN_HEADERS):
            yield f"{where}: heavy header, include it in a .cpp"
        for prefix, rooms in THIRD_PARTY.items():
            if name.startswith(prefix) and ("app" if in_app else room) not in rooms:
                yield f"{where}: only {', '.join(sorted(rooms))} may use {prefix}"
        if pure and (SYSTEM.match(name) or name in BANNED_IN_PURE):
            yield f"{where}: pure code knows no operating system"


def main() -> int:
    files = sorted(p for p in ROOT.rglob("*") if p.suffix in (".hpp", ".cpp"))
    faults = [fault for file in files for fault in faults_of(file)]
    for fault in faults:
        print(fault)
    print(f"include rules: {len(files)} files, {len(faults)} breaches")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
