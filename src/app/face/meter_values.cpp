#include "app/face/meter_values.hpp"

#include <array>

#include "core/json_writer.hpp"
#include "mqtt/live_values.hpp"

namespace meterseal::app {

std::string values_json(MeterReader& reader, Instant now) {
  const mqtt::MeterTelemetry telemetry = reader.telemetry(now);
  const mqtt::LiveValues live(telemetry);
  std::array<char, 1024> memory{};
  JsonWriter json(memory);
  json.open_object().key("answers").boolean(true).key("values").open_array();
  const auto add = [&](std::string_view name, std::optional<std::int64_t> value, unsigned decimals,
                       std::string_view unit) {
    if (!value) return;
    Text<48> text;
    text.add_fixed(*value, 3, decimals).add(" ").add(unit);
    json.open_object().key("name").text(name).key("value").text(text).close_object();
  };
  using mqtt::Quantity;
  using mqtt::Slot;
  const bool three = reader.plan().profile->phases == 3;
  add("Voltage", live.of(Quantity::voltage, three ? Slot::l1 : Slot::whole), 1, "V");
  add("Current", live.of(Quantity::current, Slot::whole), 3, "A");
  add("Power", live.of(Quantity::power, Slot::whole), 0, "W");
  add("Frequency", live.measured(meter::Measurand::frequency), 2, "Hz");
  if (telemetry.totals) add("Energy", telemetry.totals->total.value / 1000, 3, "kWh");
  json.close_array().close_object();
  return std::string(json.view());
}

}  // namespace meterseal::app
