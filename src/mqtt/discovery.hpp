#pragma once

// How Home Assistant finds this device: two retained messages as Tasmota publishes them, which the "tasmota"
// integration (hatasmota) reads. The shape of `sensors` fixes the entities: publish it again when it changes, and at
// each connect. Empty retained messages on both topics take the device out again.
//
// Writes into the caller's memory. Thread: any (pure). Errors: payload_too_large.
// @source Tasmota 15.2 discovery (xdrv_12_discovery), hatasmota 0.10 discovery.py and sensor.py

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/result.hpp"
#include "core/text.hpp"
#include "core/time.hpp"
#include "mqtt/state_payload.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::mqtt {

/// The name of this device in discovery: 12 upper-case hex digits of a locally administered unicast address, so that it
/// can never be the address of a real network card.
/// @param seed  48 bits that never change for this device and differ between devices
[[nodiscard]] Text<12> discovery_mac(std::uint64_t seed);

[[nodiscard]] TopicText discovery_config_topic(std::string_view mac);
[[nodiscard]] TopicText discovery_sensors_topic(std::string_view mac);

[[nodiscard]] Result<std::string_view> discovery_config_message(std::span<char> out, const Facts& facts,
                                                                const Topics& topics);
/// @param sensor_body  as write_energy_body() made it, without Period
[[nodiscard]] Result<std::string_view> discovery_sensors_message(std::span<char> out, std::string_view sensor_body,
                                                                 const std::optional<CivilTime>& time);

}  // namespace meterseal::mqtt
