#!/usr/bin/env python3
"""The same job by Meterseal and by the programs that people use for it today, side by side in one run.

  bench_peers.py [--node-red FOLDER]   FOLDER: where node_modules with Node-RED stands

One SDM630 is read once a second and published over TLS (CA verified, QoS 1) to one mosquitto; each program has a meter of
its own, all of one make, and one independent subscriber sees what arrives. Three runs: Modbus TCP with a broker outage of
60 s; a paced serial line of 9600 baud; the same line read as fast as the program can. Meters and subscriber are no part
of the project. How each program is configured, and why so: docs/benchmarks.md.
"""
import argparse
import contextlib
import fcntl
import json
import multiprocessing
import os
import pathlib
import select
import shutil
import socket
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time
import tty

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import Agent, Mosquitto, PASSWORD, Pki, Process, Subscriber, USER, ca_mode, free_port, site, wait_for  # noqa: E402

WORDS = 80  # registers 0 to 79: all that an SDM630 measures of its three phases, and its counters
CURRENT_L1 = 6
BAUD = 9600
TURNAROUND = 0.020
CHARACTER = 10 / BAUD
SILENCE = 3.5 * CHARACTER
# The whole block once, as fast as the line carries it.
SHORTEST_CYCLE = (8 + 5 + 2 * WORDS) * CHARACTER + TURNAROUND + SILENCE
MAX_READS = 50_000
MEASURE = 30
OUTAGE = 60
PATIENCE = 180  # after the outage, until all are back


class Meter:
    """An SDM630 in a process of its own. Its current L1, in mA, is the number of the read; `answered` is when each was."""

    def __init__(self):
        self.answered = multiprocessing.Array("d", MAX_READS, lock=False)
        self.reads = multiprocessing.Value("l", 0, lock=False)
        self.words = multiprocessing.Value("l", 0, lock=False)
        self.process = multiprocessing.Process(target=self._run, daemon=True)

    def answer(self, pdu):
        """@return the answer to a read of registers, and whether it carries the number"""
        start, words = struct.unpack(">HH", pdu[1:5])
        has_number = start <= CURRENT_L1 < start + words
        if has_number:
            self.reads.value += 1
        image = {0: 230.0, 2: 231.0, 4: 232.0, 6: self.reads.value / 1000, 70: 50.0, 72: 1234.5}
        data = bytearray(2 * words)
        for address, value in image.items():
            if start <= address and address + 2 <= start + words:
                data[2 * (address - start):2 * (address - start) + 4] = struct.pack(">f", value)
        self.words.value += words
        return bytes([pdu[0], len(data)]) + bytes(data), has_number

    def told(self, has_number):
        if has_number:
            self.answered[self.reads.value] = time.monotonic()

    def stop(self):
        self.process.kill()
        self.process.join()


