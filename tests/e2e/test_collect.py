"""The receivers: tail checks the numbers of what arrives, collect stores it once and proves what is missing."""
import json
import os
import pathlib
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import time

import pytest

from harness import (BINARY, PASSWORD, SIGKILL, USER, Process, ca_mode, fingerprint_mode, free_port, run_binary, site, wait_for,
                     write_password)


def receiver_file(folder, port, pki, collect=""):
    folder.mkdir(exist_ok=True)
    write_password(folder)
    file = folder / "receiver.toml"
    file.write_text(f'[mqtt]\nhosts = ["localhost:{port}"]\nuser = "{USER}"\npassword_file = "mqtt.password"\nclient_id = "receiver"\n'
                    f'[mqtt.tls]\n{ca_mode(pki)}\n{collect}')
    return file


def start_site(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    agent.wait_line("MQTT: Connected to")
    return broker, agent


def test_tail_sees_every_number_once(parts, pki):
    broker, _ = start_site(parts, pki)
    file = receiver_file(parts.folder / "receiver", broker.port, pki)
    result = run_binary("tail", "--config", file, "--seconds", "5", "--json", seconds=30)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["verdict"] for line in lines[:-1]] == ["ok"] * (len(lines) - 1) and len(lines) > 2
    summary = lines[-1]
    assert summary["device"] == "e2e" and summary["missing"] == 0 and summary["repeated"] == 0


def test_tail_names_a_gap_a_repetition_and_a_declared_loss(parts, pki):
    broker = parts.mosquitto(pki.issue("broker"))
    observer = parts.subscriber(broker.port, ca=pki.ca)
    file = receiver_file(parts.folder / "receiver", broker.port, pki)
    tail = parts.process([BINARY, "tail", "--config", file])
    tail.wait_line("watching")

    def publish(sequence, name="SENSOR", extra=""):
        observer.publish(f"tele/x/{name}", f'{{"Time":"2026-08-23T10:00:00"{extra},"Outbox":"a1","Seq":{sequence},"Boot":1}}')

    publish(1)
    publish(5)
    publish(5)
    publish(2, name="HISTORY")
    publish(6, name="LOSS", extra=',"Loss":{"First":3,"Last":4,"Count":1,"Reason":"thinned"}')
    observer.publish("tele/x/SENSOR", "not JSON")
    observer.publish("tele/x/SENSOR", '{"Time":"\x1b[2J","Outbox":"\x1b[2J","Seq":7,"Boot":1}')
    tail.wait_line(r"#5: 3 missing before it")
    tail.wait_line(r"#5: again")
    tail.wait_line(r"HISTORY #2: late, closes a gap")
    tail.wait_line(r"declares 1 of 3 to 4 lost: thinned")
    tail.wait_line(r"not numbered")
    assert tail.stop() == 1
    assert "x (outbox a1): 4 received, 1 missing, 1 came again, 1 declared lost" in tail.text
    assert "\x1b" not in tail.text, "a stranger draws on nobody's terminal"


def test_collect_stores_each_record_once_and_proves_that_nothing_is_missing(parts, pki):
    broker, agent = start_site(parts, pki)
    folder = parts.folder / "receiver"
    file = receiver_file(folder, broker.port, pki, '[collect]\ndatabase = "readings.db"\n')
    collector = parts.process([BINARY, "collect", "--config", file])
    collector.wait_line("collecting")

    def stored():
        with sqlite3.connect(f"file:{folder}/readings.db?mode=ro", uri=True) as db:
            return db.execute("select count(*) from reading").fetchone()[0]

    wait_for("three records", lambda: stored() >= 3)
    agent.signal(SIGKILL)
    agent.kill()
    agent.start()
    before = stored()
    wait_for("more records", lambda: stored() >= before + 3)
    assert agent.stop() == 0
    assert collector.stop() == 0
    report = run_binary("collect", "--config", file, "--report", "--json")
    assert report.returncode == 0, report.stdout + report.stderr
    device = json.loads(report.stdout)[0]
    assert device["device"] == "e2e" and device["missing"] == 0 and device["records"] == stored()
    assert (folder / "readings.db").stat().st_mode & 0o077 == 0


