#include "collect/device_topic.hpp"

#include "collect/errors.hpp"

namespace meterseal::collect {

namespace {

constexpr std::string_view kPrefix = "%prefix%";
constexpr std::string_view kTopic = "%topic%";

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace

Result<DeviceTopic> DeviceTopic::make(std::string_view full_topic) {
  std::string text(full_topic);
  if (!text.ends_with('/')) text += '/';
  const std::string levels = "/" + text;
  const bool whole = levels.find("/%prefix%/") != std::string::npos && levels.find("/%topic%/") != std::string::npos;
  if (count_of(text, kPrefix) != 1 || count_of(text, kTopic) != 1 || !whole)
    return fail(full_topic_ambiguous, full_topic,
                "does not hold %prefix% and %topic% once each as levels of their own");
  const std::size_t at = text.find(kTopic);
  return DeviceTopic(text.substr(0, at), text.substr(at + kTopic.size()));
}

std::string DeviceTopic::with_prefix(std::string_view part, std::string_view prefix) {
  std::string out(part);
  const std::size_t at = out.find(kPrefix);
  if (at != std::string::npos) out.replace(at, kPrefix.size(), prefix);
  return out;
}

std::optional<DeviceMessage> DeviceTopic::read(std::string_view topic) const {
  const std::string before = with_prefix(before_, "tele");
  const std::string after = with_prefix(after_, "tele");
  const std::size_t slash = topic.rfind('/');
  if (slash == std::string_view::npos || !topic.starts_with(before)) return std::nullopt;
  const std::string_view base = topic.substr(0, slash + 1);
  if (!base.ends_with(after) || base.size() <= before.size() + after.size()) return std::nullopt;
  const std::string_view device = base.substr(before.size(), base.size() - before.size() - after.size());
  return DeviceMessage{std::string(device), std::string(topic.substr(slash + 1))};
}

std::string DeviceTopic::filter() const {
  return with_prefix(before_, "tele") + "#";
}

std::string DeviceTopic::command(std::string_view device, std::string_view name) const {
  return with_prefix(before_, "cmnd") + std::string(device) + with_prefix(after_, "cmnd") + std::string(name);
}

}  // namespace meterseal::collect
