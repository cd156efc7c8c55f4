#include "web/event_log.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "core/text.hpp"
#include "web/http_text.hpp"

namespace meterseal::web {

namespace {

constexpr std::array kKinds{EventKind::login, EventKind::refusal, EventKind::change};
constexpr std::size_t kLongest = 160;
/// "kind, time in ms or -, who, from, what", each behind a tab.
constexpr std::size_t kParts = 5;

/// One line, in what a log and a table can show. A name that was typed at the login may hold anything.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

std::optional<WebEvent> read(std::string_view line) {
  std::array<std::string_view, kParts> parts;
  for (std::size_t i = 0; i < kParts; ++i) {
    const auto end = line.find('\t');
    if ((end == std::string_view::npos) != (i + 1 == kParts)) return std::nullopt;
    parts.at(i) = line.substr(0, end);
    if (end != std::string_view::npos) line.remove_prefix(end + 1);
  }
  const auto* kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](EventKind one) { return name_of(one) == parts[0]; });
  std::uint64_t at = 0;
  const bool has_time = parts[1] != "-";
  if (kind == kKinds.end() || (has_time && !parse_decimal(parts[1], 0, 1ULL << 62U, at))) return std::nullopt;
  WebEvent event{*kind, std::nullopt, printable(parts[2]), printable(parts[3]), shown(parts[4]), 1, std::nullopt};
  if (has_time) event.at = UtcTime(milliseconds{static_cast<std::int64_t>(at)});
  return event;
}

/// Who typed a name that is refused may type another one.
bool is_of_same(const WebEvent& a, const WebEvent& b) {
  if (a.kind != b.kind) return false;
  return a.kind == EventKind::refusal || a.who.empty() ? a.from == b.from : a.who == b.who;
}

}  // namespace

std::string told(const WebEvent& event) {
  return event.count == 1 ? event.what : event.what + " x " + std::to_string(event.count);
}

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::login: return "login";
    case EventKind::refusal: return "refusal";
    case EventKind::change: return "change";
  }
  return {};
}

void EventLog::put(const WebEvent& newest) {
  events_.push_back(newest);
  const auto drop_oldest = [&](std::size_t most, const auto& is_one) {
    if (static_cast<std::size_t>(std::count_if(events_.begin(), events_.end(), is_one)) > most)
      events_.erase(std::find_if(events_.begin(), events_.end(), is_one));
  };
  drop_oldest(kMostOfOne, [&](const WebEvent& event) { return is_of_same(event, newest); });
  drop_oldest(kMostRefusals, [](const WebEvent& event) { return event.kind == EventKind::refusal; });
  drop_oldest(kMost, [](const WebEvent&) { return true; });
}

bool EventLog::may_tell_refusal() {
  const Instant now = clock_.now();
  const Instant begin = std::max(refusals_full_at_, now);
  if (begin - now > kRefusalEach * (kRefusals - 1)) return false;
  refusals_full_at_ = begin + kRefusalEach;
  return true;
}

void EventLog::add(EventKind kind, std::string_view who, std::string_view from, std::string_view what) {
  std::string text = shown(what);
  if (kind == EventKind::refusal) {
    if (!may_tell_refusal()) {
      ++kept_back_;
      return;
    }
    if (kept_back_ > 0) text += " (and " + std::to_string(std::exchange(kept_back_, 0)) + " more refusals)";
  }
  WebEvent event{kind, clock_.utc(), printable(who), printable(from), std::move(text), 1, clock_.now()};
  if (kind != EventKind::refusal) event = counted(std::move(event));
  write(event);
  put(event);
  ++version_;
}

WebEvent EventLog::counted(WebEvent event) {
  const auto earlier = std::find_if(events_.begin(), events_.end(), [&](const WebEvent& one) {
    return one.heard && *event.heard - *one.heard < kRepeat && one.kind == event.kind && one.who == event.who &&
           one.from == event.from && one.what == event.what;
  });
  if (earlier == events_.end()) return event;
  event.count = earlier->count + 1;
  events_.erase(earlier);
  return event;
}

void EventLog::write(const WebEvent& event) {
  if (!std::has_single_bit(event.count)) return;
  Text<320> line(name_of(event.kind));
  line.add(": ")
      .add(event.who.empty() ? "somebody" : event.who)
      .add(" from ")
      .add(event.from)
      .add(": ")
      .add(told(event));
  log_.write(event.kind == EventKind::refusal ? LogLevel::warning : LogLevel::info, "WEB", line);
}

std::string EventLog::encode() const {
  std::string text = "1\n";  // version
  for (const WebEvent& event : events_) {
    text += std::string(name_of(event.kind)) + '\t' +
            (event.at ? std::to_string(event.at->time_since_epoch().count()) : "-") + '\t' + event.who + '\t' +
            event.from + '\t' + told(event) + '\n';
  }
  return text;
}

void EventLog::recall(std::string_view text) {
  if (!text.starts_with("1\n")) return;
  text.remove_prefix(2);
  std::deque<WebEvent> now;
  now.swap(events_);
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (auto event = read(text.substr(0, end))) put(*event);
    text.remove_prefix(end + 1);
  }
  for (const WebEvent& event : now) put(event);
}

}  // namespace meterseal::web
