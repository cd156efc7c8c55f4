#include "mqtt/topics.hpp"

#include "mqtt/errors.hpp"

namespace meterseal::mqtt {

namespace {

constexpr std::string_view kPrefixToken = "%prefix%";
constexpr std::string_view kTopicToken = "%topic%";

std::string_view word_of(Prefix prefix) {
  switch (prefix) {
    case Prefix::cmnd: return "cmnd";
    case Prefix::stat: return "stat";
    case Prefix::tele: return "tele";
  }
  return {};
}

/// What is wrong with a text that becomes levels of a topic; empty: nothing.
std::string_view fault_of_levels(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > kMaxFullTopic) return "is longer than 100 bytes";
  if (!is_utf8_without_nul(text)) return "is not UTF-8 text";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return "has a control character";
    if (c == ' ') return "has a space";
    if (c == '+' || c == '#') return "has a wildcard (+ or #)";
  }
  // Brokers give topics with a leading '$' another meaning ($SYS, $share). @source MQTT 3.1.1, 4.7.2
  if (text.front() == '$') return "begins with '$'";
  if (text.find("//") != std::string_view::npos) return "has an empty level (//)";
  return {};
}

/// `text` without the two tokens must not hold a '%': another token would be published literally.
std::string_view fault_of_tokens(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at)) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(kPrefixToken)) {
      at += kPrefixToken.size();
    } else if (rest.starts_with(kTopicToken)) {
      at += kTopicToken.size();
    } else {
      return "has a '%' that begins neither %prefix% nor %topic%";
    }
  }
  return {};
}

}  // namespace

Result<Topics> Topics::make(std::string_view full_topic, std::string_view topic) {
  std::string_view fault = fault_of_levels(topic);
  if (fault.empty() && topic.find('%') != std::string_view::npos) fault = "has a '%'";
  if (fault.empty() && (topic.front() == '/' || topic.back() == '/')) fault = "begins or ends with '/'";
  if (!fault.empty()) return fail(topic_invalid, topic, fault);

  fault = fault_of_levels(full_topic);
  if (fault.empty()) fault = fault_of_tokens(full_topic);
  if (fault.empty() && full_topic == "/") fault = "has no level";
  if (!fault.empty()) return fail(full_topic_invalid, full_topic, fault);

  Text<kMaxFullTopic> ended(full_topic);
  if (full_topic.back() != '/') ended.add("/");
  Topics topics(ended, topic);
  // The longest topic that will ever be asked for. Only the command direction may be longer than the other two.
  const TopicText base = topics.base(Prefix::cmnd);
  if (ended.truncated() || base.truncated() || base.size() + kMaxCommandName > kMaxTopic) {
    return fail(full_topic_invalid, full_topic, "gives topics longer than 150 bytes");
  }
  return topics;
}

bool Topics::is_prefixed() const {
  return full_topic().find(kPrefixToken) != std::string_view::npos;
}

TopicText Topics::base(Prefix prefix) const {
  TopicText text;
  for (std::string_view rest = full_topic(); !rest.empty();) {
    if (rest.starts_with(kPrefixToken)) {
      text.add(word_of(prefix));
      rest.remove_prefix(kPrefixToken.size());
    } else if (rest.starts_with(kTopicToken)) {
      text.add(topic());
      rest.remove_prefix(kTopicToken.size());
    } else {
      text.add(rest.substr(0, 1));
      rest.remove_prefix(1);
    }
  }
  // Without %prefix% the commands get a level of their own, so that a device never reads its own messages.
  if (!is_prefixed() && prefix == Prefix::cmnd) text.add(word_of(prefix)).add("/");
  return text;
}

TopicText Topics::of(Prefix prefix, std::string_view name) const {
  TopicText text = base(prefix);
  for (const char c : name) {
    const char upper = to_upper(c);
    text.add({&upper, 1});
  }
  return text;
}

TopicText Topics::command_filter() const {
  return base(Prefix::cmnd).add("#");
}

std::optional<std::string_view> Topics::command_in(std::string_view topic) const {
  const TopicText base = this->base(Prefix::cmnd);
  if (!topic.starts_with(base.view())) return std::nullopt;
  const std::string_view name = topic.substr(base.size());
  if (name.empty() || name.find('/') != std::string_view::npos) return std::nullopt;
  return name;
}

}  // namespace meterseal::mqtt
