#include "app/toolbox/tls_walk.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "core/host/name_lookup.hpp"

namespace meterseal::app {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxAddresses = 4;
constexpr std::size_t kMaxReceived = std::size_t{256} * 1024;
constexpr std::size_t kFirstBytes = 16;

TcpOutcome outcome_of(const error_code& error) {
  namespace net = boost::asio::error;
  if (error == net::connection_refused) return TcpOutcome::refused;
  if (error == net::timed_out) return TcpOutcome::filtered;
  if (error == net::network_unreachable || error == net::host_unreachable) return TcpOutcome::no_route;
  return TcpOutcome::failed;
}

milliseconds since(Steady::time_point start) {
  return std::chrono::duration_cast<milliseconds>(Steady::now() - start);
}

class Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(boost::asio::io_context& io, HostPort to, const WalkLimits& limits, std::shared_ptr<Conversation> conversation,
       WalkDone done)
      : to_(std::move(to)),
        limits_(limits),
        conversation_(std::move(conversation)),
        done_(std::move(done)),
        lookup_(io),
        deadline_(io),
        stream_(io) {}

  void start() {
    started_ = Steady::now();
    error_code not_numeric;
    const auto address = boost::asio::ip::make_address(to_.host, not_numeric);
    if (!not_numeric) {
      result_.addresses = {to_.host};
      waiting_ = {address};
      return connect_next();
    }
    limit(limits_.lookup, [this] {
      lookup_.cancel();
      result_.lookup_failure =
          "no answer from the name server within " + std::to_string(limits_.lookup.count()) + " ms";
      finish();
    });
    lookup_.start(to_.host, [self = shared_from_this(), this](const auto& found) { take_addresses(found); });
  }

 private:
  /// One deadline at a time; setting it again or cancel() forgets the one before.
  void limit(milliseconds after, std::function<void()> act) {
    deadline_.expires_after(after);
    deadline_.async_wait([self = shared_from_this(), act = std::move(act)](const error_code& cancelled) {
      if (!cancelled && !self->finished_) act();
    });
  }

  void take_addresses(const meterseal::host::FoundAddresses& found) {
    if (finished_) return;
    deadline_.cancel();
    result_.lookup_took = since(started_);
    result_.lookup_failure = found.failure;
    result_.addresses = found.addresses;
    for (const std::string& text : found.addresses) {
      error_code error;
      const auto address = boost::asio::ip::make_address(text, error);
      if (!error && waiting_.size() < kMaxAddresses) waiting_.push_back(address);
    }
    connect_next();
  }

  void connect_next() {
    if (waiting_.empty()) return finish();
    const tcp::endpoint endpoint(waiting_.front(), to_.port);
    waiting_.erase(waiting_.begin());
    started_ = Steady::now();
    error_code error;
    error = stream_.close(error);
    error = stream_.open(endpoint.protocol(), error);
    if (error) return attempted(endpoint, error);
    limit(limits_.connect, [this] {
      error_code ignored;
      ignored = stream_.close(ignored);  // the handler below tells the attempt apart by this
    });
    stream_.async_connect(endpoint, [self = shared_from_this(), this, endpoint](const error_code& failed) {
      if (finished_) return;
      attempted(endpoint, failed == boost::asio::error::operation_aborted
                              ? make_error_code(boost::asio::error::timed_out)
                              : failed);
    });
  }

  void attempted(const tcp::endpoint& endpoint, const error_code& failed) {
    deadline_.cancel();
    const TcpOutcome outcome = failed ? outcome_of(failed) : TcpOutcome::connected;
    result_.attempts.push_back({endpoint.address().to_string(), outcome, failed ? failed.message() : ""});
    if (failed) return connect_next();
    result_.connect_took = since(started_);
    error_code ignored;
    ignored = stream_.set_option(tcp::no_delay(true), ignored);
    talk();
  }

  void talk() {
    started_ = Steady::now();
    limit(limits_.talk, [this] {
      result_.timed_out = true;
      finish();
    });
    step();
  }

  void step() {
    ended_ = conversation_->step() == Conversation::State::ended;
    send_then_receive();
  }

  void send_then_receive() {
    const Bytes out = conversation_->output();
    if (out.empty()) return ended_ ? finish() : receive();
    out_.assign(out.begin(), out.end());
    conversation_->consume_output(out.size());
    sent_ = 0;
    send();
  }

  void send() {
    const auto rest = boost::asio::buffer(out_.data() + sent_, out_.size() - sent_);
    stream_.async_write_some(rest, [self = shared_from_this(), this](const error_code& error, std::size_t n) {
      if (finished_) return;
      // A peer that has closed may have said why before: its last bytes are still read.
      if (error) return ended_ ? finish() : receive();
      sent_ += n;
      if (sent_ < out_.size()) return send();
      ended_ ? finish() : receive();
    });
  }

  void receive() {
    stream_.async_read_some(
        boost::asio::buffer(in_), [self = shared_from_this(), this](const error_code& error, std::size_t n) {
          if (finished_) return;
          if (error || result_.received + n > kMaxReceived) {
            result_.peer_closed = static_cast<bool>(error);
            return finish();
          }
          result_.received += n;
          const std::size_t wanted = std::min(n, kFirstBytes - std::min(kFirstBytes, result_.first_bytes.size()));
          result_.first_bytes.insert(result_.first_bytes.end(), in_.begin(),
                                     in_.begin() + static_cast<std::ptrdiff_t>(wanted));
          conversation_->feed(Bytes(in_).first(n));
          step();
        });
  }

  void finish() {
    if (std::exchange(finished_, true)) return;
    if (result_.is_connected()) result_.talk_took = since(started_);
    lookup_.cancel();
    deadline_.cancel();
    error_code ignored;
    ignored = stream_.close(ignored);
    std::exchange(done_, nullptr)(result_);
  }

  // constant after construction
  const HostPort to_;
  const WalkLimits limits_;

  // loop thread only
  std::shared_ptr<Conversation> conversation_;
  WalkDone done_;
  meterseal::host::NameLookup lookup_;
  boost::asio::steady_timer deadline_;
  tcp::socket stream_;
  std::vector<boost::asio::ip::address> waiting_;
  Steady::time_point started_;
  WalkResult result_;
  std::array<std::uint8_t, std::size_t{16} * 1024> in_{};
  std::vector<std::uint8_t> out_;
  std::size_t sent_ = 0;
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace

void start_walk(boost::asio::io_context& io, const HostPort& to, const WalkLimits& limits,
                std::shared_ptr<Conversation> conversation, WalkDone done) {
  const auto walk = std::make_shared<Walk>(io, to, limits, std::move(conversation), std::move(done));
  boost::asio::post(io, [walk] { walk->start(); });
}

WalkResult walk(boost::asio::io_context& io, const HostPort& to, const WalkLimits& limits,
                const std::shared_ptr<Conversation>& conversation) {
  WalkResult result;
  start_walk(io, to, limits, conversation, [&result](const WalkResult& ended) { result = ended; });
  io.restart();
  io.run();
  return result;
}

}  // namespace meterseal::app
