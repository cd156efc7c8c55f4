"""Wrong configuration: one clear error with file and line, exit 2, nothing started."""
import os
import re

import pytest

from harness import PASSWORD, run_binary, site, write_password

GOOD = site(8883, 'device = "/dev/null"', 'mode = "fingerprint"\nfingerprint = ["' + ":".join(["A1"] * 32) + '"]',
            meters=(("sdm630", 1, "main"), ("sdm120", 2, "sub")))

CASES = {
    "unknown key": (GOOD.replace("tele_period = 1", "tele_period = 1\ntele_perid = 2"), r"toml:4: .*tele_perid"),
    "unknown table": (GOOD + "[mqqt]\nx = 1\n", r"mqqt"),
    "wrong type": (GOOD.replace("tele_period = 1", 'tele_period = "often"'), r"toml:3: .*tele_period"),
    "out of range": (GOOD.replace("tele_period = 1", "tele_period = 99999"), r"toml:3: .*tele_period"),
    "not TOML": (GOOD.replace("[mqtt]", "[mqtt"), r"toml:\d+: "),
    "two meters at one address": (GOOD.replace("address = 2", "address = 1"), r"toml:\d+: .*address 1 is that of"),
    "two meters of one name": (GOOD.replace('name = "sub"', 'name = "main"'), r"toml:\d+: .*main"),
    "address out of range": (GOOD.replace("address = 2", "address = 248"), r"toml:\d+: .*address"),
    "unknown profile": (GOOD.replace('"sdm120"', '"sdm121"'), r"toml:\d+: .*sdm121"),
    "no fingerprint": (GOOD.replace('fingerprint = ["' + ":".join(["A1"] * 32) + '"]', ""), r"fingerprint"),
    "short fingerprint": (GOOD.replace(":A1" * 31, ":A1" * 30), r"toml:\d+: .*fingerprint"),
    "all zero fingerprint": (GOOD.replace(":".join(["A1"] * 32), ":".join(["00"] * 32)), r"toml:\d+: .*fingerprint"),
    "mode off without permission": (GOOD.replace('mode = "fingerprint"', 'mode = "off"'), r"allow_plaintext"),
    "unknown mode": (GOOD.replace('mode = "fingerprint"', 'mode = "trustme"'), r"toml:\d+: .*mode"),
    "bad host": (GOOD.replace("localhost:8883", "localhost:88833"), r"toml:\d+: .*hosts"),
    "no bus": (GOOD.split("[[bus]]")[0], r"bus"),
}


def check(tmp_path, case, prepare=lambda folder: None):
    text, pattern = CASES[case]
    (tmp_path / "meterseal.toml").write_text(text)
    write_password(tmp_path)
    prepare(tmp_path)
    return rejected(tmp_path, pattern)


def rejected(tmp_path, pattern):
    result = run_binary("run", "--config", tmp_path / "meterseal.toml", "--state", tmp_path / "state")
    assert result.returncode == 2, result.stderr
    assert re.search(r"^meterseal: error: ", result.stderr, re.M), result.stderr
    assert re.search(r"^meterseal: hint: ", result.stderr, re.M), result.stderr
    assert re.search(pattern, result.stderr), result.stderr
    assert PASSWORD not in result.stderr
    assert not (tmp_path / "state").exists(), "nothing is started"
    return result.stderr


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_file_is_refused_with_file_and_line(tmp_path, case):
    check(tmp_path, case)


def test_a_missing_file_is_named(tmp_path):
    rejected(tmp_path, r"meterseal\.toml")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_password_file_that_others_can_read_is_refused(tmp_path, mode):
    (tmp_path / "meterseal.toml").write_text(GOOD)
    write_password(tmp_path)
    os.chmod(tmp_path / "mqtt.password", mode)
    assert "chmod 600" in rejected(tmp_path, r"mqtt\.password")


def test_a_missing_password_file_is_named(tmp_path):
    (tmp_path / "meterseal.toml").write_text(GOOD)
    rejected(tmp_path, r"mqtt\.password")


def test_usage_errors_exit_2_and_help_exits_0(tmp_path):
    assert run_binary("--help").returncode == 0
    assert run_binary("run", "--help").returncode == 0
    assert run_binary("--version").returncode == 0
    for wrong in (["frobnicate"], ["run", "--frobnicate"], ["sim", "--meter", "nosuchmeter:1"], []):
        result = run_binary(*wrong)
        assert result.returncode == 2, wrong
        assert "meterseal: error: " in result.stderr, wrong
