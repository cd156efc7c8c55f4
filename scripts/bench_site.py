#!/usr/bin/env python3
"""Figures of the whole agent, from outside: the real binary, mosquitto with TLS, an independent subscriber.

  bench_site.py latency   from the moment a meter has answered to the subscriber's hands
  bench_site.py page_load  how punctually meters are read while the page is flooded with requests
  bench_site.py agent     memory, CPU per reading, and the time from start to the first publish
"""
import contextlib
import http.client
import multiprocessing
import os
import pathlib
import socket
import ssl
import statistics
import struct
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import Agent, free_port, Mosquitto, Pki, Sim, Subscriber, fingerprint_mode, site, wait_for  # noqa: E402


class CountingMeter:
    """An SDM630 over Modbus TCP whose current L1, in mA, is the number of the read; remembers when each was answered."""

    def __init__(self):
        self.answered = {}
        self.reads = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        while True:
            request = connection.recv(260)
            if len(request) < 12:
                return
            start, words = struct.unpack(">HH", request[8:12])
            registers = {}
            if start <= 6 < start + words:
                self.reads += 1
                registers = {0: 230.0, 2: 230.0, 4: 230.0, 6: self.reads / 1000, 70: 50.0}
            data = bytearray(2 * words)
            for address, value in registers.items():
                if start <= address and address + 2 <= start + words:
                    data[2 * (address - start):2 * (address - start) + 4] = struct.pack(">f", value)
            connection.sendall(request[:4] + struct.pack(">H", 3 + len(data)) + request[6:8] + bytes([len(data)]) + bytes(data))
            if registers:
                self.answered[self.reads] = time.monotonic()


def latency(folder):
    pki = Pki(folder / "pki")
    certificate = pki.issue("broker")
    broker = Mosquitto(folder / "broker", certificate)
    observer = Subscriber(broker.port, ca=pki.ca)
    meter = CountingMeter()
    config = site(broker.port, f'tcp = "127.0.0.1:{meter.port}"', fingerprint_mode(certificate))
    agent = Agent(folder / "site", config + "poll_ms = 100\n")
    observer.wait("tele/e2e/SENSOR", 31, 60)
    waits = []
    for _, payload, _, arrived in observer.of("tele/e2e/SENSOR")[1:]:
        current = float(payload.split('"Current":[')[1].split(",")[0])
        waits.append((arrived - meter.answered[round(current * 1000)]) * 1000)
    waits.sort()
    print("meter to subscriber, over TLS, with an fsync on the way; the meter is read every 100 ms and telemetry is sent")
    print("every second, so that a value waits 0 to 100 ms for its message:")
    print(f"  shortest {waits[0]:.1f} ms, median {statistics.median(waits):.1f} ms, longest {waits[-1]:.1f} ms, {len(waits)} messages")
    for part in (agent, observer, broker):
        part.stop()


