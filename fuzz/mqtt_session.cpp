// A hostile broker, a busy sender and a jumping clock against the session machine. Whatever comes: each token is
// answered at most once and never after Offline, Online and Offline alternate, memory stays within its bounds, the
// machine never asks for the impossible.

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <vector>

#include "mqtt/session_machine.hpp"

namespace {

using namespace meterseal;
using namespace meterseal::mqtt;

void require(bool condition) {
  if (!condition) std::abort();
}

class Watcher {
 public:
  explicit Watcher(Version version) : machine_(options(version), {in_, out_}) {}

  void tell(const SessionEvent& event) { (void)step(event); }
  void receive(Bytes bytes) {
    while (!bytes.empty()) {
      const std::size_t taken = step(Received{bytes});
      require(taken > 0 && taken <= bytes.size());
      bytes = bytes.subspan(taken);
    }
  }
  void publish(std::uint8_t size) {
    const std::string payload(size, 'x');
    const bool wants_answer = size % 3 != 0;
    const std::optional<Token> token = wants_answer ? std::optional<Token>(next_) : std::nullopt;
    const std::size_t left = machine_.window_left();
    if (!machine_.publish(token, {"t", payload, Qos::at_least_once, false, false, 0}, now_)) return;
    require(online_ && machine_.window_left() + 1 == left);
    if (wants_answer) in_flight_.insert(next_++);
  }
  void after(milliseconds time) { now_ += time; }
  void send(std::size_t n) { machine_.consume_output(n); }

 private:
  SessionOptions options(Version version) {
    SessionOptions made;
    made.connect.version = version;
    made.connect.client_id = "m";
    made.connect.keep_alive = seconds(30);
    made.subscriptions = filters_;
    return made;
  }
  std::size_t step(const SessionEvent& event) {
    const auto done = machine_.step(event, now_);
    for (const SessionAction& action : done.actions) look_at(action);
    require((machine_.state() == SessionState::online) == online_);
    require(machine_.window_left() <= SessionMachine::kWindow);
    require(machine_.output().size() <= sizeof(out_));
    return done.taken;
  }
  void look_at(const SessionAction& action) {
    if (std::holds_alternative<Online>(action)) {
      require(!online_);
      online_ = true;
    }
    if (std::holds_alternative<Offline>(action)) {
      require(online_);
      online_ = false;
      in_flight_.clear();
    }
    if (const auto* published = std::get_if<Published>(&action))
      require(online_ && in_flight_.erase(published->token) == 1);
    if (const auto* rejected = std::get_if<Rejected>(&action))
      require(online_ && in_flight_.erase(rejected->token) == 1);
    if (const auto* deliver = std::get_if<Deliver>(&action)) require(is_topic_name(deliver->message.topic));
    if (const auto* failure = std::get_if<Fail>(&action))
      require(failure->code.number != 0 && !failure->detail.empty());
  }

  std::array<std::uint8_t, 512> in_{};
  std::array<std::uint8_t, 700> out_{};
  std::vector<std::string_view> filters_{"cmnd/e/#", "x"};
  SessionMachine machine_;
  Instant now_{seconds(1000)};
  bool online_ = false;
  Token next_ = 1;
  std::set<Token> in_flight_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  ByteReader script(Bytes(data, size));
  Watcher watcher((script.u8() & 1) != 0 ? Version::v5 : Version::v3_1_1);
  watcher.tell(LinkUp{});
  while (script.left() > 0) {
    const std::uint8_t what = script.u8();
    switch (what % 16) {
      case 0: watcher.tell(LinkUp{}); break;
      case 1: watcher.tell(LinkDown{}); break;
      case 2: watcher.tell(Stop{}); break;
      case 3: watcher.tell(Woke{}); break;
      case 4: watcher.after(milliseconds(100 * script.u8())); break;
      case 5: watcher.send(script.u8()); break;
      case 6:
      case 7:
      case 8: watcher.publish(script.u8()); break;
      default: watcher.receive(script.take(std::min<std::size_t>(script.left(), 1 + what / 16U * 3U))); break;
    }
  }
  return 0;
}
