#include "app/agent/delivery.hpp"

#include <algorithm>
#include <utility>

#include "mqtt/energy_payload.hpp"
#include "outbox/confirm.hpp"
#include "outbox/loss.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kTag = "OUT";
/// Messages in flight: no more than any common broker takes at once. @source MQTT 5, 3.2.2.3.3; Receive Maximum
/// of HiveMQ 10, mosquitto 20, EMQX 32
constexpr std::size_t kWindow = 10;
constexpr std::string_view kConfirm = "CONFIRM";
constexpr LoopClock::duration kLongestSleep = std::chrono::hours{1};

/// Room for Time, TimeEstimated, Seq and Boot around a body.
constexpr std::size_t kAround = 256;

}  // namespace

outbox::DeliverySettings delivery_settings(const Config& config) {
  outbox::DeliverySettings settings;
  settings.confirmed_by = config.mqtt.delivery;
  settings.window = kWindow;
  settings.history_rate = config.outbox.replay_per_second;
  settings.history_burst = std::min(settings.history_burst, settings.history_rate);
  return settings;
}

Result<std::string> telemetry_message(const outbox::Record& record, std::string_view outbox, const Calendar& calendar) {
  std::string body = record.body;
  body.append(",\"Outbox\":\"").append(outbox).append("\"");
  body += ",\"Seq\":" + std::to_string(record.sequence) + ",\"Boot\":" + std::to_string(record.stamp.boot);
  std::optional<CivilTime> time;
  if (record.stamp.utc) time = calendar.local(*record.stamp.utc);
  std::vector<char> memory(body.size() + kAround);
  const auto source = record.time_estimated ? mqtt::TimeSource::estimated : mqtt::TimeSource::measured;
  return mqtt::sensor_message(memory, body, time, source).map([](std::string_view json) { return std::string(json); });
}

Delivery::Delivery(boost::asio::io_context& loop, const Clock& clock, Log& log, outbox::Store& store,
                   const Calendar& calendar, const mqtt::Topics& topics, std::string name,
                   const outbox::DeliverySettings& settings)
    : clock_(clock),
      log_(log),
      store_(store),
      calendar_(calendar),
      topics_(topics),
      name_(std::move(name)),
      confirmed_by_(settings.confirmed_by),
      machine_(settings),
      timer_(loop) {}

std::vector<outbox::Sequence> Delivery::removals() {
  tell(outbox::CommitBegins{});
  are_removals_committing_ = !riding_.empty();
  return std::exchange(riding_, {});
}

void Delivery::on_committed(std::vector<outbox::Record> records) {
  if (std::exchange(are_removals_committing_, false)) tell(outbox::Removed{});
  if (!records.empty()) tell(outbox::RecordsCommitted{std::move(records)});
}

void Delivery::on_commit_failed() {
  if (std::exchange(are_removals_committing_, false)) tell(outbox::RemoveFailed{});
}

void Delivery::tell(outbox::DeliveryEvent event) {
  events_.push_back(std::move(event));
  if (std::exchange(is_telling_, true)) return;
  while (!events_.empty()) {
    const outbox::DeliveryEvent next = std::move(events_.front());
    events_.pop_front();
    for (outbox::DeliveryAction& action : machine_.step(next, clock_.now())) {
      std::visit([this](auto& what) { execute(what); }, action);
    }
  }
  is_telling_ = false;
  tell_of_receiver();
}

bool Delivery::take(const mqtt::Message& message) {
  if (topics_.command_in(message.topic) != kConfirm) return false;
  // A retained one is the word of a former day.
  if (confirmed_by_ != outbox::ConfirmedBy::receiver || message.retain) return true;
  auto confirmation = outbox::parse_confirmation(message.payload);
  if (!confirmation) {
    if (const auto kept_back = confirm_guard_.tell(clock_.now())) {
      log_.error(kTag, confirmation.error());
      if (*kept_back != 0) log_.warn(kTag, std::to_string(*kept_back) + " more of the kind since the last one");
    }
  } else if (confirmation->outbox.view() == name_) {
    tell(outbox::Confirmed{std::move(confirmation->ranges)});
  }  // else of a disk that this device had before
  return true;
}

void Delivery::tell_of_receiver() {
  if (machine_.is_receiver_silent() && !std::exchange(is_silence_told_, true))
    log_.warn(kTag, "no receiver confirms readings: they are kept, and sent again now and then");
  if (machine_.is_receiver_heard() && std::exchange(is_silence_told_, false))
    log_.info(kTag, "a receiver confirms readings again");
}

void Delivery::execute(const outbox::Offer& offer) {
  const bool live = offer.channel == outbox::Channel::sensor;
  auto payload = telemetry_message(offer.record, name_, calendar_);
  if (!payload) {
    if (message_guard_.tell(clock_.now())) log_.error(kTag, payload.error());
    tell(outbox::OfferFailed{offer.record.sequence});
    return;
  }
  mqtt::Message message;
  const std::string_view level = outbox::is_loss(offer.record) ? "LOSS" : live ? "SENSOR" : "HISTORY";
  message.topic = std::string(topics_.of(mqtt::Prefix::tele, level).view());
  message.payload = std::move(*payload);
  const auto sent = client_->publish(offer.record.sequence, std::move(message));
  if (!sent) return tell(outbox::OfferFailed{offer.record.sequence});
  offered_[offer.record.sequence] = clock_.now();
}

void Delivery::on_published(mqtt::Token token) {
  if (const auto offered = offered_.find(token); offered != offered_.end()) {
    const auto took = std::chrono::duration_cast<milliseconds>(clock_.now() - offered->second);
    ++publish_times_.count;
    publish_times_.sum += took;
    publish_times_.longest = std::max(publish_times_.longest, took);
    offered_.erase(offered);
  }
  tell(outbox::Acknowledged{token});
}

void Delivery::execute(const outbox::Fetch& fetch) {
  store_.fetch(fetch.after, fetch.limit,
               [this, alive = std::weak_ptr<const int>(alive_)](Result<std::vector<outbox::Record>> records) {
                 if (alive.expired()) return;
                 if (records) {
                   tell(outbox::Fetched{std::move(*records)});
                   return;
                 }
                 if (fetch_guard_.tell(clock_.now())) log_.error(kTag, records.error());
                 tell(outbox::FetchFailed{});
               });
}

void Delivery::execute(outbox::Remove& remove) {
  if (remove.ride == outbox::Ride::next_commit) {
    riding_ = std::move(remove.sequences);
    return;
  }
  outbox::Commit commit;
  commit.remove = std::move(remove.sequences);
  store_.commit(std::move(commit),
                [this, alive = std::weak_ptr<const int>(alive_)](const Result<outbox::Committed>& done) {
                  if (alive.expired()) return;
                  if (done) {
                    tell(outbox::Removed{});
                  } else {
                    tell(outbox::RemoveFailed{});
                  }
                });
}

void Delivery::execute(const outbox::WakeAt& wake) {
  timer_.expires_after(std::min<LoopClock::duration>(wake.at - clock_.now(), kLongestSleep));
  timer_.async_wait([this, alive = std::weak_ptr<const int>(alive_)](const boost::system::error_code& replaced) {
    if (!replaced && !alive.expired()) tell(outbox::Woke{});
  });
}

}  // namespace meterseal::app
