#pragma once

// The MQTT client as the rest of the program sees it: messages go out and come in with the device's own topics, and
// what a cloud broker wants besides is done here: its dialect, and a password that is a token and ends.
//
// A token needs a known clock: before it is known nothing is sent. Before it ends the connection is made anew with the
// next one; what is in flight then goes out again, with the same numbers.
//
// Ownership: everything given must outlive it. Thread: loop thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "app/config/config.hpp"
#include "mqtt/broker_dialect.hpp"
#include "mqtt/host/client.hpp"
#include "mqtt/topics.hpp"

namespace meterseal::app {

class BrokerClient final : public mqtt::host::Client, private mqtt::host::ClientObserver {
 public:
  /// @param options  as for a broker without a dialect; will and subscriptions are made here
  BrokerClient(boost::asio::io_context& loop, const Clock& clock, Log& log, const MqttConfig& config,
               const mqtt::Topics& topics, mqtt::host::ClientOptions options, mqtt::host::ClientObserver& observer);

  void start() override;
  void stop(std::function<void()> done) override;
  [[nodiscard]] bool is_online() const override { return client_ && client_->is_online(); }
  [[nodiscard]] std::size_t window_left() const override { return client_ ? client_->window_left() : 0; }
  [[nodiscard]] const trust::host::TlsClient* tls() const override { return client_ ? client_->tls() : nullptr; }
  [[nodiscard]] Result<void> publish(mqtt::Token token, mqtt::Message message) override;
  [[nodiscard]] Result<void> publish(mqtt::Message message) override;

 private:
  void on_judged(const mqtt::host::Broker& broker, const trust::host::TlsClient& tls) override {
    observer_.on_judged(broker, tls);
  }
  void on_connected(const mqtt::host::Broker& broker) override { observer_.on_connected(broker); }
  void on_disconnected() override { observer_.on_disconnected(); }
  void on_message(const mqtt::Message& message) override;
  void on_published(mqtt::Token token) override { observer_.on_published(token); }
  void on_rejected(mqtt::Token token, const Error& error) override { observer_.on_rejected(token, error); }
  void on_failure(const mqtt::host::Broker& broker, const Error& error) override {
    observer_.on_failure(broker, error);
  }

  void open_with_token();
  void wake_after(seconds pause, void (BrokerClient::*what)());
  void renew();

  // constant after construction
  boost::asio::io_context& loop_;
  const Clock& clock_;
  Log& log_;
  const MqttConfig& config_;
  const mqtt::Topics& topics_;
  mqtt::host::ClientObserver& observer_;
  const mqtt::BrokerDialect dialect_;

  // loop thread only
  mqtt::host::ClientOptions options_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<mqtt::host::Client> client_;  ///< nullptr: waits for the clock
  bool is_running_ = false;
};

}  // namespace meterseal::app
