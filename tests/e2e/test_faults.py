"""The world goes wrong and comes back: clocks that jump, slow and half-open connections, acknowledgements in the wrong
order, no descriptors, no memory. Each time every number arrives, and the agent needs no hand."""
import contextlib
import resource
import socket
import sqlite3
import struct
import threading
import time
import zlib

from harness import fingerprint_mode, site, wait_for
from test_clock import wall_clock


def numbers(observer):
    """Every record that arrived, by its number; asserts that a repeated one says the same."""
    texts = {}
    for topic in ("tele/e2e/SENSOR", "tele/e2e/HISTORY"):
        for message, parsed in zip(observer.of(topic), observer.json_of(topic)):
            assert texts.setdefault(parsed["Seq"], message[1]) == message[1]
    return texts


def waiting(agent):
    with contextlib.closing(agent.database()) as db:
        return db.execute("select count(*) from record").fetchone()[0]


def assert_complete(observer, agent, seconds=60):
    last = agent.last_number()
    wait_for(f"numbers 1 to {last}", lambda: set(numbers(observer)) >= set(range(1, last + 1)), seconds)
    assert agent.child.poll() is None, agent.text


class Road:
    """TCP between agent and broker that can be made slow, or dead without either end hearing of it."""

    def __init__(self, target):
        self.target, self.bytes_per_second, self.sockets, self.dead = target, None, [], set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except OSError:  # the broker is away
                    near.close()
                    continue
                self.sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(512):
                if source in self.dead:
                    continue  # nobody is told
                if self.bytes_per_second:
                    time.sleep(len(data) / self.bytes_per_second)
                sink.sendall(data)
        for s in (source, sink):
            if s not in self.dead:
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)

    def die(self):
        """The connections of now; later ones live."""
        self.dead.update(self.sockets)

    def stop(self):
        self.listener.close()
        for s in self.sockets:
            s.close()


def start(parts, pki, road=False, **options):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    way = parts.add(Road(broker.port)) if road else None
    agent_options = {name: options.pop(name) for name in ("env", "prefix") if name in options}
    agent = parts.agent(site((way or broker).port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate),
                             **options), **agent_options)
    observer.wait("tele/e2e/SENSOR", 2, 40)
    return broker, observer, agent, way


def test_a_clock_that_jumps_both_ways_loses_and_doubles_nothing(parts, pki):
    clock = parts.folder / "clock"
    clock.write_text("0\n")
    _, observer, agent, _ = start(parts, pki, env={"LD_PRELOAD": wall_clock(parts.folder), "WALL_CLOCK_OFFSET": str(clock)})
    for offset in (3 * 86400, -2 * 86400, 30, -30, 0):
        clock.write_text(f"{offset}\n")
        more = agent.last_number() + 2
        wait_for("more readings", lambda: agent.last_number() >= more)
    assert_complete(observer, agent)
    numbered = [m["Seq"] for m in observer.json_of("tele/e2e/SENSOR")]
    assert numbered == sorted(set(numbered)), "once each, in their order, whatever their times say"


def test_a_slow_connection_loses_nothing_and_the_newest_reading_does_not_wait(parts, pki):
    broker, observer, agent, road = start(parts, pki, road=True)
    broker.stop()
    wait_for("a backlog", lambda: waiting(agent) >= 5)
    road.bytes_per_second = 4000
    broker.restart()
    live = len(observer.of("tele/e2e/SENSOR"))
    observer.wait("tele/e2e/SENSOR", live + 3, 60)
    assert_complete(observer, agent, 90)


def test_a_half_open_connection_is_found_out_and_loses_nothing(parts, pki):
    _, observer, agent, road = start(parts, pki, road=True, mqtt_extra="keep_alive = 5")
    for _ in range(2):
        seen = len(agent.lines)
        road.die()
        agent.wait_line("MQTT: Connected to", 60, after=seen)
        assert_complete(observer, agent)


