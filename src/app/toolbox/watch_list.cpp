#include "app/toolbox/watch_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "app/errors.hpp"
#include "mqtt/time_text.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kHeading = "meterseal watch 1";
using Days = std::chrono::duration<std::int64_t, std::ratio<86400>>;

std::int64_t days_until(UtcTime end, UtcTime now) {
  return std::chrono::floor<Days>(end - now).count();
}

/// 0: nothing to tell, 1..3: within 30, 7, 1 days, 4: past. A certificate is valid through its last second.
unsigned expiry_step(const Served& served, UtcTime now) {
  if (!served.ends) return 4;
  if (now > *served.ends) return 4;
  const auto within = [&](std::int64_t days) { return *served.ends - now <= Days(days); };
  return within(kLastDays) ? 3 : within(kCriticalDays) ? 2 : within(kWarnDays) ? 1 : 0;
}

WatchLevel level_of_step(unsigned step) {
  return step == 0 ? WatchLevel::good : step == 1 ? WatchLevel::warning : WatchLevel::critical;
}

std::string end_text(const Served& served, UtcTime now) {
  if (!served.ends) return "has no readable end";
  const std::string end = std::string(mqtt::format_time(civil_utc(*served.ends)).view()) + "Z";
  const std::int64_t days = days_until(*served.ends, now);
  if (now > *served.ends)
    return "ended " + end + ", " + std::to_string(-days) + (days == -1 ? " day" : " days") + " ago";
  return "ends " + end + ", in " + std::to_string(days) + (days == 1 ? " day" : " days");
}

std::string identity_text(const Served& served) {
  return "certificate " + std::string(trust::format_sha256(served.certificate).view()) + ", key " +
         std::string(trust::format_key_pin(served.key).view());
}

WatchEvent change(Watched& watched, const Served& before, const Served& after) {
  if (before.key == after.key) {
    ++watched.renewals;
    return {WatchEventKind::renewed, WatchLevel::warning,
            "another certificate for the same key: " + identity_text(after) + ", before it certificate " +
                std::string(trust::format_sha256(before.certificate).view())};
  }
  ++watched.key_changes;
  return {WatchEventKind::key_changed, WatchLevel::critical,
          "another key: " + identity_text(after) + ", before it " + identity_text(before)};
}

void take(Watched& watched, const Served& seen, UtcTime now, std::vector<WatchEvent>& events) {
  if (watched.failure) {
    watched.failure.reset();
    events.push_back({WatchEventKind::recovered, WatchLevel::good, "answers again, " + identity_text(seen)});
  }
  if (!watched.served) {
    events.push_back({WatchEventKind::first_look, WatchLevel::good, end_text(seen, now) + ", " + identity_text(seen)});
  } else if (watched.served->certificate != seen.certificate) {
    events.push_back(change(watched, *watched.served, seen));
    watched.told = 0;
  }
  watched.served = seen;
  const unsigned step = expiry_step(seen, now);
  if (step > watched.told) {
    events.push_back({WatchEventKind::expiry, level_of_step(step), "the certificate " + end_text(seen, now)});
  }
  watched.told = std::max(step, watched.told);
}

// The memory: one line per server, fields between single blanks.

template <std::size_t N>
bool read_hex(std::string_view text, std::array<std::uint8_t, N>& out) {
  if (text.size() != 2 * N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    const char* begin = text.data() + 2 * i;
    const auto read = std::from_chars(begin, begin + 2, out[i], 16);
    if (read.ec != std::errc() || read.ptr != begin + 2) return false;
  }
  return true;
}

std::string hex(const trust::Sha256& digest) {
  Text<64> text;
  for (const std::uint8_t byte : digest) text.add_hex(byte, 2);
  return std::string(text.view());
}

std::string_view next_field(std::string_view& line, char separator) {
  const std::size_t end = line.find(separator);
  const std::string_view field = line.substr(0, end);
  line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
  return field;
}

