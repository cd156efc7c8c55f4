#pragma once

// What a test needs around mqtt::host::Client: an observer that keeps everything, and options for a broker on loopback.

#include <boost/asio/steady_timer.hpp>
#include <string>
#include <vector>

#include "mqtt/host/client.hpp"
#include "support/loop.hpp"

namespace meterseal::test {

class RecordingMqttObserver : public mqtt::host::ClientObserver {
 public:
  void on_connected(const mqtt::host::Broker& broker) override {
    ++connects;
    last_broker = broker;
    if (then_connected) then_connected();
  }
  void on_disconnected() override {
    ++disconnects;
    if (then_disconnected) then_disconnected();
  }
  void on_message(const mqtt::Message& message) override {
    messages.push_back(message);
    if (then_message) then_message(message);
  }
  void on_published(mqtt::Token token) override {
    published.push_back(token);
    if (then_published) then_published(token);
  }
  void on_rejected(mqtt::Token token, const Error& error) override {
    rejected.push_back(token);
    failures.push_back(error);
  }
  void on_failure(const mqtt::host::Broker&, const Error& error) override { failures.push_back(error); }

  [[nodiscard]] bool has_failed_with(const Code& code) const {
    for (const Error& error : failures) {
      if (error.code == code) return true;
    }
    return false;
  }

  int connects = 0;
  int disconnects = 0;
  mqtt::host::Broker last_broker;
  std::vector<mqtt::Message> messages;
  std::vector<mqtt::Token> published;
  std::vector<mqtt::Token> rejected;
  std::vector<Error> failures;
  std::function<void()> then_connected;
  std::function<void()> then_disconnected;
  std::function<void(const mqtt::Message&)> then_message;
  std::function<void(mqtt::Token)> then_published;
};

/// Like run_until, for conditions that another thread or process makes true.
inline bool poll_until(boost::asio::io_context& io, const std::function<bool()>& done,
                       std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  boost::asio::steady_timer timer(io);
  const std::function<void()> look = [&] {
    timer.expires_after(std::chrono::milliseconds(5));
    timer.async_wait([&](const boost::system::error_code& cancelled) {
      if (!cancelled) look();
    });
  };
  look();
  const bool result = run_until(io, done, limit);
  timer.cancel();
  io.poll();
  return result;
}

inline mqtt::host::ClientOptions options_for(std::uint16_t port,
                                             std::shared_ptr<trust::host::TlsContext> tls = nullptr) {
  mqtt::host::ClientOptions options;
  options.brokers = {{"127.0.0.1", port, std::move(tls)}};
  options.client_id = "meter-under-test";
  options.step_limit = seconds(5);
  return options;
}

}  // namespace meterseal::test
