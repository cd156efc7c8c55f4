#!/usr/bin/env python3
"""Mutation check of the trust policy: each condition, comparison, operand, verdict and assignment of the files that decide
and remember is removed or inverted, one at a time, and the tests of the room must notice. A mutant that no test kills is
printed, and the exit code is 1, unless it is listed below as equivalent, with the reason.

usage: scripts/mutate_trust.py [--jobs N] [--list] [FILE[:LINE]...]      (judge.cpp, checks.cpp:40 ...)
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOM = ROOT / "src" / "trust"
FILES = ["judge.cpp", "checks.cpp", "continuity.cpp", "lineage.cpp"]
TIMEOUT_S = 120
COMPILE = ["g++", "-std=c++20", "-w", "-D_GLIBCXX_ASSERTIONS", f"-I{ROOT}/src", f"-I{ROOT}/tests", f'-DMETERSEAL_SOURCE_DIR="{ROOT}"']

# file, line as it stands, line as mutated: why nobody can see the difference.
EQUIVALENT = {
    ("checks.cpp", "if (fault && (!first || *fault < *first)) first = fault;",
     "if (fault && (!first || *fault <= *first)) first = fault;"): "two equal reasons are one reason",
    ("lineage.cpp", "for (std::size_t begin = 0; begin < text.size();) {",
     "for (std::size_t begin = 0; begin <= text.size();) {"): "one more line, which is empty and says nothing",
    ("lineage.cpp", "for (std::size_t begin = 0; begin < text.size();) {",
     "for (std::size_t begin = 1; begin < text.size();) {"): "cuts the first line only, which is compared and not read",
    ("lineage.cpp", "std::uint64_t ms = 0;", "std::uint64_t ms = -1;"): "written before it is used",
    ("lineage.cpp", "std::uint64_t ms = 0;", "std::uint64_t ms = 1;"): "written before it is used",
}


def masked(text):
    """The same text with comments, strings and characters blanked, so that nothing in them is mutated."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<!\d)\'(?:\\.|[^\'\\\n])+\'|#[^\n]*', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", "_", m[0]), text)


