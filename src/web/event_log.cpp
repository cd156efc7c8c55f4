#include "web/event_log.hpp"

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

void EventLog::add(EventKind kind, std::string_view who, std::string_view from, std::string_view what) {
  if (events_.size() == kMost) events_.pop_front();
  // A name that was typed at the login may hold anything.
  events_.push_back({kind, clock_.utc(), printable(who), printable(from), std::string(what.substr(0, 160))});
  const WebEvent& event = events_.back();
  Text<320> line(name_of(kind));
  line.add(": ").add(event.who.empty() ? "nobody" : event.who).add(" from ").add(event.from).add(": ").add(event.what);
  log_.write(kind == EventKind::refusal ? LogLevel::warning : LogLevel::info, "WEB", line);
}

}  // namespace meterseal::web
