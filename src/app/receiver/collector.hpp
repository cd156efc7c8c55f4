#pragma once

// The receiver: takes telemetry of many devices from a broker, stores it, and tells each device which of its records
// are safe. It confirms after the commit and nothing else, so that a record which this process has received and not yet
// stored is sent again by its device (delivery = "receiver").
//
// Bounds: kMaxWaiting messages and kMaxBytes of them in memory; beyond, what comes is left out unconfirmed, which is
// told. Ownership: everything given must outlive it. Thread: loop thread; the database has a thread of its own, joined
// by the destructor.

#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "collect/device_topic.hpp"
#include "collect/store.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "mqtt/host/client.hpp"

namespace meterseal::app {

class Collector final : public mqtt::host::ClientObserver {
 public:
  static constexpr std::size_t kMaxWaiting = 20'000;
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024 * 1024;

  Collector(boost::asio::io_context& loop, const Clock& clock, Log& log, std::unique_ptr<collect::Store> store,
            collect::DeviceTopic topic);
  ~Collector() override;
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  void use(mqtt::host::Client& client);
  /// Calls `done` when everything that was received has been stored and confirmed, or cannot be.
  void finish(std::function<void()> done);

  void on_connected(const mqtt::host::Broker& broker) override;
  void on_disconnected() override {}
  void on_message(const mqtt::Message& message) override;
  void on_published(mqtt::Token) override {}
  void on_rejected(mqtt::Token, const Error&) override {}
  void on_failure(const mqtt::host::Broker&, const Error&) override {}

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What is published to a device: `{"Outbox":"a1b2c3d4","Confirm":[[1,20],[22,22]]}`, in as many messages as needed.
[[nodiscard]] std::vector<std::string> confirmations(const std::string& outbox,
                                                     std::vector<collect::Sequence> sequences);

}  // namespace meterseal::app
