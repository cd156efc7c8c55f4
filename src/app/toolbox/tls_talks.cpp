#include "app/toolbox/tls_talks.hpp"

#include <array>

#include "mqtt/packet_encode.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kMaxConnect = 256;
/// First byte of CONNACK. @source MQTT 3.1.1, 3.2.1
constexpr std::uint8_t kConnAck = 0x20;

}  // namespace

Conversation::State ProbeTalk::step() {
  return probe_->handshake() == trust::host::Probe::Progress::needs_input ? State::goes_on : State::ended;
}

Conversation::State EngineTalk::step() {
  const auto progress = client_->handshake();
  is_done_ = progress == trust::host::TlsClient::Progress::done;
  if (is_done_) client_->close();
  return progress == trust::host::TlsClient::Progress::needs_input ? State::goes_on : State::ended;
}

PlainMqttTalk::PlainMqttTalk(const std::string& client_id) {
  std::array<std::uint8_t, kMaxConnect> memory{};
  ByteWriter out(memory);
  mqtt::Connect connect;
  connect.client_id = std::string_view(client_id).substr(0, kMaxConnect / 2);
  connect.keep_alive = seconds{10};
  mqtt::encode_connect(out, connect);
  request_.assign(out.written().begin(), out.written().end());
}

bool PlainMqttTalk::got_connack() const {
  return answer_.size() >= 4 && answer_[0] == kConnAck;
}

}  // namespace meterseal::app