def closing(code, opening):
    depth = 0
    for i in range(opening, len(code)):
        if code[i] in "([{":
            depth += 1
        elif code[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    raise ValueError("unbalanced")


LEFT_END = re.compile(r"(&& |\|\| |\? | : |return |[^=!<>]= |, |; |\(\s*|\{\s*|;\s*)$")


def operand_left(code, end):
    """Where the operand begins that ends before `end`."""
    depth, i = 0, end
    while i > 0:
        if depth == 0 and LEFT_END.search(code[max(0, i - 8):i]):
            return i
        i -= 1
        if code[i] in ")]}":
            depth += 1
        elif code[i] in "([{":
            if depth == 0:
                return i + 1
            depth -= 1
    return 0


def operand_right(code, begin):
    depth, i = 0, begin
    while i < len(code):
        if depth == 0 and re.match(r"\s(&&|\|\||\?|:)\s|[;,]", code[i:i + 4]):
            return i
        if code[i] in "([{":
            depth += 1
        elif code[i] in ")]}":
            if depth == 0:
                return i
            depth -= 1
        i += 1
    return i


def conditions(text, code):
    for match in re.finditer(r"\b(if|while) \(", code):
        opening = match.end() - 1
        end = closing(code, opening)
        inner = text[opening + 1:end]
        declared = re.match(r"(?:const )?auto\s?[*&]?\s?(\w+) = ", inner)
        if ";" in code[opening:end]:
            continue  # a for loop's head, or an initialiser: its condition is mutated by the rules below
        if declared:
            for condition in (f"!{declared[1]}", "false", "true"):
                yield opening + 1, end, f"{inner}; {condition}"
        else:
            for condition in (f"!({inner})", "false", "true") if match[1] == "if" else ("false",):
                yield opening + 1, end, condition


def operators(text, code):
    for match in re.finditer(r"\s(&&|\|\|)\s", code):
        begin, end = match.start(1), match.end(1)
        yield begin, end, "||" if match[1] == "&&" else "&&"
        neutral = "true" if match[1] == "&&" else "false"
        left = operand_left(code, match.start())
        yield left, match.start(), neutral
        yield match.end(), operand_right(code, match.end()), neutral
    swaps = {"==": ["!="], "!=": ["=="], "<": ["<=", ">="], ">": [">=", "<="], "<=": ["<", ">"], ">=": [">", "<"]}
    for match in re.finditer(r"\s(==|!=|<=|>=|<|>)\s", code):
        for other in swaps[match[1]]:
            yield match.start(1), match.end(1), other
    for match in re.finditer(r"!(?=[\w(])", code):
        yield match.start(), match.end(), ""
    for match in re.finditer(r"\s\?\s", code):
        left = operand_left(code, match.start())
        yield left, match.start(), f"!({text[left:match.start()]})"


def results(text, code):
    for match in re.finditer(r"\breturn (true|false)\b", code):
        yield match.start(1), match.end(1), "false" if match[1] == "true" else "true"
    for match in re.finditer(r"\breturn ((?:Reason|TrustedBy)::\w+);", code):
        yield match.start(1), match.end(1), "std::nullopt"
    for match in re.finditer(r"\breturn (Refused\{.*?\});", code):
        yield match.start(1), match.end(1), "Learnable{}"
    for match in re.finditer(r"\breturn (Learnable\{\});", code):
        yield match.start(1), match.end(1), "Refused{Reason::pin_mismatch}"
    for match in re.finditer(r"= (\d+);", code):
        for step in (-1, 1):
            yield match.start(1), match.end(1), str(int(match[1]) + step)
    for match in re.finditer(r"= (true|false);", code):
        yield match.start(1), match.end(1), "false" if match[1] == "true" else "true"


def statements(_text, code):
    """Assignments and changing calls, each left out."""
    for match in re.finditer(r"^ +((?:if \([^\n]*?\) )?)((?:\+\+)?[\w.\->\[\]()]+(?: =| \+=|;|\()[^;{}]*;?)", code, re.M):
        begin = match.start(2)
        end = operand_right_of_statement(code, begin)
        body = code[begin:end]
        if re.match(r"(return|case|break|continue|for|while|if|else|switch|using|const|static|constexpr)\b", body):
            continue
        if re.match(r"[A-Za-z_:<>0-9]+ \w+", body):  # a declaration
            continue
        yield begin, end, ""


def operand_right_of_statement(code, begin):
    depth = 0
    for i in range(begin, len(code)):
        if code[i] in "([{":
            depth += 1
        elif code[i] in ")]}":
            depth -= 1
        elif code[i] == ";" and depth == 0:
            return i
    return len(code)


def mutants_of(name):
    text = (ROOM / name).read_text(encoding="utf-8")
    code = masked(text)
    seen = set()
    for rule in (conditions, operators, results, statements):
        for begin, end, replacement in rule(text, code):
            if code[begin:end].count("_") and not re.search(r"\w", code[begin:end].replace("_", "")):
                continue
            mutated = text[:begin] + replacement + text[end:]
            if mutated == text or mutated in seen:
                continue
            seen.add(mutated)
            line = text.count("\n", 0, begin)
            first = text.rfind("\n", 0, begin) + 1
            last = text.find("\n", end)
            before = " ".join(text[first:last].split())
            after = " ".join((text[first:begin] + replacement + text[end:last]).split())
            yield name, line + 1, before, after, mutated


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def build_base(out):
    """Everything that is the same for all mutants: the tests in one object, each file of the room in its own."""
    tests = sorted(ROOM.glob("*_test.cpp"))
    sources = [(path, "-O1") for path in tests + sorted((ROOT / "src" / "core").glob("*.cpp")) if path in tests
               or not path.name.endswith("_test.cpp")]
    sources += [(path, "-O1") for path in sorted(ROOM.glob("*.cpp")) if path not in tests]
    objects = {}

    def build(item):
        path, level = item
        target = out / f"{path.parent.name}_{path.stem}.o"
        done = run(COMPILE + [level, "-c", str(path), "-o", str(target)])
        if done.returncode != 0:
            sys.exit(f"{path}: does not compile\n{done.stdout}")
        return path, target

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = dict(pool.map(build, sources))
    in_room = {path.name: target for path, target in objects.items() if path.parent == ROOM and path not in tests}
    common = [str(target) for path, target in objects.items() if path.name not in in_room or path.parent != ROOM]
    together = out / "common.o"
    done = run(["ld", "-r", "-o", str(together)] + common)
    if done.returncode != 0:
        sys.exit(done.stdout)
    return in_room, together


def verdict_of(out, number, mutant, in_room, common):
    """`killed`, `survived` or `unbuildable`."""
    name, _, _, _, text = mutant
    source = out / f"mutant_{number}.cpp"
    source.write_text(text, encoding="utf-8")
    target, program = source.with_suffix(".o"), source.with_suffix("")
    try:
        if run(COMPILE + ["-O0", "-c", str(source), "-o", str(target)]).returncode != 0:
            return "unbuildable"
        others = [str(path) for file, path in in_room.items() if file != name]
        linked = run(["g++", "-o", str(program), str(target), str(common)] + others + ["-lgmock_main", "-lgmock", "-lgtest"])
        if linked.returncode != 0:
            return "unbuildable"
        try:
            done = run([str(program), "--gtest_brief=1", "--gtest_fail_fast"], timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "killed"
        return "survived" if done.returncode == 0 else "killed"
    finally:
        for path in (source, target, program):
            path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    parser.add_argument("files", nargs="*", default=FILES)
    options = parser.parse_args()
    places = [place.partition(":") for place in options.files]
    options.files = [name for name, _, _ in places]
    options.whole_files = [name for name, _, line in places if not line]
    mutants = [mutant for name, _, line in places for mutant in mutants_of(name) if line in ("", str(mutant[1]))]
    if options.list:
        for name, line, before, after, _ in mutants:
            print(f"{name}:{line}: {before}\n    -> {after}")
        print(f"{len(mutants)} mutants")
        return 0
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mutate-", dir=ROOT / "build") as folder:
        return check(pathlib.Path(folder), mutants, options)


def check(out, mutants, options):
    in_room, common = build_base(out)
    unchanged = (options.files[0], 0, "", "", (ROOM / options.files[0]).read_text(encoding="utf-8"))
    if verdict_of(out, "none", unchanged, in_room, common) != "survived":
        sys.exit("the tests fail without any mutation")
    counts = {"killed": 0, "unbuildable": 0, "equivalent": 0, "survived": 0}
    used = set()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        verdicts = pool.map(lambda item: verdict_of(out, item[0], item[1], in_room, common), enumerate(mutants))
        for (name, line, before, after, _), verdict in zip(mutants, verdicts):
            if verdict == "survived" and (name, before, after) in EQUIVALENT:
                used.add((name, before, after))
                verdict = "equivalent"
            counts[verdict] += 1
            if verdict == "survived":
                print(f"SURVIVED src/trust/{name}:{line}: {before}\n      -> {after}", flush=True)
    stale = [key for key in EQUIVALENT if key[0] in options.whole_files and key not in used]
    for name, before, after in stale:
        print(f"STALE {name}: listed as equivalent and killed or gone: {before} -> {after}")
    print(f"mutation check: {sum(counts.values())} mutants of {', '.join(dict.fromkeys(options.files))}: {counts['killed']} killed, "
          f"{counts['equivalent']} equivalent, {counts['unbuildable']} do not compile, {counts['survived']} survived")
    return 1 if counts["survived"] or stale else 0


if __name__ == "__main__":
    sys.exit(main())
