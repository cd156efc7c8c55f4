#include "app/receiver/collector.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>
#include <utility>

#include "app/repeat_guard.hpp"
#include "collect/host/envelope.hpp"

namespace meterseal::app {

namespace {

using collect::Arrival;
using collect::Loss;
using collect::Sequence;

constexpr std::string_view kTag = "COL";
/// How long messages are gathered for one commit: a commit costs a disk's fsync, whatever is in it.
constexpr milliseconds kGather{100};
constexpr std::size_t kLargestCommit = 1000;
constexpr seconds kLongestPause{30};
constexpr std::size_t kRangesOfAMessage = 200;

struct Batch {
  std::vector<Arrival> arrivals;
  std::vector<Loss> losses;
};

}  // namespace

std::vector<std::string> confirmations(const std::string& outbox, std::vector<Sequence> sequences) {
  std::sort(sequences.begin(), sequences.end());
  std::vector<collect::Range> ranges;
  for (const Sequence sequence : sequences) {
    if (!ranges.empty() && sequence <= ranges.back().last + 1) {
      ranges.back().last = sequence;
    } else {
      ranges.push_back({sequence, sequence});
    }
  }
  std::vector<std::string> messages;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto& [first, last] = ranges[i];
    const std::string range = "[" + std::to_string(first) + "," + std::to_string(last) + "]";
    if (i % kRangesOfAMessage == 0) {
      messages.push_back("{\"Outbox\":\"" + outbox + "\",\"Confirm\":[" + range);
    } else {
      messages.back() += "," + range;
    }
  }
  for (std::string& message : messages) message += "]}";
  return messages;
}

struct Collector::Impl {
  Impl(boost::asio::io_context& loop, const Clock& clock, Log& log, std::unique_ptr<collect::Store> store,
       collect::DeviceTopic topic)
      : loop_(loop),
        clock_(clock),
        log_(log),
        topic_(std::move(topic)),
        store_(std::move(store)),
        timer_(loop),
        keeps_thread_(boost::asio::make_work_guard(disk_)),
        thread_([this] { disk_.run(); }) {}

