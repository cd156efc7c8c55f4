#include "mqtt/broker_dialect.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace meterseal::mqtt {

namespace {

constexpr std::size_t kAwsTopic = 256;
constexpr std::ptrdiff_t kAwsSlashes = 7;
constexpr std::size_t kAwsClientId = 128;

bool is_unreserved(char c) {
  const char lower = to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

/// The decoded value of one property of `name=value&name=value`.
std::optional<std::string> property(std::string_view bag, std::string_view name) {
  while (!bag.empty()) {
    const std::string_view pair = bag.substr(0, bag.find('&'));
    bag.remove_prefix(std::min(bag.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || percent_decoded(pair.substr(0, equals)) != name) continue;
    return percent_decoded(pair.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    Text<3> code("%");
    code.add_hex(static_cast<unsigned char>(c), 2);
    out += code.view();
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  if (!is_utf8_without_nul(out)) return std::nullopt;
  return out;
}

BrokerDialect::BrokerDialect(Preset preset, std::string_view client_id) : preset_(preset) {
  const std::string device = "devices/" + std::string(client_id) + "/messages/";
  events_topic_ = device + "events/";
  commands_topic_ = device + "devicebound/";
}

Message BrokerDialect::outgoing(Message message) const {
  if (preset_ != Preset::azure_iot_hub) return message;
  // The body's type and encoding let the hub route by what is in it.
  const bool json = message.payload.starts_with('{');
  message.topic = events_topic_ + (json ? "%24.ct=application%2Fjson&%24.ce=utf-8&" : "") +
                  "topic=" + percent_encoded(message.topic);
  message.retain = false;
  return message;
}

std::optional<Message> BrokerDialect::incoming(Message message, const Topics& topics) const {
  if (preset_ != Preset::azure_iot_hub) return message;
  if (!message.topic.starts_with(commands_topic_)) return std::nullopt;
  std::string word;
  if (auto named = property(std::string_view(message.topic).substr(commands_topic_.size()), "cmnd")) {
    word = *named;
  } else {
    const std::string line(trim(message.payload));
    const std::size_t blank = std::min(line.find(' '), line.size());
    word = line.substr(0, blank);
    message.payload = trim(std::string_view(line).substr(blank));
  }
  const bool clean = std::all_of(word.begin(), word.end(), [](char c) { return is_unreserved(c); });
  if (word.empty() || word.size() > kMaxCommandName || !clean) return std::nullopt;
  message.topic = topics.of(Prefix::cmnd, word).view();
  return message;
}

std::vector<std::string> BrokerDialect::filters(const Topics& topics) const {
  if (preset_ == Preset::azure_iot_hub) return {commands_topic_ + "#"};
  return {std::string(topics.command_filter().view())};
}

std::string fault_for_aws(const Topics& topics, std::string_view client_id) {
  if (client_id.size() > kAwsClientId) return "client_id is longer than the 128 bytes that AWS IoT Core takes";
  // The longest names of this device's topics.
  const std::string longest(topics.of(Prefix::tele, "HISTORY").view());
  if (longest.size() > kAwsTopic) return "topics are longer than the 256 bytes that AWS IoT Core takes";
  if (std::count(longest.begin(), longest.end(), '/') > kAwsSlashes)
    return "topics have more than the 7 slashes that AWS IoT Core takes";
  return {};
}

}  // namespace meterseal::mqtt