def test_a_report_with_gaps_says_so_and_exits_1(parts, pki, tmp_path):
    broker = parts.mosquitto(pki.issue("broker"))
    observer = parts.subscriber(broker.port, ca=pki.ca)
    file = receiver_file(tmp_path / "receiver", broker.port, pki, '[collect]\ndatabase = "readings.db"\n')
    collector = parts.process([BINARY, "collect", "--config", file])
    collector.wait_line("collecting")
    for sequence in (1, 2, 5):
        observer.publish("tele/x/HISTORY", f'{{"Time":"2026-08-23T10:00:00","Outbox":"a1","Seq":{sequence},"Boot":1}}')
    confirmed = observer.wait("cmnd/x/CONFIRM")
    assert collector.stop() == 0
    numbers = [n for m in observer.json_of("cmnd/x/CONFIRM") for first, last in m["Confirm"] for n in range(first, last + 1)]
    assert sorted(numbers) == [1, 2, 5] and confirmed, "confirmed once each, after the commit"
    report = run_binary("collect", "--config", file, "--report")
    assert report.returncode == 1
    assert "3 records, 2 missing" in report.stdout and "gaps: 3 to 4" in report.stdout


def postgres(request):
    """A server of the test's own, as a user of its own: it refuses to run as root. Its folder is not pytest's, whose parent
    each new pytest process closes for other users."""
    binaries = sorted(p for p in pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder = pathlib.Path(tempfile.mkdtemp(prefix="meterseal-pg-"))
    request.addfinalizer(lambda: shutil.rmtree(folder, ignore_errors=True))
    shutil.chown(folder, user)
    # replaced by the server itself, so that a kill reaches it
    prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"] if os.getuid() == 0 else []
    subprocess.run([*prefix, binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", "collector"], check=True,
                   capture_output=True, cwd="/")
    port = free_port()
    server = Process([*prefix, binaries / "postgres", "-D", folder / "data", "-p", port, "-h", "127.0.0.1", "-k", folder], cwd="/")
    server.wait_line("ready to accept connections", 60)
    return server, port


def test_several_collectors_share_the_messages_of_one_broker_into_postgresql(parts, pki, tmp_path, request):
    server, port = postgres(request)
    parts.add(server)
    broker, _ = start_site(parts, pki)
    folder = tmp_path / "receiver"
    file = receiver_file(folder, broker.port, pki, '[collect]\npostgres_file = "connection"\nshare = "collectors"\n')
    connection = folder / "connection"
    connection.write_text(f"host=127.0.0.1 port={port} user=collector dbname=postgres\n")
    connection.chmod(0o600)
    collectors = [parts.process([BINARY, "collect", "--config", file]) for _ in range(2)]
    for collector in collectors:
        collector.wait_line("collecting")
    started = time.monotonic()

    def report():
        result = run_binary("collect", "--config", file, "--report", "--json")
        assert result.returncode in (0, 1), result.stderr
        devices = json.loads(result.stdout)
        return devices[0] if devices and devices[0]["records"] >= 5 and devices[0]["missing"] == 0 else None

    device = wait_for("five records without a gap", report, 40)
    assert device["device"] == "e2e" and time.monotonic() > started
    for collector in collectors:
        assert collector.stop() == 0


@pytest.mark.parametrize("collect, pattern", [
    ("", "collect: is missing"),
    ("[collect]\n", "database: or postgres_file must be given"),
    ('[collect]\ndatabase = "a"\npostgres_file = "b"\n', "one of them only"),
    ('[collect]\ndatabase = "a"\nshare = "a/b"\n', "is no name of a group"),
    ('[collect]\ndatabase = "a"\nfull_topic = "%topic%/"\n', "full_topic"),
    ('[collect]\ndatabase = "/dev/null"\n', "collect_store_unusable"),
])
def test_a_wrong_receiver_file_is_refused(tmp_path, pki, collect, pattern):
    file = receiver_file(tmp_path / "receiver", 8883, pki, collect)
    result = run_binary("collect", "--config", file)
    assert result.returncode == 2, result.stderr
    assert pattern in result.stderr and "meterseal: hint: " in result.stderr and PASSWORD not in result.stderr
