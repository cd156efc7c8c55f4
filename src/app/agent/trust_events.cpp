#include "app/agent/trust_events.hpp"

#include <algorithm>
#include <array>

#include "app/confirmation.hpp"
#include "core/json_writer.hpp"
#include "trust/continuity.hpp"
#include "trust/errors.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

void TrustEvents::judged(const mqtt::host::Broker& broker, const trust::host::TlsClient& tls) {
  const auto& trust = parts_.setup.trust;
  for (std::size_t i = 0; i < trust.size(); ++i) {
    if (trust[i] == nullptr || trust[i] != broker.tls) continue;
    const TrustChange change = trust[i]->judged(tls, parts_.log);
    take(i, change);
    // Learned and believed at once (learn = "auto").
    if (change.record && !trust[i]->is_unconfirmed()) parts_.connect_anew();
  }
}

void TrustEvents::accepted(const mqtt::host::Broker& broker, const trust::host::TlsClient* tls) {
  const auto& trust = parts_.setup.trust;
  for (std::size_t i = 0; i < trust.size(); ++i) {
    if (tls == nullptr || trust[i] == nullptr || trust[i] != broker.tls) continue;
    take(i, trust[i]->accepted(*tls, parts_.log));
    const trust::Facts& facts = tls->summary().facts;
    parts_.expiry_alarm.broker_shows(address_of(i), {facts.certificate, facts.key, facts.not_after});
    if (const auto proven = trust::proven_time(facts)) parts_.time_proved(*proven);
    if (const auto until = trust[i]->identity_until()) parts_.expiry_alarm.device_shows(address_of(i), *until);
  }
}

void TrustEvents::failed(const mqtt::host::Broker& broker, const Error& error) {
  // That a fingerprint waits for its confirmation was told when it was learned.
  if (error.code.error_class != ErrorClass::security || error.code == trust::unconfirmed) return;
  std::array<char, 2048> memory;
  JsonWriter json(memory);
  json.open_object().key("broker").text(broker.host).key("port").integer(broker.port);
  json.key("reason").text(error.code.name).key("detail").text(error.detail);
  json.key("remedy").text(error.remedy()).close_object();
  parts_.alarm.raise(AlarmKind::security_refusal, json.view());
}

void TrustEvents::look_for_confirmation() {
  const auto& trust = parts_.setup.trust;
  const auto waits = [](const auto& known) { return known != nullptr && known->is_unconfirmed(); };
  if (std::none_of(trust.begin(), trust.end(), waits)) return;
  const auto note = take_confirmation(parts_.state_directory);
  if (!note) return;
  for (std::size_t i = 0; i < trust.size(); ++i) {
    if (address_of(i) == note->broker && waits(trust[i])) confirm(i, note->shown);
  }
}

void TrustEvents::confirm(std::size_t broker, const trust::Sha256& shown) {
  auto record = parts_.setup.trust[broker]->confirm(shown);
  if (!record) return parts_.log.error("TLS", record.error());
  parts_.log.info("TLS", Text<160>("confirmed ").add(trust::format_sha256(shown)));
  parts_.journal.keep({std::move(*record)});
  parts_.connect_anew();
}

void TrustEvents::take(std::size_t broker, const TrustChange& change) {
  if (change.record) parts_.journal.keep({*change.record});
  for (const trust::TrustEvent& event : change.events) {
    if (event.kind == trust::TrustEventKind::pin_matched_first_time) continue;
    std::array<char, 1024> memory;
    JsonWriter json(memory);
    json.open_object().key("broker").text(address_of(broker).host).key("port").integer(address_of(broker).port);
    json.key("text").text(event.text).close_object();
    const bool is_conflict = event.kind == trust::TrustEventKind::learn_conflict;
    parts_.alarm.raise(is_conflict ? AlarmKind::trust_conflict : AlarmKind::trust_learned, json.view());
  }
}

}  // namespace meterseal::app