  ~Impl() {
    keeps_thread_.reset();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void take(const mqtt::Message& message) {
    const auto from = topic_.read(message.topic);
    if (message.retain || !from) return;
    if (from->name != "SENSOR" && from->name != "HISTORY" && from->name != "LOSS") return;
    auto envelope = collect::host::read_envelope(message.topic, message.payload);
    if (!envelope) {
      if (const auto kept_back = malformed_guard_.tell(clock_.now())) {
        log_.error(kTag, envelope.error());
        if (*kept_back != 0) log_.warn(kTag, std::to_string(*kept_back) + " more of the kind since the last one");
      }
      return;
    }
    if (waiting_.arrivals.size() >= kMaxWaiting || waiting_bytes_ + message.payload.size() > kMaxBytes) {
      if (full_guard_.tell(clock_.now()))
        log_.warn(kTag, "more comes than the database takes: what is left out stays unconfirmed and comes again");
      return;
    }
    waiting_bytes_ += message.payload.size();
    if (envelope->lost)
      waiting_.losses.push_back(
          {from->device, envelope->outbox, *envelope->lost, envelope->lost_count, envelope->lost_reason});
    waiting_.arrivals.push_back(
        {from->device, envelope->outbox, envelope->sequence, envelope->boot, envelope->time, message.payload});
    if (waiting_.arrivals.size() == 1 && !is_committing_) wait(kGather);
    if (waiting_.arrivals.size() >= kLargestCommit && !is_resting_) commit();
  }

  void wait(milliseconds pause) {
    timer_.expires_after(pause);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      is_resting_ = false;
      commit();
    });
  }

  void commit() {
    if (is_committing_ || waiting_.arrivals.empty()) return;
    is_committing_ = true;
    timer_.cancel();
    committing_ = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    boost::asio::post(disk_, [this] {
      auto result = store_->commit(committing_.arrivals, committing_.losses);
      boost::asio::post(loop_, [this, result = std::move(result)] { done(result); });
    });
  }

  void done(const Result<void>& result) {
    is_committing_ = false;
    if (result) {
      confirm();
      pause_ = milliseconds{0};
    } else {
      log_.error(kTag, result.error());
      pause_ = std::clamp(2 * pause_, milliseconds{1000}, std::chrono::duration_cast<milliseconds>(kLongestPause));
      put_back();
    }
    committing_ = {};
    if (finished_ && (waiting_.arrivals.empty() || !result)) return std::exchange(finished_, nullptr)();
    if (waiting_.arrivals.empty()) return;
    is_resting_ = !result;
    wait(result ? kGather : pause_);
  }

  /// The next commit is tried with all of it. What exceeds the bounds stays unconfirmed.
  void put_back() {
    Batch newer = std::exchange(waiting_, std::move(committing_));
    waiting_.arrivals.insert(waiting_.arrivals.end(), std::make_move_iterator(newer.arrivals.begin()),
                             std::make_move_iterator(newer.arrivals.end()));
    waiting_.losses.insert(waiting_.losses.end(), std::make_move_iterator(newer.losses.begin()),
                           std::make_move_iterator(newer.losses.end()));
    waiting_bytes_ = 0;
    for (const Arrival& arrival : waiting_.arrivals) waiting_bytes_ += arrival.payload.size();
  }

  /// A confirmation that cannot be sent is not kept: the device sends the record again, and it is confirmed then.
  void confirm() {
    std::map<std::pair<std::string, std::string>, std::vector<Sequence>> stored;
    for (const Arrival& arrival : committing_.arrivals)
      stored[{arrival.device, arrival.outbox}].push_back(arrival.sequence);
    stored_ += committing_.arrivals.size();
    for (auto& [device, sequences] : stored) {
      for (std::string& text : confirmations(device.second, std::move(sequences))) {
        const mqtt::Message message{topic_.command(device.first, "CONFIRM"), std::move(text), mqtt::Qos::at_most_once,
                                    false};
        if (client_ == nullptr || !client_->is_online()) return;
        if (const auto sent = client_->publish(message); !sent) log_.error(kTag, sent.error());
      }
    }
    log_.debug(kTag, std::to_string(stored_) + " messages stored");
  }

  // constant after construction
  boost::asio::io_context& loop_;
  const Clock& clock_;
  Log& log_;
  const collect::DeviceTopic topic_;
  const std::unique_ptr<collect::Store> store_;  ///< its thread only
  mqtt::host::Client* client_ = nullptr;

  // loop thread only
  boost::asio::steady_timer timer_;
  Batch waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_committing_ = false;
  bool is_resting_ = false;  ///< after a failure
  milliseconds pause_{0};
  std::uint64_t stored_ = 0;
  std::function<void()> finished_;
  RepeatGuard malformed_guard_;
  RepeatGuard full_guard_;

  // handed across (one commit at a time)
  Batch committing_;
  boost::asio::io_context disk_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keeps_thread_;
  std::thread thread_;
};

Collector::Collector(boost::asio::io_context& loop, const Clock& clock, Log& log, std::unique_ptr<collect::Store> store,
                     collect::DeviceTopic topic)
    : impl_(std::make_unique<Impl>(loop, clock, log, std::move(store), std::move(topic))) {}
Collector::~Collector() = default;

void Collector::use(mqtt::host::Client& client) {
  impl_->client_ = &client;
}

void Collector::finish(std::function<void()> done) {
  if (!impl_->is_committing_ && impl_->waiting_.arrivals.empty()) return done();
  impl_->finished_ = std::move(done);
  impl_->commit();
}

void Collector::on_connected(const mqtt::host::Broker& /*broker*/) {
  impl_->log_.info(kTag, "collecting");
}

void Collector::on_message(const mqtt::Message& message) {
  impl_->take(message);
}

}  // namespace meterseal::app
