#include "app/agent/broker_client.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "mqtt/errors.hpp"
#include "mqtt/sas_token.hpp"
#include "secrets/host/hmac.hpp"

namespace meterseal::app {

BrokerClient::BrokerClient(boost::asio::io_context& loop, const Clock& clock, Log& log, const MqttConfig& config,
                           const mqtt::Topics& topics, mqtt::host::ClientOptions options,
                           mqtt::host::ClientObserver& observer)
    : loop_(loop),
      clock_(clock),
      log_(log),
      config_(config),
      topics_(topics),
      observer_(observer),
      dialect_(config.preset, config.client_id),
      options_(std::move(options)),
      timer_(loop) {
  if (options_.will) options_.will = dialect_.outgoing(*options_.will);
  options_.subscriptions = dialect_.filters(topics);
  if (config.preset == mqtt::Preset::azure_iot_hub) {
    options_.user = mqtt::azure_user_name(config.brokers.front().address.host, config.client_id);
  }
  if (config.sas_key.empty()) client_ = mqtt::host::Client::make(loop, clock, log, options_, *this);
}

void BrokerClient::start() {
  if (std::exchange(is_running_, true)) return;
  if (config_.sas_key.empty()) {
    client_->start();
  } else {
    open_with_token();
  }
}

void BrokerClient::stop(std::function<void()> done) {
  is_running_ = false;
  timer_.cancel();
  if (client_) return client_->stop(std::move(done));
  boost::asio::post(loop_, std::move(done));
}

void BrokerClient::open_with_token() {
  const auto utc = clock_.utc();
  if (!utc) return wake_after(seconds{1}, &BrokerClient::open_with_token);
  const auto claim = mqtt::SasClaim::of(config_.brokers.front().address.host, config_.client_id, *utc);
  options_.password = claim.token(secrets::host::hmac_sha256_base64(config_.sas_key, claim.text_to_sign()));
  client_ = mqtt::host::Client::make(loop_, clock_, log_, options_, *this);
  client_->start();
  wake_after(mqtt::kSasLifetime - mqtt::kSasRenewBefore, &BrokerClient::renew);
}

void BrokerClient::renew() {
  client_->stop([this] {
    if (is_running_) open_with_token();
  });
}

void BrokerClient::wake_after(seconds pause, void (BrokerClient::*what)()) {
  timer_.expires_after(pause);
  timer_.async_wait([this, what](const boost::system::error_code& stopped) {
    if (!stopped && is_running_) (this->*what)();
  });
}

Result<void> BrokerClient::publish(mqtt::Token token, mqtt::Message message) {
  if (!client_) return fail(mqtt::not_connected, topics_.topic(), "the clock is not known yet");
  return client_->publish(token, dialect_.outgoing(std::move(message)));
}

Result<void> BrokerClient::publish(mqtt::Message message) {
  if (!client_) return fail(mqtt::not_connected, topics_.topic(), "the clock is not known yet");
  return client_->publish(dialect_.outgoing(std::move(message)));
}

void BrokerClient::on_message(const mqtt::Message& message) {
  if (const auto own = dialect_.incoming(message, topics_)) observer_.on_message(*own);
}

}  // namespace meterseal::app