class BackwardsBroker:
    """MQTT 3.1.1 in clear that acknowledges the newest first, besides numbers that nobody sent and some twice."""

    def __init__(self):
        self.bodies = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    @staticmethod
    def _read(s, count):
        data = b""
        while len(data) < count:
            part = s.recv(count - len(data))
            if not part:
                raise OSError
            data += part
        return data

    def _packet(self, s):
        kind, length, shift = self._read(s, 1)[0], 0, 0
        while True:
            byte = self._read(s, 1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, self._read(s, length)

    def _serve(self, s):
        held = []
        with contextlib.suppress(OSError):
            while True:
                kind, body = self._packet(s)
                if kind >> 4 == 1:
                    s.sendall(b"\x20\x02\x00\x00")
                elif kind >> 4 == 8:
                    s.sendall(b"\x90\x03" + body[:2] + b"\x01")
                elif kind >> 4 == 12:
                    s.sendall(b"\xd0\x00")
                elif kind >> 4 == 3 and kind & 6:
                    topic = struct.unpack(">H", body[:2])[0]
                    held.append(body[2 + topic:4 + topic])
                    self.bodies.append(body[4 + topic:])
                    if len(held) == 3:
                        acks = [*reversed(held), held[0], b"\xff\xf0"]
                        s.sendall(b"".join(b"\x40\x02" + identifier for identifier in acks))
                        held.clear()

    def stop(self):
        self.listener.close()


def test_acknowledgements_in_the_wrong_order_delete_what_they_name_and_nothing_else(parts):
    broker = parts.add(BackwardsBroker())
    parts.sim()
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200',
                             'mode = "off"\nallow_plaintext = true', mqtt_extra="discovery = false"))
    agent.wait_line("MQTT: Connected to")
    wait_for("readings", lambda: agent.last_number() >= 9, 60)
    wait_for("deletions", lambda: waiting(agent) <= 5)
    with contextlib.closing(agent.database()) as db:
        kept = {row[0] for row in db.execute("select sequence from record")}
    arrived = {int(body.split(b'"Seq":')[1].split(b",")[0]) for body in list(broker.bodies) if b'"Seq":' in body}
    assert arrived | kept >= set(range(1, 10))
    assert agent.text.count("MQTT: Connected to") == 1, "an acknowledgement that nothing waits for is no reason to go"


def test_without_descriptors_readings_are_kept_and_delivered_when_there_are_some_again(parts, pki):
    broker, observer, agent, _ = start(parts, pki)
    before = resource.prlimit(agent.child.pid, resource.RLIMIT_NOFILE)
    broker.stop()
    agent.wait_line("(?i)mqtt: .*(closed|refused|reset)")
    resource.prlimit(agent.child.pid, resource.RLIMIT_NOFILE, (3, before[1]))
    broker.restart()
    agent.wait_line(r"Too many open files \(core_out_of_resources\)", 40)
    more = agent.last_number() + 4
    wait_for("readings without descriptors", lambda: agent.last_number() >= more, 40)
    resource.prlimit(agent.child.pid, resource.RLIMIT_NOFILE, before)
    assert_complete(observer, agent, 120)


def inject(agent, count, size):
    """Records as docs/formats/outbox.md describes them, as if a broker had been away for long."""
    body = '"ENERGY":{"Total":1.000,"Filler":"' + "x" * size + '"}'

    def crc(*values):
        return zlib.crc32(body.encode(), zlib.crc32(b"".join(struct.pack("<q", value) for value in values)))

    with contextlib.closing(sqlite3.connect(agent.folder / "state" / "meterseal.db")) as db:
        last, oldest, now = agent.last_number(), agent.last_number() + 1, int(time.time() * 1000)
        for number in range(last + 1, last + count + 1):
            row = (number, 1, number, 1, now, 0, oldest)
            db.execute("insert into record values(?, ?, ?, ?, ?, ?, ?, ?)", (number, 1, number, now, 0, oldest, crc(*row), body))
        check = (last + count) * 2**24 + (zlib.crc32(struct.pack("<q", last + count)) >> 8)
        db.execute("update sqlite_sequence set seq = ? where name = 'record_check'", (check,))
        db.commit()


def test_a_large_backlog_needs_no_more_memory_than_a_small_one(parts, pki):
    count, size = 1500, 30_000
    broker, observer, agent, _ = start(parts, pki)
    config = agent.config.read_text()
    agent.config.write_text(config.replace("[mqtt.tls]", "[outbox]\nreplay_per_second = 1000\n[mqtt.tls]", 1))
    assert agent.stop() == 0
    inject(agent, count, size)
    agent.start()

    def data():
        status = open(f"/proc/{agent.child.pid}/status").read()
        return int(status.split("VmData:")[1].split()[0]) * 1024

    wait_for("the start", lambda: agent.child.poll() is None and data() > 0)
    resource.prlimit(agent.child.pid, resource.RLIMIT_DATA, (data() + 24 * 2**20,) * 2)  # half of the backlog's 45 MB
    last = agent.last_number()
    assert last >= count
    wait_for("the whole backlog", lambda: len(numbers(observer)) >= last, 150)
    assert_complete(observer, agent)
    assert "quarantin" not in agent.text and "damaged" not in agent.text, "the rows are as the page describes them"
