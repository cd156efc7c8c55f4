"""Backup and Restore on the page of the real agent: what a file holds, who can open it, what comes back."""
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness import BINARY, PASSWORD, USER, fingerprint_mode, free_port, site, wait_for
from test_web import ADMIN, Face, face_of, web

PASSPHRASE = "five green glass marbles"


def make(face, passphrase=PASSPHRASE, own=ADMIN):
    request = urllib.request.Request(face.url + "/api/backup", urllib.parse.urlencode({"passphrase": passphrase, "own": own}).encode(),
                                     {"Cookie": face.cookie, "X-CSRF-Token": face.csrf})
    with face.open(request, timeout=60) as answer:
        return answer.read()


def restore(face, backup, step="keep", passphrase=PASSPHRASE, own=ADMIN, path="/api/restore"):
    line = urllib.parse.urlencode({"step": step, "passphrase": passphrase, "own": own}).encode() + b"\n"
    request = urllib.request.Request(face.url + path, line + backup,
                                     {"Cookie": face.cookie, "X-CSRF-Token": face.csrf, "Content-Type": "application/octet-stream"})
    try:
        with face.open(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


class Walked:
    """A device that was set up on its page."""

    def __init__(self, parts, pki, broker, certificate, state="state", topic="walked"):
        self.parts, self.state, self.port = parts, parts.folder / state, free_port()
        self.start()
        self.open()
        answers = {"port": f"{parts.folder}/bus", "baud": "9600", "parity": "none", "address": "1", "profile": "sdm630",
                   "topic": topic, "broker": f"localhost:{broker.port}", "user": USER, "password": PASSWORD,
                   "mode": "fingerprint", "fingerprint": certificate.fingerprint, "admin": "owner", "adminPassword": ADMIN}
        seen = len(self.agent.lines)
        assert self.face.ask("/api/setup/finish", answers)[0] == 200
        self.agent.wait_line(r"WEB: page at", 40, after=seen)
        self.log_in()

    def start(self):
        self.agent = self.parts.process([BINARY, "run", "--state", self.state, "--setup-listen", f"127.0.0.1:{self.port}"])

    def open(self):
        code = self.agent.wait_line(r"enter the code ([0-9A-Z-]{23})$")[1]
        self.face = Face(self.port, self.agent.wait_line(r"SHA-256 ([0-9A-F:]{95})$")[1])
        status, body, headers = self.face.ask("/api/setup/open", {"code": code})
        assert status == 200
        self.face.cookie, self.face.csrf = headers["Set-Cookie"].split(";")[0], json.loads(body)["csrf"]

    def command(self, line):
        """One that needs a restart."""
        seen = len(self.agent.lines)
        assert "Error" not in self.face.ask("/api/console", {"line": line})[1]
        self.agent.wait_line(r"WEB: page at", 40, after=seen)
        self.log_in()

    def log_in(self):
        def enter():
            try:
                return self.face.log_in("owner") == 200
            except OSError:
                return False
        wait_for("the owner's login", enter, 40)


@pytest.fixture
def walked(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim(baud=9600)
    device = Walked(parts, pki, broker, certificate)
    device.agent.wait_line(r"MQTT: Connected to localhost:\d+ \(TLS\)$")
    return device


def test_a_backup_shows_nothing_without_its_passphrase_and_is_made_by_its_owner_only(walked):
    backup = make(walked.face)
    assert backup.startswith(b"meterseal sealed 1\n")
    for secret in (PASSWORD, USER, "walked", "owner", "sdm630", "PRIVATE KEY"):
        assert secret.encode() not in backup, secret
    for wrong in ({"own": "not my password"}, {"passphrase": "short"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            make(walked.face, **wrong)
        assert refused.value.code in (400, 403)
        refused.value.close()
    assert "five green" not in walked.agent.text


def test_what_was_changed_after_a_backup_is_as_before_when_it_is_restored(walked):
    face = walked.face
    walked.command("DeviceName Cellar")
    backup = make(face)
    assert face.ask("/api/access/user", {"name": "stranger", "role": "admin", "password": "some other long words", "own": ADMIN})[0] == 200
    assert "TlsRenewal" in face.ask("/api/console", {"line": "TlsRenewal same-ca"})[1]
    walked.command("DeviceName Attic")

    status, seen = restore(face, backup, "look")
    assert status == 200, seen
    assert seen["device"] == "walked" and seen["users"] == ["owner (admin)"] and len(seen["brokers"]) == 1 and seen["made"] > 1_700_000_000
    assert "Attic" in face.ask("/api/console", {"line": "DeviceName"})[1], "looking changes nothing"
    assert not list(walked.state.glob("restore*"))

    for refused, code in ((restore(face, backup, passphrase="five green glass marble"), "secrets_wrong_passphrase"),
                          (restore(face, b"x" * 500), "secrets_not_sealed"),
                          (restore(face, backup[:-1]), "secrets_wrong_passphrase")):
        assert refused[0] == 400 and refused[1]["code"] == code, refused
    wait_for("the pause after a wrong password", lambda: restore(face, backup, own="not mine")[0] == 403, 30)
    assert "Attic" in face.ask("/api/console", {"line": "DeviceName"})[1]

    seen = len(walked.agent.lines)
    wait_for("the restore", lambda: restore(face, backup)[0] == 200, 30)
    walked.agent.wait_line(r"SYS: restored from a backup of walked$", 30, after=seen)
    walked.agent.wait_line(r"WEB: page at", 30, after=seen)
    assert face.ask("/api/live")[0] == 401, "the sessions of the former users have ended"
    walked.log_in()
    assert "Cellar" in face.ask("/api/console", {"line": "DeviceName"})[1]
    assert "same-key" in face.ask("/api/console", {"line": "TlsRenewal"})[1]
    assert [user["name"] for user in json.loads(face.ask("/api/access")[1])["users"]] == ["owner"]
    wait_for("the sealed connection", lambda: json.loads(face.ask("/api/live")[1])["seal"]["state"] == "sealed", 30)
    what = [event["what"] for event in json.loads(face.ask("/api/log")[1])["events"]]
    assert "backup made" in what and "restored from a backup" in what
    assert not list(walked.state.glob("restore*"))


def test_another_device_is_set_up_from_a_backup_and_goes_on_counting(walked, parts):
    def total():
        meters = json.loads(walked.face.ask("/api/live")[1])["meters"]
        return meters[0]["total"]
    before = wait_for("a counted total", total)
    backup = make(walked.face)
    assert walked.agent.stop() == 0
    walked.state, walked.port = parts.folder / "spare", free_port()
    walked.start()
    walked.open()
    status, answer = restore(walked.face, backup, "keep", "not the passphrase", path="/api/setup/restore")
    assert status == 400 and not (walked.state / "provisioned").exists()
    status, seen = restore(walked.face, backup, path="/api/setup/restore")
    assert status == 200 and seen["device"] == "walked"
    walked.agent.wait_line(r"MQTT: Connected to localhost:\d+ \(TLS\)$", 40)
    walked.log_in()  # where the page of the spare device is, not where that of the first one was
    assert wait_for("the total", total) >= before
    for name in ("site.toml", "mqtt.password", "web.access", "web.identity", "provisioned"):
        assert (walked.state / name).stat().st_mode & 0o777 == 0o600, name


def test_a_restore_that_a_power_cut_interrupts_is_done_at_the_next_start(walked):
    backup = make(walked.face)
    walked.command("DeviceName Attic")
    assert wait_for("the restore", lambda: restore(walked.face, backup)[0] == 200, 30)
    walked.agent.kill()
    assert (walked.state / "restore.pending").stat().st_mode & 0o777 == 0o600
    walked.start()
    walked.agent.wait_line(r"SYS: restored from a backup of walked$", 30)
    walked.log_in()
    assert "Attic" not in walked.face.ask("/api/console", {"line": "DeviceName"})[1]


def test_a_backup_of_a_device_with_a_file_fits_such_a_device_only(parts, pki, walked):
    certificate = pki.issue("second")
    broker = parts.mosquitto(certificate)
    port = free_port()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 9600', fingerprint_mode(certificate), topic="declared") + web(parts.folder, port))
    face = face_of(agent, port)
    wait_for("the login", lambda: face.log_in() == 200)
    of_page = make(walked.face)
    status, answer = restore(face, of_page)
    assert status == 400 and answer["code"] == "app_backup_unusable" and "holds a site" in answer["error"]
    of_file = make(face)
    assert restore(face, of_file, "look")[1]["device"] == "declared"
    backup_holds = restore(walked.face, of_file, "look")
    assert backup_holds[0] == 200, "settings alone fit a device that has its site already"
