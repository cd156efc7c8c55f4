#pragma once

// Carries records from the store to the broker: executes what outbox::DeliveryMachine decides, over the store and the
// MQTT client, and tells it what became of it.
//
// A message is `{"Time":...,<body>,"Outbox":...,"Seq":...,"Boot":...}`: these are the same each time a record is sent,
// so that a receiver can drop doubles and prove that nothing is missing.
//
// A receiver's confirmations come by MQTT, from whoever may publish there: only their strict form is read, and only
// numbers that were sent are taken from it (delivery = "receiver"; else they mean nothing).
//
// Ownership: everything given must outlive it; the client is told later because it is made with an observer.
// Thread: loop thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <vector>

#include <map>

#include "app/agent/journal.hpp"
#include "app/config/config.hpp"
#include "app/repeat_guard.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "mqtt/host/client.hpp"
#include "mqtt/topics.hpp"
#include "outbox/delivery_machine.hpp"
#include "outbox/store.hpp"

namespace meterseal::app {

[[nodiscard]] outbox::DeliverySettings delivery_settings(const Config& config);

/// @param outbox  name of the store that numbered it @return mqtt::payload_too_large
[[nodiscard]] Result<std::string> telemetry_message(const outbox::Record& record, std::string_view outbox,
                                                    const Calendar& calendar);

class Delivery final : public CommitObserver {
 public:
  Delivery(boost::asio::io_context& loop, const Clock& clock, Log& log, outbox::Store& store, const Calendar& calendar,
           const mqtt::Topics& topics, std::string name, const outbox::DeliverySettings& settings);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  ~Delivery() override = default;

  void use(mqtt::host::Client& client) { client_ = &client; }

  void on_connected() { tell(outbox::Connected{}); }
  void on_disconnected() {
    offered_.clear();
    tell(outbox::Disconnected{});
  }
  void on_published(mqtt::Token token);
  void on_rejected(mqtt::Token token) {
    offered_.erase(token);
    tell(outbox::OfferFailed{token});
  }
  /// From a record's offer to the broker's PUBACK, since the start.
  struct PublishTimes {
    std::uint64_t count = 0;
    milliseconds sum{0};
    milliseconds longest{0};
  };
  [[nodiscard]] const PublishTimes& publish_times() const { return publish_times_; }
  /// @return false: it is no receiver's confirmation but something for others
  [[nodiscard]] bool take(const mqtt::Message& message);
  void on_relabelled() { tell(outbox::Relabelled{}); }

  [[nodiscard]] std::vector<outbox::Sequence> removals() override;
  void on_committed(std::vector<outbox::Record> records) override;
  void on_commit_failed() override;

 private:
  void tell(outbox::DeliveryEvent event);
  void tell_of_receiver();
  void execute(const outbox::Offer& offer);
  void execute(const outbox::Fetch& fetch);
  void execute(outbox::Remove& remove);
  void execute(const outbox::WakeAt& wake);

  // constant after construction
  const Clock& clock_;
  Log& log_;
  outbox::Store& store_;
  const Calendar& calendar_;
  const mqtt::Topics& topics_;
  const std::string name_;  ///< of the store
  const outbox::ConfirmedBy confirmed_by_;
  mqtt::host::Client* client_ = nullptr;

  // loop thread only
  outbox::DeliveryMachine machine_;
  std::map<mqtt::Token, Instant> offered_;  ///< not acknowledged yet: as many as are in flight
  PublishTimes publish_times_;
  boost::asio::steady_timer timer_;
  std::deque<outbox::DeliveryEvent> events_;  ///< an action may be the cause of the next event
  bool is_telling_ = false;
  std::vector<outbox::Sequence> riding_;  ///< removals for the commit that begins
  bool are_removals_committing_ = false;
  RepeatGuard message_guard_;
  RepeatGuard fetch_guard_;
  RepeatGuard confirm_guard_;
  bool is_silence_told_ = false;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  ///< the store may answer after we are gone
};

}  // namespace meterseal::app
