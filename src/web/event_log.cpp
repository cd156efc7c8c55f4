#include "web/event_log.hpp"

#include <algorithm>
#include <utility>

#include "web/http_text.hpp"

namespace meterseal::web {

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::login: return "login";
    case EventKind::refusal: return "refusal";
    case EventKind::change: return "change";
  }
  return {};
}

bool EventLog::may_tell_refusal() {
  const Instant now = clock_.now();
  const Instant begin = std::max(refusals_full_at_, now);
  if (begin - now > kRefusalEach * (kRefusals - 1)) return false;
  refusals_full_at_ = begin + kRefusalEach;
  return true;
}

void EventLog::add(EventKind kind, std::string_view who, std::string_view from, std::string_view what) {
  std::string told(what.substr(0, 160));
  if (kind == EventKind::refusal) {
    if (!may_tell_refusal()) {
      ++kept_back_;
      return;
    }
    if (kept_back_ > 0) told += " (and " + std::to_string(std::exchange(kept_back_, 0)) + " more refusals)";
  }
  if (events_.size() == kMost) events_.pop_front();
  // A name that was typed at the login may hold anything.
  events_.push_back({kind, clock_.utc(), printable(who), printable(from), std::move(told)});
  const WebEvent& event = events_.back();
  Text<320> line(name_of(kind));
  line.add(": ").add(event.who.empty() ? "nobody" : event.who).add(" from ").add(event.from).add(": ").add(event.what);
  log_.write(kind == EventKind::refusal ? LogLevel::warning : LogLevel::info, "WEB", line);
}

}  // namespace meterseal::web
