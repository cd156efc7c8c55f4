// Any bytes as a line of the console and as an MQTT command: every reply is short, clean JSON, and MQTT changes nothing
// when it may change nothing.

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "console/console.hpp"
#include "support/fake_device.hpp"

namespace {

using namespace meterseal;

void require(bool holds) {
  if (!holds) std::abort();
}

class Device : public test::FakeDevice {
 public:
  Result<void> set_tele_period(seconds asked) override {
    require(asked == seconds{0} || (asked >= seconds{10} && asked <= seconds{3600}));
    return FakeDevice::set_tele_period(asked);
  }
  [[nodiscard]] int all_changes() const { return changes + restarts + resets; }
};

void check(const console::Replies& replies) {
  require(replies.size() <= console::Backlog::kMaxEntries * mqtt::kStatusSections.size());
  for (const console::Reply& reply : replies) {
    require(reply.json.size() <= 16'384 && nlohmann::json::accept(reply.json));
    require(reply.name == "RESULT" || reply.name.starts_with("STATUS"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Device device;
  console::Console local(device, console::RemoteCommands::safe);
  check(local.run(text));
  for (int i = 0; i < 40 && local.is_waiting(); ++i) {
    device.time += seconds{360};
    local.wake([](const console::Caller&, console::Replies replies) { check(replies); });
  }
  require(!local.is_waiting());

  // Whatever a password is, no reply repeats it.
  for (const char* command : {"MqttPassword x", "Backlog MqttPassword x", "MqttPasword x"}) {
    for (const console::Reply& reply : local.run(command + text))
      require(size < 8 || reply.json.find('x' + text) == std::string::npos);
  }

  // The first blank divides topic and payload.
  static const auto topics = mqtt::Topics::make(mqtt::kDefaultFullTopic, "emon").value();
  const std::size_t blank = std::min(text.find(' '), text.size());
  const mqtt::Message message{"cmnd/emon/" + text.substr(0, blank), text.substr(std::min(blank + 1, size)), {}, false};
  Device quiet;
  check(console::Console(quiet, console::RemoteCommands::none).take(topics, message));
  require(quiet.all_changes() == 0);
  check(console::Console(quiet, console::RemoteCommands::safe).take(topics, message));
  require(quiet.settings.empty() && quiet.web_password.empty() && quiet.resets == 0);
  check(console::Console(quiet, console::RemoteCommands::all).take(topics, message));
  require(quiet.web_password.empty() && quiet.resets == 0);
  return 0;
}
