"""Meters that the project did not write: pymodbus servers over Modbus TCP and over a serial line."""
import os
import pty
import struct
import subprocess

import threading
import tty

from harness import fingerprint_mode, free_port, site, wait_for

# What the foreign meter serves: address -> value (SDM630, input registers, float, high word first).
SERVED = {0x0000: 231.4, 0x0002: 229.8, 0x0004: 232.1, 0x0006: 5.25, 0x0008: 1.5, 0x000A: 0.75,
          0x000C: 1200.0, 0x000E: -345.0, 0x0010: 170.0, 0x0012: 1215.0, 0x0014: 345.0, 0x0016: 174.0,
          0x0018: 190.0, 0x001A: 4.0, 0x001C: -37.0, 0x001E: 0.988, 0x0020: -1.0, 0x0022: 0.977,
          0x0034: 1025.0, 0x0038: 1734.0, 0x003C: 157.0, 0x003E: 0.99, 0x0046: 49.98,
          0x0048: 27215.5, 0x004A: 12.25, 0x0156: 27227.75}

SERVER = '''
import asyncio, sys
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusSlaveContext, ModbusServerContext
from pymodbus.server import StartAsyncTcpServer, StartAsyncSerialServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer
registers = [0] * 1200
for line in sys.stdin.readline().split():
    address, word = line.split(":")
    registers[int(address)] = int(word)
store = ModbusSlaveContext(ir=ModbusSequentialDataBlock(0, registers), zero_mode=True)
context = ModbusServerContext(slaves={1: store}, single=False)
kind, where = sys.argv[1:3]
if kind == "serial":
    asyncio.run(StartAsyncSerialServer(context=context, framer=ModbusRtuFramer, port=where, baudrate=9600, timeout=0.05))
else:
    framer = ModbusSocketFramer if kind == "tcp" else ModbusRtuFramer
    asyncio.run(StartAsyncTcpServer(context=context, framer=framer, address=("127.0.0.1", int(where))))
'''

def start_server(parts, kind, where):
    words = []
    for address, value in SERVED.items():
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        words += [f"{address}:{high}", f"{address + 1}:{low}"]
    child = subprocess.Popen(["/usr/bin/python3", "-c", SERVER, kind, str(where)], stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    child.stdin.write(" ".join(words) + "\n")
    child.stdin.close()

    class Server:
        def stop(self):
            child.kill()
            child.wait()

    return parts.add(Server())

def energy(parts, pki, device):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    observer = parts.subscriber(broker.port, ca=pki.ca)
    parts.agent(site(broker.port, device, fingerprint_mode(certificate)))
    return wait_for("a complete reading", lambda: next(
        (m["ENERGY"] for m in observer.json_of("tele/e2e/SENSOR") if m["ENERGY"].get("Power", [None])[0] is not None), None))

def assert_as_served(reading):
    assert reading["Voltage"] == [231, 230, 232]
    assert reading["Current"] == [5.25, 1.5, 0.75]
    assert reading["Power"] == [1200, -345, 170]
    assert reading["ApparentPower"] == [1215, 345, 174]
    assert reading["ReactivePower"] == [190, 4, -37]
    assert reading["Factor"] == [0.99, -1.0, 0.98]
    assert reading["Frequency"] == 50
    assert reading["Total"] == 27215.5
    assert reading["ExportActive"] == 12.25

def test_a_pymodbus_tcp_meter_is_published_as_served(parts, pki):
    port = free_port()
    start_server(parts, "tcp", port)
    assert_as_served(energy(parts, pki, f'tcp = "127.0.0.1:{port}"\nframing = "modbus-tcp"'))

def test_a_pymodbus_rtu_over_tcp_meter_is_published_as_served(parts, pki):
    port = free_port()
    start_server(parts, "rtu-tcp", port)
    assert_as_served(energy(parts, pki, f'tcp = "127.0.0.1:{port}"\nframing = "rtu"'))

def bridge(a, b):
    """Two pseudo-terminals back to back: what is written to one slave is read from the other."""
    def pump(source, sink):
        try:
            while True:
                os.write(sink, os.read(source, 4096))
        except OSError:
            pass
    for pair in ((a, b), (b, a)):
        threading.Thread(target=pump, args=pair, daemon=True).start()

def test_a_pymodbus_serial_meter_is_published_as_served(parts, pki):
    ends = [pty.openpty(), pty.openpty()]
    for _, slave in ends:
        tty.setraw(slave)
    bridge(ends[0][0], ends[1][0])
    start_server(parts, "serial", os.ttyname(ends[0][1]))
    assert_as_served(energy(parts, pki, f'device = "{os.ttyname(ends[1][1])}"\nbaud = 9600'))

def test_one_dead_meter_does_not_silence_the_other(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    parts.sim(meters=("sdm630:1",))
    observer = parts.subscriber(broker.port, ca=pki.ca)
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate),
                             meters=(("sdm630", 1, "main"), ("sdm120", 9, "dead"))))
    observer.wait("tele/e2e/SENSOR", 5)
    last = observer.json_of("tele/e2e/SENSOR")[-1]
    assert last["ENERGY"]["Power"][0] is not None
    assert "dead" not in last, "nothing is published that was not measured"
    agent.wait_line(r"BUS: .*dead.*(silent|no answer)", 30)

def test_an_adapter_that_is_unplugged_and_returns_is_read_again(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    sim = parts.sim()
    observer = parts.subscriber(broker.port, ca=pki.ca)
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    observer.wait("tele/e2e/SENSOR", 2)
    sim.kill()
    agent.wait_line(r"BUS: .*(lost|gone|unplugged)", 20)
    wait_for("null instead of old values", lambda: any(
        m["ENERGY"]["Power"] == [None, None, None] for m in observer.json_of("tele/e2e/SENSOR")))
    count = len(observer.of("tele/e2e/SENSOR"))
    link = parts.folder / "bus"
    if link.is_symlink():
        link.unlink()
    parts.sim()
    wait_for("live values again", lambda: any(
        m["ENERGY"]["Power"][0] is not None for m in observer.json_of("tele/e2e/SENSOR")[count:]), 60)

def test_a_port_that_does_not_exist_is_named_and_tried_again(parts, pki):
    certificate = pki.issue("broker")
    broker = parts.mosquitto(certificate)
    observer = parts.subscriber(broker.port, ca=pki.ca)
    agent = parts.agent(site(broker.port, f'device = "{parts.folder}/bus"\nbaud = 115200', fingerprint_mode(certificate)))
    agent.wait_line(r"BUS: .*bus")
    agent.wait_line(r"hint: ")
    parts.sim()
    wait_for("readings", lambda: observer.of("tele/e2e/SENSOR"), 60)
