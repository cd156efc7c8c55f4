#include "mqtt/host/client.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "core/errors.hpp"
#include "mqtt/backoff.hpp"
#include "mqtt/errors.hpp"
#include "mqtt/host/connection_text.hpp"
#include "mqtt/host/link.hpp"
#include "mqtt/session_machine.hpp"
#include "trust/host/errors.hpp"

namespace meterseal::mqtt::host {

namespace {

constexpr std::size_t kMaxOutput = std::size_t{1024} * 1024;
/// TlsClient makes one record of what it is given at once. @source RFC 8446, 5.1: 2^14 bytes
constexpr std::size_t kRecord = std::size_t{16} * 1024;
/// Some peers never answer close_notify.
constexpr milliseconds kShutDownLimit{200};
constexpr std::string_view kTag = "MQTT";

/// Reserved, not written: a page costs memory only once a packet has needed it.
struct PacketMemory {
  explicit PacketMemory(std::size_t size)
      : bytes(std::make_unique_for_overwrite<std::uint8_t[]>(size)), view(bytes.get(), size) {}
  std::unique_ptr<std::uint8_t[]> bytes;
  std::span<std::uint8_t> view;
};

/// One broker of the list with what is known about reaching it.
struct Target {
  Target(boost::asio::io_context& loop, Broker of, std::uint64_t seed)
      : broker(std::move(of)), name(name_of(broker)), backoff(seed), lookup(loop) {}
  const Broker broker;
  const std::string name;
  Backoff backoff;
  meterseal::host::NameLookup lookup;
  Instant due;  ///< not to be tried before
};

Reach reach_of(const Code& failure) {
  for (const Code& code :
       {lookup_timeout, host_unknown, connect_timeout, connection_refused, connect_failed, core::out_of_resources}) {
    if (failure == code) return Reach::nobody;
  }
  return Reach::answered;
}

Publish view_of(const Message& message) {
  return {message.topic, message.payload, message.qos, message.retain, false, 0};
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

class ClientImpl final : public Client, public LinkEvents {
  /// A handler that does nothing when it was cancelled or the client is gone.
  template <class F>
  [[nodiscard]] auto guarded(F handler) {
    return [alive = std::weak_ptr<const int>(alive_), handler](const boost::system::error_code& cancelled = {}) {
      if (!cancelled && !alive.expired()) handler();
    };
  }

 public:
  ClientImpl(boost::asio::io_context& loop, const Clock& clock, Log& log, ClientOptions options,
             ClientObserver& observer)
      : loop_(loop),
        clock_(clock),
        log_(log),
        observer_(observer),
        options_(std::move(options)),
        filters_(views_of(options_.subscriptions)),
        in_(kMaxPacket),
        out_(kMaxOutput),
        machine_(session_options(), {in_.view, out_.view}),
        retry_timer_(loop),
        wake_timer_(loop),
        stop_timer_(loop) {
    std::uint64_t seed = options_.jitter_seed;
    for (const Broker& broker : options_.brokers) {
      targets_.push_back(std::make_unique<Target>(loop, broker, seed++));
    }
  }

  ~ClientImpl() override {
    if (link_) link_->close();
  }
  ClientImpl(const ClientImpl&) = delete;
  ClientImpl& operator=(const ClientImpl&) = delete;

  void start() override {
    if (running_) return;
    running_ = true;
    for (const auto& target : targets_) target->due = {};
    try_next();
  }

  void stop(std::function<void()> done) override {
    running_ = false;
    retry_timer_.cancel();
    stop_done_ = std::move(done);
    if (!link_ || !is_online()) return finish_stop();
    stop_timer_.expires_after(kShutDownLimit);
    stop_timer_.async_wait(guarded([this] { finish_stop(); }));
    step(Stop{});
  }

  [[nodiscard]] bool is_online() const override { return machine_.state() == SessionState::online; }
  [[nodiscard]] std::size_t window_left() const override { return machine_.window_left(); }
  [[nodiscard]] const trust::host::TlsClient* tls() const override {
    return is_online() && link_ ? link_->tls() : nullptr;
  }

  Result<void> publish(Token token, Message message) override { return offer(token, message); }
  Result<void> publish(Message message) override { return offer(std::nullopt, message); }

 private:
  [[nodiscard]] SessionOptions session_options() const {
    SessionOptions session;
    session.connect = {options_.version,  options_.client_id, options_.user,
                       options_.password, std::nullopt,       options_.keep_alive};
    if (options_.will) session.connect.will = view_of(*options_.will);
    session.subscriptions = filters_;
    session.answer_limit = options_.step_limit;
    return session;
  }

  // Which broker, and when.

  void try_next() {
    const Instant now = clock_.now();
    Target* next = nullptr;
    Target* soonest = nullptr;
    for (const auto& target : targets_) {
      if (next == nullptr && target->due <= now) next = target.get();
      if (soonest == nullptr || target->due < soonest->due) soonest = target.get();
    }
    if (next != nullptr) return open(*next);
    if (soonest == nullptr) return;
    retry_timer_.expires_after(soonest->due - now);
    retry_timer_.async_wait(guarded([this] {
      if (running_ && !link_) try_next();
    }));
  }

  void open(Target& target) {
    target_ = &target;
    online_since_.reset();
    failure_.reset();
    closing_ = false;
    log_.debug(kTag, "connecting to " + target.name);
    link_ = std::make_shared<Link>(loop_, target.broker, options_.step_limit, target.lookup, *this);
    link_->open(clock_.utc());
  }

  // The link.

  void link_up() override {
    if (!target_->broker.tls) log_.warn(kTag, plaintext_text(target_->name));
    step(LinkUp{});
  }

  void link_judged(const trust::host::TlsClient& tls) override { observer_.on_judged(target_->broker, tls); }

  void link_received(Bytes bytes) override {
    const Instant now = clock_.now();
    const std::shared_ptr<Link> link = link_;
    busy_ = true;
    while (!bytes.empty() && link == link_) {
      const auto step = machine_.step(Received{bytes}, now);
      bytes = bytes.subspan(step.taken);
      execute(step.actions);
    }
    busy_ = false;
    pump();
  }

  void link_writable() override { pump(); }

  void link_down(const Error& error) override { lose(explained(error)); }

  /// A connection that ends between CONNECT and CONNACK says something else than one that ends later.
  [[nodiscard]] Error explained(const Error& error) const {
    const bool is_plain_end = error.code == connection_lost || error.code == trust::host::tls_closed;
    if (machine_.state() != SessionState::connecting || !is_plain_end) return error;
    return make_error(closed_before_connack, error.where, error.detail);
  }

  void lose(const Error& error) {
    const auto link = std::exchange(link_, nullptr);
    Target& target = *target_;  // the observer may stop and start this client: then it is another one
    const auto session = machine_.step(LinkDown{}, clock_.now());
    wake_timer_.cancel();
    armed_for_.reset();
    execute(session.actions);
    if (!running_) return finish_stop();
    log_.error(kTag, error);
    if (error.code.error_class == ErrorClass::security) {
      if (const auto served = served_text(link->tls())) log_.warn(kTag, target.name + ": " + *served);
    }
    const Instant now = clock_.now();
    if (online_since_ && now - *online_since_ >= Backoff::kGoodConnection) target.backoff.reset();
    const milliseconds pause = target.backoff.next(error.code.error_class, reach_of(error.code));
    target.due = now + pause;
    observer_.on_failure(target.broker, error);
    log_.debug(kTag, target.name + ": next attempt in " + std::to_string(pause.count()) + " ms");
    if (running_ && !link_) try_next();
  }

  // The session.

  void step(const SessionEvent& event) {
    const auto done = machine_.step(event, clock_.now());
    execute(done.actions);
    pump();
  }

  void execute(const SessionActions& actions) {
    for (const SessionAction& action : actions) {
      std::visit([this](const auto& a) { on(a); }, action);
    }
  }

  void on(const Online& online) {
    online_since_ = clock_.now();
    log_.info(kTag, connected_text(target_->name, link_->tls()));
    if (const auto* tls = link_->tls()) {
      const auto& trusted = std::get<trust::Trusted>(tls->verdict());
      log_.info("TLS", sealed_text(trusted, tls->summary()));
      if (const auto odd = dates_text(target_->name, trusted, tls->summary().facts)) log_.warn("TLS", *odd);
    }
    if (!online.retains) log_.warn(kTag, target_->name + ": this broker keeps no retained messages");
    observer_.on_connected(target_->broker);
  }

  void on(const Offline&) { observer_.on_disconnected(); }

  void on(const Deliver& deliver) {
    const Publish& from = deliver.message;
    observer_.on_message({std::string(from.topic), std::string(from.payload), from.qos, from.retain});
  }

  void on(const Published& published) { observer_.on_published(published.token); }

  void on(const Rejected& rejected) {
    Text<224> detail("the broker did not accept the message: ");
    detail.add_uint(rejected.code).add(" ").add(reason_text(rejected.code)).add(" ").add(rejected.reason);
    const Error error = make_error(publish_rejected, target_->name, detail);
    log_.error(kTag, error);
    observer_.on_rejected(rejected.token, error);
  }

  void on(const SubscriptionsRefused& refused) {
    for (std::size_t i = 0; i < refused.codes.size(); ++i) {
      if (refused.codes[i] < reason::failure) continue;
      log_.error(kTag,
                 make_error(subscription_refused, target_->name, "no subscription to " + options_.subscriptions[i]));
    }
  }

  void on(const StrayAck& stray) {
    log_.warn(kTag, target_->name + ": acknowledges packet " + std::to_string(stray.packet_id) +
                        ", which it was not sent; ignored");
  }

  void on(const Fail& failure) { failure_ = make_error(failure.code, target_->name, failure.detail); }

  void on(const CloseLink&) { closing_ = true; }

  // Bytes out.

  Result<void> offer(std::optional<Token> token, const Message& message) {
    auto offered = machine_.publish(token, view_of(message), clock_.now());
    // All that is offered at once goes out in one piece.
    if (offered && !busy_ && !pump_posted_) {
      pump_posted_ = true;
      boost::asio::post(loop_, guarded([this] {
                          pump_posted_ = false;
                          pump();
                        }));
    }
    return offered;
  }

  /// Hands over what waits to be sent, ends what is to be ended, and sets the alarm.
  void pump() {
    if (busy_ || !link_) return;
    std::optional<Error> broken;
    while (!machine_.output().empty()) {
      const Bytes waiting = machine_.output();
      const auto taken = link_->write(waiting.first(std::min(waiting.size(), kRecord)));
      if (!taken) broken = taken.error();
      if (!taken || *taken == 0) break;
      machine_.consume_output(*taken);
    }
    if (const auto failure = std::exchange(failure_, std::nullopt)) broken = failure;
    if (broken) {
      link_->close();
      return lose(*broken);
    }
    if (closing_ && machine_.output().empty()) {
      closing_ = false;
      link_->shut_down();
    }
    arm();
  }

  void arm() {
    const auto wake = machine_.wake_at();
    // An alarm that comes too early costs less than one that is set anew for each packet.
    if (!wake || (armed_for_ && *armed_for_ <= *wake)) return;
    armed_for_ = *wake;
    wake_timer_.expires_after(std::max(*wake - clock_.now(), LoopClock::duration::zero()));
    wake_timer_.async_wait(guarded([this] {
      armed_for_.reset();
      if (link_) step(Woke{});
    }));
  }

  void finish_stop() {
    stop_timer_.cancel();
    closing_ = false;
    failure_.reset();
    if (const auto link = std::exchange(link_, nullptr)) link->close();
    wake_timer_.cancel();
    armed_for_.reset();
    execute(machine_.step(LinkDown{}, clock_.now()).actions);
    if (!stop_done_) return;
    boost::asio::post(loop_, [done = std::exchange(stop_done_, nullptr)] { done(); });
  }

  // constant after construction
  boost::asio::io_context& loop_;
  const Clock& clock_;
  Log& log_;
  ClientObserver& observer_;
  const ClientOptions options_;
  const std::vector<std::string_view> filters_;
  const std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);

  // loop thread only
  PacketMemory in_;
  PacketMemory out_;
  SessionMachine machine_;
  std::vector<std::unique_ptr<Target>> targets_;
  Target* target_ = nullptr;  ///< of the link, or of the last one
  std::shared_ptr<Link> link_;
  boost::asio::steady_timer retry_timer_;
  boost::asio::steady_timer wake_timer_;
  boost::asio::steady_timer stop_timer_;
  std::optional<Instant> armed_for_;  ///< what wake_timer_ waits for
  std::optional<Instant> online_since_;
  std::optional<Error> failure_;  ///< of the session: the link is closed with it
  std::function<void()> stop_done_;
  bool running_ = false;
  bool busy_ = false;     ///< within a step: output is collected
  bool closing_ = false;  ///< the link is shut down once the output is empty
  bool pump_posted_ = false;
};

}  // namespace

std::unique_ptr<Client> Client::make(boost::asio::io_context& loop, const Clock& clock, Log& log, ClientOptions options,
                                     ClientObserver& observer) {
  return std::make_unique<ClientImpl>(loop, clock, log, std::move(options), observer);
}

}  // namespace meterseal::mqtt::host
