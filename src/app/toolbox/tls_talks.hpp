#pragma once

// What the toolbox says to a server over one connection (tls_walk.hpp): a probe that judges nothing, a handshake judged
// by the trust engine, and a first packet of MQTT in clear that holds no secret. None of them sends a credential.
// Ownership: each holds its side of the conversation; read the outcome after the walk. Thread: loop thread.

#include <memory>
#include <string>

#include "app/toolbox/tls_walk.hpp"
#include "trust/host/probe.hpp"
#include "trust/host/tls_client.hpp"

namespace meterseal::app {

class ProbeTalk final : public Conversation {
 public:
  explicit ProbeTalk(std::unique_ptr<trust::host::Probe> probe) : probe_(std::move(probe)) {}

  State step() override;
  void feed(Bytes received) override { probe_->feed(received); }
  [[nodiscard]] Bytes output() const override { return probe_->output(); }
  void consume_output(std::size_t n) override { probe_->consume_output(n); }

  [[nodiscard]] const trust::host::ProbeReport& report() const { return probe_->report(); }

 private:
  std::unique_ptr<trust::host::Probe> probe_;
};

/// Ends as soon as the verdict stands, with not a byte of application data written.
class EngineTalk final : public Conversation {
 public:
  explicit EngineTalk(std::unique_ptr<trust::host::TlsClient> client) : client_(std::move(client)) {}

  State step() override;
  void feed(Bytes received) override { client_->feed(received); }
  [[nodiscard]] Bytes output() const override { return client_->output(); }
  void consume_output(std::size_t n) override { client_->consume_output(n); }

  [[nodiscard]] trust::host::TlsClient& client() { return *client_; }
  [[nodiscard]] bool is_done() const { return is_done_; }  ///< the handshake has finished: client().verdict() stands

 private:
  std::unique_ptr<trust::host::TlsClient> client_;
  bool is_done_ = false;
};

/// CONNECT in clear without user, password or will, to find out whether a server speaks MQTT without TLS.
class PlainMqttTalk final : public Conversation {
 public:
  explicit PlainMqttTalk(const std::string& client_id);

  State step() override { return answer_.empty() ? State::goes_on : State::ended; }
  void feed(Bytes received) override { answer_.insert(answer_.end(), received.begin(), received.end()); }
  [[nodiscard]] Bytes output() const override { return Bytes(request_).subspan(sent_); }
  void consume_output(std::size_t n) override { sent_ += n; }

  [[nodiscard]] bool got_connack() const;

 private:
  std::vector<std::uint8_t> request_;
  std::size_t sent_ = 0;
  std::vector<std::uint8_t> answer_;
};

}  // namespace meterseal::app