class TcpMeter(Meter):
    def __init__(self):
        super().__init__()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.process.start()

    def _run(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        while True:
            request = connection.recv(260)
            if len(request) < 12:
                return
            pdu, has_number = self.answer(request[7:12])
            connection.sendall(request[:4] + struct.pack(">H", 1 + len(pdu)) + request[6:7] + pdu)
            self.told(has_number)


class SerialMeter(Meter):
    """On a pseudo-terminal that delivers each byte when a half-duplex line of 9600 8N1 would."""

    def __init__(self):
        super().__init__()
        self.master, slave = os.openpty()
        tty.setraw(self.master, termios.TCSANOW)
        self.path = os.ttyname(slave)
        self.slave = slave  # held open, or the line would hang up when a program closes it
        self.process.start()

    def _run(self):
        fcntl.fcntl(self.master, fcntl.F_SETFL, os.O_NONBLOCK)
        waiting = b""
        while True:
            ready = select.select([self.master], [], [], 0.5 if not waiting else SILENCE)[0]
            if not ready:
                waiting = b""  # a frame that broke off
                continue
            if not waiting:
                begun = time.monotonic()
            waiting += os.read(self.master, 256)
            if len(waiting) < 8:
                continue
            request, waiting = waiting[:8], b""
            pdu, has_number = self.answer(request[1:6])
            frame = request[:1] + pdu
            frame += struct.pack("<H", crc16(frame))
            first = begun + 8 * CHARACTER + max(TURNAROUND, SILENCE)
            sent = 0
            while sent < len(frame):
                due = first + (sent + 1) * CHARACTER
                time.sleep(max(0.0, due - time.monotonic()))
                count = min(len(frame), int((time.monotonic() - first) / CHARACTER)) - sent
                if count > 0:
                    os.write(self.master, frame[sent:sent + count])
                    sent += count
            self.told(has_number)


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


class Job:
    """What one program has to do in one run."""

    def __init__(self, folder, pki, broker_port, meter, interval):
        self.folder, self.pki, self.broker_port, self.meter, self.interval = folder, pki, broker_port, meter, interval
        folder.mkdir(parents=True)

    @property
    def is_serial(self):
        return isinstance(self.meter, SerialMeter)


def start_meterseal(job):
    if job.is_serial:
        line = f'device = "{job.meter.path}"\nbaud = {BAUD}'
    else:
        line = f'tcp = "127.0.0.1:{job.meter.port}"'
    config = site(job.broker_port, line, ca_mode(job.pki), topic="meterseal")
    # The peers keep no silence beyond the 3.5 characters of the standard; SDM630 documents ask for 60 ms.
    interval = max(100, round(job.interval * 1000))
    # The others read the counters with everything else.
    return Agent(job.folder, config + f"gap_ms = 0\npoll_ms = {interval}\nenergy_ms = {interval}\n")


def meterseal_number(message):
    topic, payload = message[0], message[1]
    if topic not in ("tele/meterseal/SENSOR", "tele/meterseal/HISTORY"):
        return None
    current = json.loads(payload)["ENERGY"]["Current"][0]
    return None if current is None else round(current * 1000)


def start_collectd(job):
    names = [f"r{address}" for address in range(0, WORDS, 2)]
    data = "".join(f'<Data "r{a}">\nRegisterBase {a}\nRegisterType Float\nRegisterCmd ReadInput\nType gauge\nInstance "r{a}"\n</Data>\n'
                   for a in range(0, WORDS, 2))
    if job.is_serial:
        line = f'Device "{job.meter.path}"\nBaudrate {BAUD}'
    else:
        line = f'Address "127.0.0.1"\nPort "{job.meter.port}"'
    collect = "".join(f'Collect "{name}"\n' for name in names)
    config = job.folder / "collectd.conf"
    config.write_text(f"""
Hostname "site"
BaseDir "{job.folder}"
PIDFile "{job.folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval {job.interval}
LoadPlugin logfile
<Plugin logfile>
LogLevel notice
File "stdout"
</Plugin>
LoadPlugin modbus
LoadPlugin mqtt
<Plugin modbus>
{data}<Host "meter">
{line}
Interval {job.interval}
<Slave 1>
Instance "main"
{collect}</Slave>
</Host>
</Plugin>
<Plugin mqtt>
<Publish "broker">
Host "localhost"
Port {job.broker_port}
ClientId "collectd"
User "{USER}"
Password "{PASSWORD}"
QoS 1
CACert "{job.pki.ca}"
TLSProtocol "tlsv1.2"
</Publish>
</Plugin>
""")
    config.chmod(0o600)
    return Process(["collectd", "-f", "-C", config])


def collectd_number(message):
    topic, payload = message[0], message[1]
    if not topic.startswith("collectd/") or not topic.endswith(f"gauge-r{CURRENT_L1}"):
        return None
    return round(float(payload.rstrip("\0").split(":")[1]) * 1000)


NODE_RED_SETTINGS = """module.exports = {
  uiHost: "127.0.0.1", credentialSecret: false, mqttReconnectTime: 1000, httpAdminRoot: false, httpNodeRoot: false,
  diagnostics: {enabled: false}, telemetry: {enabled: false}, logging: {console: {level: "info"}}
}
"""
NODE_RED_FUNCTION = """const b = Buffer.alloc(160); msg.payload.forEach((w, i) => b.writeUInt16BE(w, 2 * i));
const out = {}; for (let i = 0; i < 40; ++i) out["r" + 2 * i] = b.readFloatBE(4 * i);
return {topic: "nodered/SENSOR", payload: out};"""


def start_node_red(job, modules):
    line = {"clienttype": "simpleser", "serialPort": job.meter.path, "serialType": "RTU-BUFFERD", "serialBaudrate": str(BAUD),
            "serialDatabits": "8", "serialStopbits": "1", "serialParity": "none", "serialConnectionDelay": "100"} \
        if job.is_serial else {"clienttype": "tcp", "tcpHost": "127.0.0.1", "tcpPort": str(job.meter.port), "tcpType": "DEFAULT"}
    milliseconds = max(1, round(job.interval * 1000))
    flows = [
        {"id": "tab", "type": "tab", "label": "meter"},
        {"id": "line", "type": "modbus-client", "name": "", "bufferCommands": True, "stateLogEnabled": False, "queueLogEnabled": False,
         "unit_id": "1", "commandDelay": "1", "clientTimeout": "1000", "reconnectOnTimeout": True, "reconnectTimeout": "2000",
         "parallelUnitIdsAllowed": True, **line},
        {"id": "read", "type": "modbus-read", "z": "tab", "name": "", "topic": "", "showStatusActivities": False, "showErrors": True,
         "unitid": "1", "dataType": "InputRegister", "adr": "0", "quantity": str(WORDS), "rate": str(milliseconds), "rateUnit": "ms",
         "delayOnStart": False, "server": "line", "useIOFile": False, "ioFile": "", "wires": [["values"], []]},
        {"id": "values", "type": "function", "z": "tab", "func": NODE_RED_FUNCTION, "outputs": 1, "wires": [["send"]]},
        {"id": "send", "type": "mqtt out", "z": "tab", "topic": "", "qos": "1", "retain": "", "broker": "broker", "wires": []},
        {"id": "broker", "type": "mqtt-broker", "broker": "localhost", "port": str(job.broker_port), "tls": "tls", "clientid": "nodered",
         "autoConnect": True, "usetls": True, "protocolVersion": "4", "keepalive": "60", "cleansession": False},
        {"id": "tls", "type": "tls-config", "cert": "", "key": "", "ca": str(job.pki.ca), "verifyservercert": True, "servername": "localhost"},
    ]
    (job.folder / "flows.json").write_text(json.dumps(flows))
    credentials = job.folder / "flows_cred.json"
    credentials.write_text(json.dumps({"broker": {"user": USER, "password": PASSWORD}}))
    credentials.chmod(0o600)
    (job.folder / "settings.js").write_text(NODE_RED_SETTINGS)
    (job.folder / "node_modules").symlink_to(modules)
    return Process(["node", modules / "node-red" / "red.js", "-u", job.folder, "-s", job.folder / "settings.js", "-p", free_port(),
                    job.folder / "flows.json"], env={"NODE_RED_ENABLE_TELEMETRY": "false"})


def node_red_number(message):
    topic, payload = message[0], message[1]
    return round(json.loads(payload)[f"r{CURRENT_L1}"] * 1000) if topic == "nodered/SENSOR" else None


def cpu_seconds(pid):
    """To the nanosecond: the usual counters of a process count hundredths."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_mib(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    return 0.0


class Peer:
    def __init__(self, name, start, number_of):
        self.name, self.start, self.number_of = name, start, number_of
        self.figures = {}

    def begin(self, folder, pki, broker_port, meter, interval):
        self.meter = meter
        self.process = self.start(Job(folder / self.name.lower().replace("-", ""), pki, broker_port, meter, interval))

    def arrived(self, observer):
        """Number of the read -> when it was first seen."""
        seen = {}
        for message in list(observer.messages):
            number = self.number_of(message)
            if number is not None and number not in seen:
                seen[number] = message[3]
        return seen

    def end(self):
        self.process.kill()
        self.meter.stop()


def everybody_delivers(peers, observer):
    for peer in peers:
        try:
            wait_for(f"first readings of {peer.name}", lambda p=peer: len(p.arrived(observer)) >= 3, 60)
        except AssertionError as failure:
            raise SystemExit(f"bench peers: error: {failure}\n{peer.process.text}") from None


def at_one_a_second(peers, observer, run):
    """CPU a reading and the time from the meter's answer to the subscriber."""
    cpu = [cpu_seconds(peer.process.child.pid) for peer in peers]
    begun = time.monotonic()
    time.sleep(MEASURE)
    ended = time.monotonic()
    for peer, before in zip(peers, cpu):
        used = cpu_seconds(peer.process.child.pid) - before
        seen = [(n, at) for n, at in peer.arrived(observer).items() if begun <= at < ended]
        waits = sorted((at - peer.meter.answered[n]) * 1000 for n, at in seen)
        peer.figures[run] = {
            "CPU a reading, ms": used * 1000 / max(1, len(seen)),
            "latency, median ms": statistics.median(waits),
            "latency, 95 % ms": waits[int(len(waits) * 0.95)],
            "readings": len(seen),
        }
        peer.figures[run]["resident memory, MiB"] = memory_mib(peer.process.child.pid, "VmRSS")
        peer.figures[run]["of it own, MiB"] = memory_mib(peer.process.child.pid, "RssAnon")


def broker_outage(peers, observer, broker):
    broker.stop()
    down = time.monotonic()
    time.sleep(OUTAGE)
    broker.restart()
    up = time.monotonic()

    def back_after(peer):
        return min((at for n, at in peer.arrived(observer).items() if peer.meter.answered[n] > up), default=None)

    with contextlib.suppress(AssertionError):
        wait_for("live readings of all", lambda: all(back_after(peer) for peer in peers), PATIENCE)
    time.sleep(10)  # what was kept comes after them
    for peer in peers:
        seen = peer.arrived(observer)
        peer.figures["tcp"]["back after, s"] = (back_after(peer) or float("inf")) - up
        read = [n for n in range(1, peer.meter.reads.value + 1) if down + 1 <= peer.meter.answered[n] < up - 1]
        peer.figures["tcp"]["lost in the outage, %"] = 100 * sum(n not in seen for n in read) / len(read)
        peer.figures["tcp"]["read in the outage"] = len(read)


def as_fast_as_it_goes(peers, observer):
    begun = [peer.meter.words.value for peer in peers]
    started = time.monotonic()
    time.sleep(MEASURE)
    elapsed = time.monotonic() - started
    for peer, words in zip(peers, begun):
        sets = (peer.meter.words.value - words) / WORDS
        peer.figures["fast"] = {"sets a second": sets / elapsed, "of the line's limit, %": 100 * sets * SHORTEST_CYCLE / elapsed}


def table(peers, run, title):
    print(f"\n{title}")
    names = [peer.name for peer in peers]
    print(f"  {'':24}" + "".join(f"{name:>12}" for name in names) + "".join(f"{name + '/' + names[0]:>22}" for name in names[1:]))
    for key in peers[0].figures[run]:
        values = [peer.figures[run][key] for peer in peers]
        line = f"  {key:24}" + "".join(f"{value:12.2f}" for value in values)
        line += "".join(f"{value / values[0]:22.2f}" if values[0] else f"{'-':>22}" for value in values[1:])
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--node-red", type=pathlib.Path)
    arguments = parser.parse_args()
    peers = [Peer("Meterseal", start_meterseal, meterseal_number)]
    if shutil.which("collectd"):
        peers.append(Peer("collectd", start_collectd, collectd_number))
    else:
        print("collectd is not installed and could not be: left out")
    modules = arguments.node_red and arguments.node_red.resolve() / "node_modules"
    if modules and (modules / "node-red" / "red.js").exists():
        peers.append(Peer("Node-RED", lambda job: start_node_red(job, modules), node_red_number))
    else:
        print("Node-RED is not installed and could not be: left out")
    print(f"load of this machine before the run: {os.getloadavg()[0]:.2f}, of {os.cpu_count()} cores")

    with tempfile.TemporaryDirectory(prefix="meterseal-peers.") as temporary:
        folder = pathlib.Path(temporary)
        pki = Pki(folder / "pki")
        broker = Mosquitto(folder / "broker", pki.issue("broker"))
        for run, make, interval in (("tcp", TcpMeter, 1.0), ("rtu", SerialMeter, 1.0), ("fast", SerialMeter, 0.02)):
            observer = Subscriber(broker.port, ca=pki.ca)
            for peer in peers:
                peer.begin(folder / run, pki, broker.port, make(), interval)
            try:
                everybody_delivers(peers, observer)
                if run == "fast":
                    as_fast_as_it_goes(peers, observer)
                else:
                    at_one_a_second(peers, observer, run)
                if run == "tcp":
                    broker_outage(peers, observer, broker)
            finally:
                for peer in peers:
                    peer.end()
                observer.stop()
        broker.stop()
    table(peers, "tcp", f"Modbus TCP, once a second, {MEASURE} s; then a broker outage of {OUTAGE} s:")
    table(peers, "rtu", f"serial line, {BAUD} baud, paced, once a second, {MEASURE} s:")
    table(peers, "fast", f"the same line as fast as it goes (the line carries {1 / SHORTEST_CYCLE:.2f} sets a second):")


if __name__ == "__main__":
    main()
