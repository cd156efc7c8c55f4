#include "app/toolbox/watch_report.hpp"

#include <algorithm>
#include <cstdio>

#include "app/certificate_text.hpp"
#include "mqtt/time_text.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kMaxDetails = 50;

std::string utc_text(UtcTime time) {
  return std::string(mqtt::format_time(civil_utc(time)).view()) + "Z";
}

std::size_t count(std::span<const WatchRow> rows, WatchLevel level) {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const WatchRow& row) { return row.level == level; }));
}

/// Address of a server as the value of a label. It holds neither quote nor backslash (parse_host_port).
std::string labelled(std::string_view metric, const Watched& watched) {
  return std::string(metric) + "{address=\"" + format(watched.address) + "\"} ";
}

struct Metric {
  const char* name;
  const char* type;
  const char* help;
};
constexpr Metric kUp{"meterseal_tls_up", "gauge", "1: the last look showed a certificate whose key was proved."};
constexpr Metric kNotAfter{"meterseal_tls_not_after_seconds", "gauge", "End of the certificate seen last, Unix time."};
constexpr Metric kRenewals{"meterseal_tls_renewals_total", "counter", "New certificates for the same key."};
constexpr Metric kKeyChanges{"meterseal_tls_key_changes_total", "counter", "Certificates for another key."};
constexpr Metric kLevel{"meterseal_tls_level", "gauge", "0: good, 1: warning, 2: critical, after the last round."};

template <class Value>
void add_metric(std::string& out, const Metric& metric, std::span<const WatchRow> rows, Value value) {
  out +=
      std::string("# HELP ") + metric.name + " " + metric.help + "\n# TYPE " + metric.name + " " + metric.type + "\n";
  for (const WatchRow& row : rows) {
    const std::optional<std::int64_t> number = value(row);
    if (number) out += labelled(metric.name, *row.watched) + std::to_string(*number) + "\n";
  }
}

struct Ending {
  const Watched* watched = nullptr;
  UtcTime at;
};
/// The certificate that ends first. nullopt: none has an end.
std::optional<Ending> first_ending(std::span<const WatchRow> rows) {
  std::optional<Ending> first;
  for (const WatchRow& row : rows) {
    const auto& served = row.watched->served;
    const auto ends = served ? served->ends : std::nullopt;
    if (ends && (!first || *ends < first->at)) first = Ending{row.watched, *ends};
  }
  return first;
}

std::int64_t days_until(UtcTime end, UtcTime now) {
  return std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<86400>>>(end - now).count();
}

std::string_view nagios_word(WatchLevel level) {
  switch (level) {
    case WatchLevel::good: return "OK";
    case WatchLevel::warning: return "WARNING";
    case WatchLevel::critical: return "CRITICAL";
  }
  return "UNKNOWN";
}

}  // namespace

std::string event_text(const Watched& watched, const WatchEvent& event, UtcTime now) {
  std::string text = utc_text(now) + " ";
  text.append(name_of(event.level)).append(" ").append(format(watched.address)).append(" ");
  return text.append(name_of(event.kind)).append(": ").append(event.text).append("\n");
}

std::string event_json(const Watched& watched, const WatchEvent& event, UtcTime now) {
  return json_line([&](JsonWriter& json) {
    json.open_object().key("time").text(utc_text(now));
    json.key("address").text(format(watched.address));
    json.key("event").text(name_of(event.kind)).key("level").text(name_of(event.level)).key("text").text(event.text);
    if (watched.served) {
      json.key("fingerprint").text(trust::format_sha256(watched.served->certificate).view());
      json.key("key_pin").text(trust::format_key_pin(watched.served->key).view());
      json.key("not_after");
      add_utc(json, watched.served->ends);
    }
    json.key("error");
    watched.failure ? json.text(watched.failure->code.name) : json.null();
    json.close_object();
  });
}

std::string prometheus_text(std::span<const WatchRow> rows, UtcTime now) {
  std::string out;
  add_metric(out, kUp, rows, [](const WatchRow& row) { return row.watched->served && !row.watched->failure ? 1 : 0; });
  add_metric(out, kNotAfter, rows, [](const WatchRow& row) -> std::optional<std::int64_t> {
    if (!row.watched->served || !row.watched->served->ends) return std::nullopt;
    return std::chrono::floor<seconds>(row.watched->served->ends->time_since_epoch()).count();
  });
  add_metric(out, kRenewals, rows,
             [](const WatchRow& row) { return static_cast<std::int64_t>(row.watched->renewals); });
  add_metric(out, kKeyChanges, rows,
             [](const WatchRow& row) { return static_cast<std::int64_t>(row.watched->key_changes); });
  add_metric(out, kLevel, rows, [](const WatchRow& row) { return static_cast<std::int64_t>(row.level); });
  out += "# HELP meterseal_tls_last_round_seconds End of the last round, Unix time.\n";
  out += "# TYPE meterseal_tls_last_round_seconds gauge\n";
  out += "meterseal_tls_last_round_seconds " +
         std::to_string(std::chrono::floor<seconds>(now.time_since_epoch()).count()) + "\n";
  return out;
}

WatchLevel worst(std::span<const WatchRow> rows) {
  WatchLevel level = WatchLevel::good;
  for (const WatchRow& row : rows) level = std::max(level, row.level);
  return level;
}

std::string nagios_text(std::span<const WatchRow> rows, UtcTime now) {
  const std::size_t warnings = count(rows, WatchLevel::warning);
  const std::size_t criticals = count(rows, WatchLevel::critical);
  std::string text = "TLS ";
  text.append(nagios_word(worst(rows))).append(" - ").append(std::to_string(rows.size())).append(" servers, ");
  text += std::to_string(criticals) + " critical, " + std::to_string(warnings) + " warning";
  std::string data;
  if (const auto first = first_ending(rows)) {
    const std::string days = std::to_string(days_until(first->at, now));
    text += ", first end in " + days + " days at " + format(first->watched->address);
    data = "days=" + days + ";" + std::to_string(kWarnDays) + ":;" + std::to_string(kCriticalDays) + ": ";
  }
  text += " | " + data + "critical=" + std::to_string(criticals) + " warning=" + std::to_string(warnings) + "\n";
  std::size_t told = 0;
  for (const WatchRow& row : rows) {
    if (row.level == WatchLevel::good || ++told > kMaxDetails) continue;
    // '|' would begin performance data.
    std::string detail = state_text(*row.watched, now);
    std::replace(detail.begin(), detail.end(), '|', '/');
    text.append(nagios_word(row.level)).append(" ").append(format(row.watched->address)).append(": ");
    text += detail + "\n";
  }
  return text;
}

}  // namespace meterseal::app
