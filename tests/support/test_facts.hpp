#pragma once

// A device to talk about in telemetry and console tests: a Raspberry Pi on Ethernet, connected over TLS.

#include "mqtt/state_payload.hpp"

namespace meterseal::test {

inline mqtt::Facts device_facts() {
  mqtt::Facts facts;
  facts.host = {.model = "Raspberry Pi 4 Model B",
                .hardware = "aarch64, 4 cores",
                .kernel = "6.1.0",
                .cpu_mhz = 1500,
                .version = "0.1.0",
                .build_time = "2026-08-01T12:00:00",
                .tls_library = "3.0.17",
                .uptime = seconds{3723},
                .started_utc = CivilTime{{2026, 8, 23}, 10, 2, 57, 0, 0},
                .boot_count = 12,
                .restart_reason = "Software/System restart",
                .program_kb = 2048,
                .free_kb = 1'000'000,
                .heap_kb = 152'000,
                .load_percent = 19};
  facts.network = {.hostname = "meter-gw",
                   .ip_address = "192.0.2.50",
                   .gateway = "192.0.2.1",
                   .netmask = "255.255.255.0",
                   .dns1 = "192.0.2.1",
                   .dns2 = "0.0.0.0",
                   .mac = "02BBCC1A2B3C",
                   .wifi = std::nullopt};
  facts.mqtt = {.host = "broker.example.com",
                .port = 8883,
                .transport = mqtt::Transport::tls,
                .client_id = "meterseal-emon_1",
                .user = "emon_1",
                .connects = 3,
                .keep_alive = seconds{30},
                .timeout = seconds{10},
                .max_packet = 262'144};
  facts.device = {
      .name = "House", .topic = "emon_1", .tele_period = seconds{300}, .baud = 9600, .serial_config = "8N1"};
  facts.switches = {.page = mqtt::Switch::on,
                    .api = mqtt::Switch::on,
                    .metrics = "token",
                    .discovery = mqtt::Switch::on,
                    .remote_commands = "safe",
                    .fingerprint = mqtt::Switch::on,
                    .journal_level = 3,
                    .page_level = 2,
                    .ota_url = "https://ota.example.com/"};
  facts.local = CivilTime{{2026, 8, 23}, 13, 5, 0, 0, 7200};
  facts.utc = CivilTime{{2026, 8, 23}, 11, 5, 0, 0, 0};
  return facts;
}

}  // namespace meterseal::test
