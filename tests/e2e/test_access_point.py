"""The Wi-Fi access point of the first set-up: the real agent, a real message bus, and a NetworkManager without a radio."""
import hashlib
import http.client
import json
import pathlib
import re
import signal
import ssl
import sys
import urllib.parse

from harness import BINARY, Process, free_port, wait_for

HERE = pathlib.Path(__file__).parent
ADDRESS = "127.0.0.2"  # of the access point: this machine answers there, too
JOIN = r"WIFI: access point (\S+) on (\S+), (WPA[23]): join it with the key ([0-9a-z-]{23}) and open https://([0-9.]+):(\d+)/$"
NO_BUS = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}


class Bus(Process):
    def __init__(self, folder):
        config = folder / "bus.conf"
        config.write_text(f"""<busconfig><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth><policy context="default">
            <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>""")
        super().__init__(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"])
        self.wait_line("^unix:path=")
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}


class NetworkManager(Process):
    def __init__(self, bus, **spec):
        spec.setdefault("devices", [{"interface": "wlan0"}])
        super().__init__([sys.executable, HERE / "network_manager.py", json.dumps({"address": ADDRESS, **spec})], env=bus.environment)
        self.wait_line('"ready"')

    def events(self, name):
        return [one for one in map(json.loads, (line for line in list(self.lines) if line.startswith("{"))) if one["event"] == name]

    def security(self):
        return [one["settings"]["802-11-wireless-security"] for one in self.events("activate")]


def first_boot(parts, environment, port, *arguments):
    return parts.add(Process([BINARY, "run", "--state", parts.folder / "state", "--setup-listen", f"0.0.0.0:{port}", *arguments],
                             env=environment))


