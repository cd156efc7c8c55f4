#pragma once

// The view models of the page as JSON: what a browser gets to see. Numbers are in the units that people read (V, A, W,
// kWh), times are seconds since 1970. Thread: any (pure).

#include <deque>
#include <string>
#include <vector>

#include "web/access.hpp"
#include "web/device_view.hpp"
#include "web/event_log.hpp"
#include "web/power_history.hpp"

namespace meterseal::web {

/// {"name":...,"time":...,"meters":[...],"seal":{...},"waiting":0}
[[nodiscard]] std::string live_json(DeviceView& device);
[[nodiscard]] std::string history_json(const std::vector<PowerPoint>& points);
[[nodiscard]] std::string facts_json(const std::vector<Fact>& facts);
[[nodiscard]] std::string log_json(const std::vector<std::string>& lines, const std::deque<WebEvent>& events);
[[nodiscard]] std::string access_json(const Access& access);
/// The console's table for people: {"commands":[{"name","group","index","arguments","byMqtt","help"},...]}
[[nodiscard]] std::string commands_json();
/// {"replies":[{...},{...}]}
[[nodiscard]] std::string replies_json(const console::Replies& replies);
/// {"place":"uploaded","where":"...","list":[{"subject","sha256","expires"},...]}
[[nodiscard]] std::string authorities_json(const AuthoritiesView& authorities);
/// {"error":...,"hint":...,"code":...}
[[nodiscard]] std::string error_json(const Error& error);
[[nodiscard]] std::string choices_json(const SetupDesk::Choices& choices, std::string_view password);
/// {"a":"...","b":"..."}
[[nodiscard]] std::string texts_json(const std::vector<std::pair<std::string_view, std::string_view>>& texts);

/// The text form of Prometheus: the device's figures and the readings of each meter.
/// @source Prometheus, text exposition format 0.0.4
[[nodiscard]] std::string metrics_text(DeviceView& device);

}  // namespace meterseal::web
