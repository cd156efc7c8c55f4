#!/usr/bin/env python3
"""A NetworkManager that has no radio: on the bus of DBUS_SYSTEM_BUS_ADDRESS it answers what the agent asks, and prints
what it was told as JSON, one line for each event. Run as a process of its own: network_manager.py '{"devices": [...]}'.

Keys: devices [{interface, mac, state, capabilities, known}], refuse (name of a D-Bus error for the activation),
fail {key-mgmt: reason} (the activation fails with this device state reason), address, startup (times that it says that
it still starts). SIGUSR1 ends what is active, as a person with nmcli does.

@source names, numbers and order of events: NetworkManager 1.42, introspection/*.xml and nm-manager.c
"""
import json
import signal
import sys

import dbus
import dbus.lowlevel
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
ACTIVATING, ACTIVATED, DEACTIVATED = 1, 2, 4


def plain(value):
    """A value of the bus as JSON has it; bytes as the text that they are."""
    if isinstance(value, dbus.Array) and value.signature == "y":
        return bytes(value).decode()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dbus.Boolean):
        return bool(value)
    return int(value) if isinstance(value, int) else str(value)


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Refusal(dbus.DBusException):
    def __init__(self, name):
        super().__init__("Not authorized to control networking.", name=name)


class NetworkManager(dbus.service.FallbackObject):
    def __init__(self, bus, spec):
        super().__init__(bus, ROOT)
        self.bus, self.spec = bus, spec
        self.starting = spec.get("startup", 0)
        self.active, self.count = None, 0  # {path, state, device, owner, watch}

    def device(self, path):
        return self.spec["devices"][int(path.rsplit("/", 1)[1])]

    def property(self, path, interface, name):
        if path == "/" or path == "":
            if name == "Startup":
                self.starting -= 1
                return dbus.Boolean(self.starting >= 0, variant_level=1)
            return dbus.Array([dbus.ObjectPath(f"{ROOT}/Devices/{i}") for i in range(len(self.spec["devices"]))],
                              signature="o", variant_level=1)
        if path.startswith("/Devices/"):
            device = self.device(path)
            if name == "AvailableConnections":
                return dbus.Array([dbus.ObjectPath(f"{ROOT}/Settings/{i}") for i in range(device.get("known", 0))],
                                  signature="o", variant_level=1)
            texts = {"Interface": device["interface"], "HwAddress": device.get("mac", "02:00:00:00:3f:2a")}
            if name in texts:
                return dbus.String(texts[name], variant_level=1)
            numbers = {"DeviceType": device.get("type", 2), "State": device.get("state", 30),
                       "WirelessCapabilities": device.get("capabilities", 0x7F)}
            return dbus.UInt32(numbers[name], variant_level=1)
        if path.startswith("/ActiveConnection/") and self.active and self.active["path"] == ROOT + path:
            if name == "State":
                return dbus.UInt32(self.active["state"], variant_level=1)
            return dbus.ObjectPath(f"{ROOT}/IP4Config/1" if self.active["state"] == ACTIVATED else "/", variant_level=1)
        if path == "/IP4Config/1":
            one = dbus.Dictionary({"prefix": dbus.UInt32(8), "address": self.spec.get("address", "10.42.0.1")}, signature="sv")
            return dbus.Array([one], signature="a{sv}", variant_level=1)
        raise Refusal("org.freedesktop.DBus.Error.UnknownMethod")

    @dbus.service.method("org.freedesktop.DBus.Properties", "ss", "v", rel_path_keyword="path")
    def Get(self, interface, name, path):
        return self.property(path, interface, name)

    @dbus.service.method(NAME, "a{sa{sv}}ooa{sv}", "ooa{sv}", sender_keyword="sender")
    def AddAndActivateConnection2(self, settings, device, specific, options, sender):
        say("activate", settings=plain(settings), device=str(device), options=plain(options))
        if self.spec.get("refuse"):
            raise Refusal(self.spec["refuse"])
        self.count += 1
        self.active = {"path": f"{ROOT}/ActiveConnection/{self.count}", "state": ACTIVATING, "device": str(device)}
        self.active["watch"] = self.bus.watch_name_owner(
            sender, lambda owner, path=self.active["path"]: owner or self.end(path, "the client left the bus"))
        reason = self.spec.get("fail", {}).get(str(settings["802-11-wireless-security"]["key-mgmt"]))
        GLib.timeout_add(100, self.finish_activation, reason)
        return dbus.ObjectPath(f"{ROOT}/Settings/{self.count}"), dbus.ObjectPath(self.active["path"]), dbus.Dictionary({}, signature="sv")

    def finish_activation(self, reason):
        if self.active is None:
            return False
        if reason is None:
            self.active["state"] = ACTIVATED
            say("open", path=self.active["path"])
            return False
        self.state_changed(self.active["device"], 120, reason)
        self.end(self.active["path"], "it failed")
        return False

    def state_changed(self, device, state, reason):
        signal_message = dbus.lowlevel.SignalMessage(device, NAME + ".Device", "StateChanged")
        signal_message.append(dbus.UInt32(state), dbus.UInt32(50), dbus.UInt32(reason), signature="uuu")
        self.bus.send_message(signal_message)

    @dbus.service.method(NAME, "o", "")
    def DeactivateConnection(self, path):
        self.end(str(path), "it was deactivated")

    def end(self, path, why):
        if self.active is None or self.active["path"] != path:
            return
        self.active["watch"].cancel()
        self.active = None
        say("gone", why=why)

    def end_by_hand(self):
        self.end(self.active["path"], "a person ended it")
        return True


def main():
    DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    manager = NetworkManager(bus, json.loads(sys.argv[1]))
    name = dbus.service.BusName(NAME, bus)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, manager.end_by_hand)
    say("ready", name=name.get_name())
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
