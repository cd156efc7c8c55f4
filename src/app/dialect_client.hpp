#pragma once

// The MQTT client as the rest of the program sees it: messages go out and come in with the device's own topics, and the
// dialect of the broker is spoken only here.
//
// Ownership: owns the client; dialect and topics must outlive it. Thread: loop thread.

#include <memory>
#include <utility>

#include "mqtt/broker_dialect.hpp"
#include "mqtt/host/client.hpp"

namespace meterseal::app {

class DialectClient final : public mqtt::host::Client {
 public:
  DialectClient(std::unique_ptr<mqtt::host::Client> client, const mqtt::BrokerDialect& dialect)
      : client_(std::move(client)), dialect_(dialect) {}

  void start() override { client_->start(); }
  void stop(std::function<void()> done) override { client_->stop(std::move(done)); }
  [[nodiscard]] bool is_online() const override { return client_->is_online(); }
  [[nodiscard]] std::size_t window_left() const override { return client_->window_left(); }
  [[nodiscard]] const trust::host::TlsClient* tls() const override { return client_->tls(); }
  [[nodiscard]] Result<void> publish(mqtt::Token token, mqtt::Message message) override {
    return client_->publish(token, dialect_.outgoing(std::move(message)));
  }
  [[nodiscard]] Result<void> publish(mqtt::Message message) override {
    return client_->publish(dialect_.outgoing(std::move(message)));
  }

 private:
  std::unique_ptr<mqtt::host::Client> client_;
  const mqtt::BrokerDialect& dialect_;
};

}  // namespace meterseal::app