def ask(agent, port, path, form=None, source=None, cookie=None, csrf=None):
    """Over the access point's address, as its page is asked by a phone in it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(ADDRESS, port, timeout=30, context=context,
                                             source_address=(source, 0) if source else None)
    connection.connect()
    digest = hashlib.sha256(connection.sock.getpeercert(True)).hexdigest().upper()
    assert ":".join(re.findall("..", digest)) in agent.text, "the certificate whose fingerprint is in the log"
    headers = {"Cookie": cookie or "", "X-CSRF-Token": csrf or "", "Content-Type": "application/x-www-form-urlencoded"}
    body = urllib.parse.urlencode(form) if form else None
    connection.request("POST" if form else "GET", path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers


def test_a_phone_reaches_the_set_up_over_wpa3_and_a_stop_ends_it(parts):
    bus = parts.add(Bus(parts.folder))
    manager = parts.add(NetworkManager(bus, startup=2))
    port = free_port()
    agent = first_boot(parts, bus.environment, port, "--setup-access-point")
    name, interface, generation, key, address, shown_port = agent.wait_line(JOIN, 60).groups()
    assert (name, interface, generation, address, int(shown_port)) == ("Meterseal-3F2A", "wlan0", "WPA3", ADDRESS, port)
    told = manager.events("activate")
    assert len(told) == 1
    assert told[0]["device"] == "/org/freedesktop/NetworkManager/Devices/0"
    assert told[0]["options"] == {"persist": "volatile", "bind-activation": "dbus-client"}
    assert told[0]["settings"] == {
        "connection": {"id": name, "type": "802-11-wireless", "interface-name": "wlan0", "autoconnect": False},
        "802-11-wireless": {"ssid": name, "mode": "ap"},
        "802-11-wireless-security": {"key-mgmt": "sae", "psk": key, "proto": ["rsn"], "pairwise": ["ccmp"], "group": ["ccmp"],
                                     "pmf": 3, "wps-method": 1},
        "ipv4": {"method": "shared"}, "ipv6": {"method": "disabled"}}
    status, body, _ = ask(agent, port, "/api/session")
    assert (status, json.loads(body)["mode"]) == (200, "code")
    # The key is in the log and nowhere else.
    process = pathlib.Path(f"/proc/{agent.child.pid}")
    assert key.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert agent.stop() == 0
    assert manager.wait_line('"gone"') and manager.events("gone") == [{"event": "gone", "why": "it was deactivated"}]
    assert "WIFI: the access point is closed: the program ends" in agent.text
    kept = [file for file in (parts.folder / "state").rglob("*") if file.is_file()]
    assert kept and not [file for file in kept if key.encode() in file.read_bytes()]
    again = first_boot(parts, bus.environment, port, "--setup-access-point")
    assert again.wait_line(JOIN, 60)[4] != key, "new at each start"


def test_wpa2_only_is_a_stated_fall_back_and_an_open_one_is_never_tried(parts):
    bus = parts.add(Bus(parts.folder))
    manager = parts.add(NetworkManager(bus, fail={"sae": 9}))
    port = free_port()
    agent = first_boot(parts, bus.environment, port, "--setup-access-point")
    assert agent.wait_line(JOIN, 60)[3] == "WPA2"
    assert "warning: WIFI: WPA2 only (wpa_supplicant could not open it)" in agent.text
    assert [(one["key-mgmt"], one["pmf"]) for one in manager.security()] == [("sae", 3), ("wpa-psk", 1)]
    assert agent.stop() == 0

    parts.add(NetworkManager(other := parts.add(Bus(make_folder(parts, "other"))), fail={"sae": 9, "wpa-psk": 5}))
    agent = first_boot(parts, other.environment, port, "--setup-access-point")
    agent.wait_line(r"wifi_start_failed", 60)
    agent.wait_line(r"WIFI: the set-up goes on without an access point$")
    assert ask(agent, port, "/api/session")[0] == 200


def make_folder(parts, name):
    folder = parts.folder / name
    folder.mkdir()
    return folder


def test_it_is_gone_with_the_process_that_was_killed(parts):
    bus = parts.add(Bus(parts.folder))
    manager = parts.add(NetworkManager(bus))
    agent = first_boot(parts, bus.environment, free_port(), "--setup-access-point")
    agent.wait_line(JOIN, 60)
    agent.kill()
    manager.wait_line('"gone"')
    assert manager.events("gone") == [{"event": "gone", "why": "the client left the bus"}]


def test_it_is_gone_when_the_set_up_is_done(parts):
    bus = parts.add(Bus(parts.folder))
    manager = parts.add(NetworkManager(bus))
    port = free_port()
    # By the environment, as the drop-in of the unit does it.
    agent = first_boot(parts, {**bus.environment, "METERSEAL_SETUP_ACCESS_POINT": "yes"}, port)
    agent.wait_line(JOIN, 60)
    code = agent.wait_line(r"enter the code ([0-9A-Z-]{23})$")[1]
    status, body, headers = ask(agent, port, "/api/setup/open", {"code": code})
    assert status == 200, body
    site = {"port": f"{parts.folder}/bus-that-is-not-there", "baud": "9600", "parity": "none", "address": "1", "profile": "sdm630",
            "topic": "walked", "broker": f"localhost:{free_port()}", "user": "walked", "password": "password-of-the-meter",
            "mode": "fingerprint", "fingerprint": ":".join(["A1"] * 32), "admin": "owner", "adminPassword": "three old copper pots"}
    status, body, _ = ask(agent, port, "/api/setup/finish", site, cookie=headers["Set-Cookie"].split(";")[0],
                          csrf=json.loads(body)["csrf"])
    assert status == 200, body
    agent.wait_line(r"WIFI: the access point is closed: the set-up is done$")
    manager.wait_line('"gone"')
    assert manager.events("gone") == [{"event": "gone", "why": "it was deactivated"}]
    wait_for("the life of the device", lambda: agent.text.count("WEB: page at") == 2, 30)
    assert agent.stop() == 0
    # The switch stays; a device that is set up never opens one again.
    again = first_boot(parts, bus.environment, port, "--setup-access-point")
    again.wait_line(r"WEB: page at")
    assert again.stop() == 0
    assert len(manager.events("activate")) == 1 and "WIFI" not in again.text


def test_it_is_gone_when_ten_codes_were_wrong(parts):
    bus = parts.add(Bus(parts.folder))
    manager = parts.add(NetworkManager(bus))
    port = free_port()
    agent = first_boot(parts, bus.environment, port, "--setup-access-point")
    agent.wait_line(JOIN, 60)
    for i in range(9):
        assert ask(agent, port, "/api/setup/open", {"code": "AAAAA"}, source=f"127.0.0.{100 + i}")[0] == 401
    assert not manager.events("gone")
    assert ask(agent, port, "/api/setup/open", {"code": "AAAAA"}, source="127.0.0.110")[0] == 403
    agent.wait_line(r"WIFI: the access point is closed: the code of the set-up is not good any more$", 30)
    manager.wait_line('"gone"')
    assert agent.child.poll() is None


def test_what_stands_in_its_way_is_said_and_the_set_up_goes_on(parts):
    radio = {"interface": "wlan0"}
    cases = [
        ("no NetworkManager", None, "wifi_manager_missing"),
        ("no Wi-Fi", {"devices": [{"interface": "eth0", "type": 1}]}, "wifi_no_device"),
        ("not managed", {"devices": [{**radio, "state": 10}]}, "wifi_no_device"),
        ("connected", {"devices": [{**radio, "state": 100}]}, "wifi_device_in_use"),
        ("a known network in reach", {"devices": [{**radio, "known": 1}]}, "wifi_device_in_use"),
        ("no access point", {"devices": [{**radio, "capabilities": 0x3F}]}, "wifi_not_capable"),
        ("no polkit rule", {"refuse": "org.freedesktop.NetworkManager.PermissionDenied"}, "wifi_not_allowed"),
    ]
    port = free_port()
    for what, spec, code in cases:
        bus = parts.add(Bus(make_folder(parts, code + str(len(what)))))
        manager = parts.add(NetworkManager(bus, **spec)) if spec else None
        agent = first_boot(parts, bus.environment, port, "--setup-access-point")
        agent.wait_line(rf"\({code}\)", 60)
        agent.wait_line(r"WIFI: the set-up goes on without an access point$")
        assert ask(agent, port, "/api/session")[0] == 200, what
        assert agent.stop() == 0
        assert not manager or not manager.events("open"), what
    agent = first_boot(parts, NO_BUS, port, "--setup-access-point")
    agent.wait_line(r"\(wifi_bus_unreachable\)", 60)
    assert agent.stop() == 0
    agent = parts.add(Process([BINARY, "run", "--state", parts.folder / "state", "--setup-listen", f"127.0.0.1:{port}",
                               "--setup-access-point"], env=NO_BUS))
    agent.wait_line(r"\(wifi_page_elsewhere\)", 60)


def test_who_ends_it_by_hand_is_answered_by_a_line_and_not_by_a_new_one(parts):
    bus = parts.add(Bus(parts.folder))
    manager = parts.add(NetworkManager(bus))
    agent = first_boot(parts, bus.environment, free_port(), "--setup-access-point")
    agent.wait_line(JOIN, 60)
    manager.signal(signal.SIGUSR1)
    agent.wait_line(r"\(wifi_access_point_lost\)", 60)
    assert agent.stop() == 0
    assert len(manager.events("activate")) == 1


def test_nobody_asks_for_a_radio_unasked(parts):
    bus = parts.add(Bus(parts.folder))
    manager = parts.add(NetworkManager(bus))
    agent = first_boot(parts, bus.environment, free_port())
    agent.wait_line(r"enter the code")
    assert "libsystemd" not in pathlib.Path(f"/proc/{agent.child.pid}/maps").read_text(), "the library costs nothing"
    assert agent.stop() == 0
    assert not manager.events("activate") and "WIFI" not in agent.text