def flood(port, until, counts, number):
    """One client: connections of their own with a whole handshake each, then ten requests on it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    while time.monotonic() < until:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        with contextlib.suppress(OSError, http.client.HTTPException):
            for _ in range(10):
                connection.request("GET", "/")
                answer = connection.getresponse()
                if len(answer.read()) == 0 or answer.status != 200:
                    break
                counts[number] += 1
        connection.close()


def intervals(meter, begin, end):
    times = [meter.answered[n] for n in sorted(meter.answered) if begin <= meter.answered[n] < end]
    return sorted((b - a) * 1000 for a, b in zip(times, times[1:]))


def page_load(folder):
    pki = Pki(folder / "pki")
    certificate = pki.issue("broker")
    broker = Mosquitto(folder / "broker", certificate)
    meter = CountingMeter()
    port = free_port()
    config = site(broker.port, f'tcp = "127.0.0.1:{meter.port}"', fingerprint_mode(certificate)) + "poll_ms = 100\n"
    agent = Agent(folder / "site", config + f'[web]\nlisten = ["127.0.0.1:{port}"]\n')
    agent.wait_line(r"MQTT: Connected to")
    seconds, clients = 20, 4
    print(f"time between two readings of a meter that is read every 100 ms, {seconds} s each; load {os.getloadavg()[0]:.1f}:")
    for name, crowd in (("page idle", 0), (f"{clients} clients", clients)):
        begin = time.monotonic()
        counts = multiprocessing.Array("l", max(1, crowd), lock=False)
        children = [multiprocessing.Process(target=flood, args=(port, begin + seconds, counts, n)) for n in range(crowd)]
        before = cpu_seconds(agent.child.pid)
        for child in children:
            child.start()
        wait_for("the measuring time", lambda: time.monotonic() > begin + seconds, seconds + 5)
        used = cpu_seconds(agent.child.pid) - before
        for child in children:
            child.join()
        found = intervals(meter, begin, begin + seconds)
        print(f"  {name:10}: median {statistics.median(found):.1f} ms, 99 % {found[int(len(found) * 0.99)]:.1f} ms, "
              f"longest {found[-1]:.1f} ms, {sum(counts) / seconds:.0f} requests/s, CPU {100 * used / seconds:.0f} %")
    for part in (agent, broker):
        part.stop()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


def resident_by_file(pid):
    """KiB of each mapped file, the largest first."""
    sums = {}
    name = ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if line.startswith("Rss:"):
            sums[name] = sums.get(name, 0) + int(line.split()[1])
        elif "-" in line.split(" ", 1)[0]:
            fields = line.split(None, 5)
            name = fields[5].rsplit("/", 1)[-1] if len(fields) > 5 else "stacks, anonymous"
    return sorted(sums.items(), key=lambda item: -item[1])


def agent(folder):
    pki = Pki(folder / "pki")
    certificate = pki.issue("broker")
    broker = Mosquitto(folder / "broker", certificate)
    observer = Subscriber(broker.port, ca=pki.ca)
    meters = [("sdm630", 1, "main")] + [("sdm120", n, f"sub{n}") for n in range(2, 9)]
    sim = Sim(folder / "bus", meters=[f"{profile}:{address}" for profile, address, _ in meters], baud=9600)
    config = site(broker.port, f'device = "{folder}/bus"\nbaud = 9600', fingerprint_mode(certificate), meters=meters, tele_period=10)
    config += f'[web]\nlisten = ["127.0.0.1:{free_port()}"]\n'
    begun = time.monotonic()
    process = Agent(folder / "site", config)
    process.wait_line(r"MQTT: Connected to")
    connected = time.monotonic() - begun
    process.wait_line(r"BUS: .* answers")
    first_reading = time.monotonic() - begun
    published = observer.wait("tele/e2e/SENSOR")[0][3] - begun
    print("one SDM630 and seven SDM120 on a paced line of 9600 baud, poll_ms = 1000, telemetry every 10 s, page served")
    print(f"  start to sealed connection {connected * 1000:.0f} ms, to first answer {first_reading * 1000:.0f} ms, "
          f"to first SENSOR at the subscriber {published * 1000:.0f} ms: {(published - first_reading) * 1000:.0f} ms after the first answer")
    seconds = 30
    before = cpu_seconds(process.child.pid)
    started = time.monotonic()
    wait_for("the measuring time", lambda: time.monotonic() - started > seconds, seconds + 5)
    used = cpu_seconds(process.child.pid) - before
    print(f"  CPU {100 * used / seconds:.2f} % of one core over {seconds} s")
    print(f"  memory: resident {memory_kb(process.child.pid, 'VmRSS') / 1024:.1f} MiB, "
          f"of it own (anonymous) {memory_kb(process.child.pid, 'RssAnon') / 1024:.1f} MiB, "
          f"peak {memory_kb(process.child.pid, 'VmHWM') / 1024:.1f} MiB")
    print("  resident of each, KiB: " + ", ".join(f"{name} {kb}" for name, kb in resident_by_file(process.child.pid) if kb >= 100))
    for part in (process, observer, sim, broker):
        part.stop()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("latency", "agent", "page_load"):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="meterseal-bench.") as temporary:
        {"latency": latency, "agent": agent, "page_load": page_load}[sys.argv[1]](pathlib.Path(temporary))
