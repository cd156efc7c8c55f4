"""`meterseal sim`, read by a Modbus master that the project did not write."""
import os
import re
import struct

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.transaction import ModbusRtuFramer

from harness import BINARY, run_binary, wait_for


def tcp_sim(parts, *options):
    sim = parts.process([BINARY, "sim", "--tcp", "0", *options])
    return sim, int(sim.wait_line(r"SIMULATED line: tcp 127\.0\.0\.1:(\d+)")[1])


def volts(client, address=1):
    answer = client.read_input_registers(0, 2, slave=address)
    return None if answer.isError() else struct.unpack(">f", struct.pack(">HH", *answer.registers))[0]


def test_modbus_tcp_is_read_by_pymodbus(parts):
    sim, port = tcp_sim(parts, "--meter", "sdm630:1", "--meter", "sdm120:2", "--start", "12:00")
    client = ModbusTcpClient("127.0.0.1", port=port)
    assert client.connect()
    assert 200 < volts(client, 1) < 260 and 200 < volts(client, 2) < 260
    client.close()
    assert all("SIMULATED" in line for line in sim.lines), sim.text


def test_rtu_over_tcp_is_read_by_pymodbus(parts):
    _, port = tcp_sim(parts, "--framing", "rtu", "--meter", "sdm630:1", "--baud", "19200", "--parity", "even")
    client = ModbusTcpClient("127.0.0.1", port=port, framer=ModbusRtuFramer)
    assert client.connect()
    assert 200 < volts(client) < 260
    client.close()


def test_a_pseudo_terminal_is_read_by_pymodbus_and_its_link_is_removed(parts):
    link = parts.folder / "bus"
    sim = parts.sim(meters=("sdm630:1",))
    sim.wait_line("SIMULATED line")
    client = ModbusSerialClient(str(link), baudrate=9600, timeout=2)
    assert client.connect()
    assert 200 < volts(client) < 260
    client.close()
    assert sim.stop() == 0
    assert not os.path.lexists(link)
    assert re.search(r"SIMULATED line ended: [1-9]\d* requests", sim.text), sim.text


def test_a_muted_meter_is_silent_and_its_neighbour_is_not(parts):
    parts.sim(meters=("sdm630:1", "sdm120:2"), extra=("--mute", "2"))
    client = ModbusSerialClient(str(parts.folder / "bus"), baudrate=9600, timeout=1, retries=1)
    assert client.connect()
    assert 200 < volts(client, 1) < 260
    assert volts(client, 2) is None
    client.close()


def test_simulated_time_can_run_faster(parts):
    _, port = tcp_sim(parts, "--meter", "sdm630:1", "--start", "00:00", "--speed-up", "86400")
    client = ModbusTcpClient("127.0.0.1", port=port)
    assert client.connect()

    def import_kwh():
        answer = client.read_input_registers(0x48, 2, slave=1)
        return struct.unpack(">f", struct.pack(">HH", *answer.registers))[0]

    begun = import_kwh()
    wait_for("the consumption of a day", lambda: import_kwh() > begun + 2)
    client.close()


@pytest.mark.parametrize("options", [
    ["--meter", "sdm630"], ["--meter", "sdm630:0"], ["--meter", "sdm630:248"], ["--meter", "nosuch:1"],
    ["--meter", "sdm630:1", "--meter", "sdm120:1"], ["--meter", "sdm630:1", "--baud", "0"],
    ["--meter", "sdm630:1", "--start", "24:00"], ["--meter", "sdm630:1", "--speed-up", "0"],
    ["--meter", "sdm630:1", "--mute", "2"], ["--meter", "sdm630:1", "--tcp", "70000"],
    ["--meter", "sdm630:1", "--tcp", "0", "--listen", "localhost"], ["--meter", "sdm630:1", "--listen", "127.0.0.1"],
    ["--meter", "sdm630:1", "--tcp", "0", "--framing", "ascii"], ["--meter", "sdm630:1", "--parity", "mark"],
    ["--meter", "sdm630:1", "--link", "/dev/null"], ["--meter", "sdm630:1", "--link", "/nonexistent/bus"], []])
def test_options_that_cannot_be_are_refused(options):
    result = run_binary("sim", *options)
    assert result.returncode == 2
    assert re.search(r"^meterseal: error: .", result.stderr, re.M) and re.search(r"^meterseal: hint: .", result.stderr, re.M)


def test_a_link_of_a_simulator_that_was_killed_is_replaced(parts):
    link = parts.folder / "bus"
    first = parts.sim()
    first.kill()
    assert os.path.lexists(link), "a killed one leaves its link"
    second = parts.sim()
    second.wait_line("SIMULATED line")
    assert second.stop() == 0
