#pragma once

// Who did what, when, from where, and what came of it: every login, refusal and change. Each event is also one line of
// the program's log. No secrets: what was typed as a password never gets here.
//
// Refusals, which anybody can cause, are told kRefusals times and then twice a minute, with the number of those that
// were not, and push out refusals only. The same login or change again within kRepeat is counted, not added; the log
// of the program has it the 2nd, 4th, 8th ... time. Nobody has more than 40 of a kind. So a flood, of what is accepted
// too, fills neither the disk nor hides who came in. Survives a restart by encode() and recall(). Bounds: the last 200
// events, at most 100 of them refusals, each text cut. Thread: loop thread.

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/log.hpp"
#include "core/time.hpp"

namespace meterseal::web {

enum class EventKind : std::uint8_t {
  login,
  refusal,
  change
};
[[nodiscard]] std::string_view name_of(EventKind kind);

struct WebEvent {
  EventKind kind = EventKind::login;
  std::optional<UtcTime> at;
  std::string who;
  std::string from;
  std::string what;
  std::uint32_t count = 1;       ///< so often, and the last time at `at`
  std::optional<Instant> heard;  ///< the last time; none: in an earlier life
};
/// What it was, with "x 37" behind what came 37 times.
[[nodiscard]] std::string told(const WebEvent& event);

class EventLog {
 public:
  static constexpr std::size_t kMost = 200;
  static constexpr std::size_t kMostRefusals = 100;
  static constexpr std::size_t kMostOfOne = 40;  ///< of one kind and user, or place where the user is not known
  static constexpr seconds kRepeat{600};
  static constexpr int kRefusals = 20;
  static constexpr seconds kRefusalEach{30};

  EventLog(const Clock& clock, Log& log) : clock_(clock), log_(log) {}

  void add(EventKind kind, std::string_view who, std::string_view from, std::string_view what);
  /// Oldest first.
  [[nodiscard]] const std::deque<WebEvent>& events() const { return events_; }
  /// Counts up with each event.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  [[nodiscard]] std::string encode() const;
  /// Events of an earlier life, before those of this one. Lines that cannot be read are left out.
  void recall(std::string_view text);

 private:
  [[nodiscard]] bool may_tell_refusal();
  /// Takes the event out of the log that this one repeats. @return it, or this one
  [[nodiscard]] WebEvent counted(WebEvent event);
  void write(const WebEvent& event);
  void put(const WebEvent& newest);

  // constant after construction
  const Clock& clock_;
  Log& log_;

  // loop thread only
  std::deque<WebEvent> events_;
  std::uint64_t version_ = 0;
  Instant refusals_full_at_;  ///< generic cell rate algorithm: when all of kRefusals may come again
  std::uint32_t kept_back_ = 0;
};

}  // namespace meterseal::web
