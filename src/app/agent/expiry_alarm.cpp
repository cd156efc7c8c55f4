#include "app/agent/expiry_alarm.hpp"

#include <array>

#include "app/certificate_text.hpp"
#include "core/json_writer.hpp"

namespace meterseal::app {

void ExpiryAlarm::note(const char* whose, const HostPort& broker, const Served& certificate) {
  Known& known = known_[format(broker) + ": " + whose];
  known.watched.address = broker;
  known.certificate = certificate;
  look();
}

void ExpiryAlarm::look() {
  const auto now = clock_.utc();
  if (!now) return;
  for (auto& [name, known] : known_) {
    for (const WatchEvent& event : observe(known.watched, known.certificate, *now)) {
      if (event.kind != WatchEventKind::expiry) continue;
      const std::string text = name + " " + state_text(known.watched, *now);
      log_.warn("TLS", text);
      alarm_.raise(AlarmKind::certificate_expiry, json_line([&](JsonWriter& json) {
                     json.open_object().key("broker").text(known.watched.address.host);
                     json.key("port").integer(known.watched.address.port).key("text").text(text).key("not_after");
                     add_utc(json, known.certificate.ends);
                     json.close_object();
                   }));
    }
  }
}

}  // namespace meterseal::app
