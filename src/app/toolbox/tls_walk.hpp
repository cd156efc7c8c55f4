#pragma once

// The way of the TLS toolbox to a server: look-up, TCP connection, then a Conversation over it, each with a deadline.
// What stopped it on the way is told apart, because each has another remedy: no such name, nobody listens (refused),
// nothing answers (filtered), no way there (no route), silence after the connection stood.
//
// Ownership: the io_context outlives the walk; the walk keeps itself alive until `done` was called, once. Thread: loop
// thread; the look-up runs on a short-lived worker. Bounds: 4 addresses, 256 KiB received.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/config/config_address.hpp"
#include "core/bytes.hpp"
#include "core/time.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::app {

/// What is said over one connection: bytes in, bytes out, no socket.
class Conversation {
 public:
  enum class State : std::uint8_t {
    goes_on,
    ended
  };
  virtual ~Conversation() = default;
  /// Goes on as far as the bytes fed so far allow. Called once before the first feed() and once after each.
  virtual State step() = 0;
  virtual void feed(Bytes received) = 0;
  [[nodiscard]] virtual Bytes output() const = 0;
  virtual void consume_output(std::size_t n) = 0;
};

enum class TcpOutcome : std::uint8_t {
  connected,
  refused,   ///< the host answers, nobody listens on this port
  filtered,  ///< nothing answers: a firewall drops, or no such host
  no_route,  ///< network or host unreachable
  failed     ///< anything else
};

struct TcpAttempt {
  std::string address;
  TcpOutcome outcome = TcpOutcome::failed;
  std::string text;  ///< what the system said
};

struct WalkResult {
  std::string lookup_failure;  ///< empty: there were addresses
  std::vector<std::string> addresses;
  std::vector<TcpAttempt> attempts;  ///< the last one may be connected
  bool timed_out = false;            ///< connected, and the conversation did not end in time
  bool peer_closed = false;          ///< before the conversation had ended
  std::size_t received = 0;
  std::vector<std::uint8_t> first_bytes;  ///< at most 16
  milliseconds lookup_took{0};
  milliseconds connect_took{0};  ///< of the attempt that connected
  milliseconds talk_took{0};

  [[nodiscard]] bool is_connected() const {
    return !attempts.empty() && attempts.back().outcome == TcpOutcome::connected;
  }
};

struct WalkLimits {
  milliseconds lookup{10'000};
  milliseconds connect{5'000};  ///< per address
  milliseconds talk{10'000};
};

using WalkDone = std::function<void(const WalkResult&)>;

/// @param conversation  kept until `done` has returned; the caller may share it to read its outcome
void start_walk(boost::asio::io_context& io, const HostPort& to, const WalkLimits& limits,
                std::shared_ptr<Conversation> conversation, WalkDone done);

/// The same, until it has ended. Runs `io`, which must have nothing else to do.
[[nodiscard]] WalkResult walk(boost::asio::io_context& io, const HostPort& to, const WalkLimits& limits,
                              const std::shared_ptr<Conversation>& conversation);

}  // namespace meterseal::app
