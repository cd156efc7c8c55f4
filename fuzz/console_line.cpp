// Any bytes as a line of the console and as an MQTT command: every reply is short, clean JSON, and MQTT changes nothing
// when it may change nothing.

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "console/console.hpp"

namespace {

using namespace meterseal;

void require(bool holds) {
  if (!holds) std::abort();
}

class Device : public console::DeviceControl {
 public:
  [[nodiscard]] mqtt::Facts facts() const override {
    mqtt::Facts facts;
    facts.device.tele_period = period;
    return facts;
  }
  [[nodiscard]] std::string sensor_body() const override { return R"("ENERGY":{"Power":1})"; }
  Result<void> set_tele_period(seconds asked) override {
    require(asked == seconds{0} || (asked >= seconds{10} && asked <= seconds{3600}));
    period = asked;
    ++changes;
    return {};
  }
  void send_telemetry_soon() override {}
  void restart() override { ++changes; }
  [[nodiscard]] UtcTime clock_floor() const override { return {}; }
  void reset_clock_floor() override { ++changes; }

  seconds period{300};
  int changes = 0;
};

void check(const console::Replies& replies) {
  require(replies.size() <= mqtt::kStatusSections.size());
  for (const console::Reply& reply : replies) {
    require(reply.json.size() <= 8192 && nlohmann::json::accept(reply.json));
    require(reply.name == "RESULT" || reply.name.starts_with("STATUS"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Device device;
  check(console::Console(device, console::RemoteCommands::safe).run(text));

  // The first blank divides topic and payload.
  static const auto topics = mqtt::Topics::make(mqtt::kDefaultFullTopic, "emon").value();
  const std::size_t blank = std::min(text.find(' '), text.size());
  const mqtt::Message message{"cmnd/emon/" + text.substr(0, blank), text.substr(std::min(blank + 1, size)), {}, false};
  device.changes = 0;
  check(console::Console(device, console::RemoteCommands::none).take(topics, message));
  require(device.changes == 0);
  check(console::Console(device, console::RemoteCommands::all).take(topics, message));
  return 0;
}