std::optional<Watched> decode_line(std::string_view line) {
  Watched watched;
  Served served;
  const auto address = parse_host_port(next_field(line, ' '), 0);
  if (!address) return std::nullopt;
  watched.address = *address;
  if (!read_hex(next_field(line, ' '), served.certificate) || !read_hex(next_field(line, ' '), served.key)) {
    return std::nullopt;
  }
  constexpr std::uint64_t kLatest = 253'402'300'800'000;  // year 10000, ms
  std::uint64_t ends = 0;
  const std::string_view end = next_field(line, ' ');
  if (end != "-") {
    if (!parse_decimal(end, 0, kLatest, ends)) return std::nullopt;
    served.ends = UtcTime(milliseconds(static_cast<std::int64_t>(ends)));
  }
  std::uint64_t told = 0;
  if (!parse_decimal(next_field(line, ' '), 0, 4, told) ||
      !parse_decimal(next_field(line, ' '), 0, UINT64_MAX, watched.renewals) ||
      !parse_decimal(next_field(line, ' '), 0, UINT64_MAX, watched.key_changes) || !line.empty()) {
    return std::nullopt;
  }
  watched.told = static_cast<unsigned>(told);
  watched.served = served;
  return watched;
}

}  // namespace

std::string_view name_of(WatchLevel level) {
  switch (level) {
    case WatchLevel::good: return "ok";
    case WatchLevel::warning: return "warning";
    case WatchLevel::critical: return "critical";
  }
  return "";
}

std::string_view name_of(WatchEventKind kind) {
  switch (kind) {
    case WatchEventKind::first_look: return "first_look";
    case WatchEventKind::unchanged: return "unchanged";
    case WatchEventKind::renewed: return "renewed";
    case WatchEventKind::key_changed: return "key_changed";
    case WatchEventKind::expiry: return "expiry";
    case WatchEventKind::failed: return "failed";
    case WatchEventKind::recovered: return "recovered";
  }
  return "";
}

std::vector<WatchEvent> observe(Watched& watched, const Result<Served>& seen, UtcTime now) {
  std::vector<WatchEvent> events;
  if (seen) {
    take(watched, *seen, now, events);
    return events;
  }
  const bool is_known = watched.failure && watched.failure->code == seen.error().code;
  watched.failure = seen.error();
  if (!is_known) events.push_back({WatchEventKind::failed, WatchLevel::critical, state_text(watched, now)});
  return events;
}

WatchLevel level_of(const Watched& watched, UtcTime now) {
  if (watched.failure || !watched.served) return WatchLevel::critical;
  return level_of_step(expiry_step(*watched.served, now));
}

std::string state_text(const Watched& watched, UtcTime now) {
  if (watched.failure) {
    return std::string(watched.failure->detail.view()) + " (" + std::string(watched.failure->code.name) + ")";
  }
  return watched.served ? end_text(*watched.served, now) : "was not looked at";
}

std::string encode(const std::vector<Watched>& list) {
  std::string text(kHeading);
  text += '\n';
  for (const Watched& watched : list) {
    if (!watched.served) continue;
    const Served& served = *watched.served;
    text += format(watched.address) + ' ' + hex(served.certificate) + ' ' + hex(served.key) + ' ' +
            (served.ends ? std::to_string(std::max<std::int64_t>(0, served.ends->time_since_epoch().count())) : "-") +
            ' ' + std::to_string(watched.told) + ' ' + std::to_string(watched.renewals) + ' ' +
            std::to_string(watched.key_changes) + '\n';
  }
  return text;
}

Result<void> recall(std::vector<Watched>& list, std::string_view text, std::string_view where) {
  if (next_field(text, '\n') != kHeading) return fail(watch_memory_unusable, where, "is not a memory of tls watch");
  std::map<std::string, Watched> read;
  for (int number = 2; !text.empty(); ++number) {
    auto watched = decode_line(next_field(text, '\n'));
    if (!watched) return fail(watch_memory_unusable, where, "line " + std::to_string(number) + " is damaged");
    read.insert_or_assign(format(watched->address), std::move(*watched));
  }
  for (Watched& watched : list) {
    const auto found = read.find(format(watched.address));
    if (found != read.end()) watched = found->second;
  }
  return {};
}

}  // namespace meterseal::app
