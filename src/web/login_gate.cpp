#include "web/login_gate.hpp"

#include <algorithm>
#include <array>

namespace meterseal::web {

namespace {

/// The first four groups of an IPv6 address as the system prints it; "::" stands for as many zero groups as miss.
std::string first_groups(std::string_view address) {
  std::vector<std::string_view> before;
  std::vector<std::string_view> after;
  bool gap = false;
  while (!address.empty()) {
    if (address.starts_with("::")) {
      gap = true;
      address.remove_prefix(2);
      continue;
    }
    if (address.starts_with(':')) address.remove_prefix(1);
    const auto end = std::min(address.find(':'), address.size());
    (gap ? after : before).push_back(address.substr(0, end));
    address.remove_prefix(end);
  }
  while (gap && before.size() + after.size() < 8) before.push_back("0");
  before.insert(before.end(), after.begin(), after.end());
  std::string text;
  for (std::size_t i = 0; i < 4 && i < before.size(); ++i) text += std::string(before[i]) + ':';
  return text + ":/64";
}

}  // namespace

std::string source_key(std::string_view address) {
  // An IPv4 client of a socket that takes both.
  if (address.starts_with("::ffff:") && address.find('.') != std::string_view::npos)
    return std::string(address.substr(7));
  if (address.find(':') == std::string_view::npos) return std::string(address);
  return first_groups(address.substr(0, address.find('%')));
}

seconds LoginGate::pause_after(unsigned failures, seconds longest) const {
  seconds pause = limits_.first_pause;
  for (unsigned i = 1; i < failures && pause < longest; ++i) pause *= 2;
  return std::min(pause, longest);
}

LoginGate::Source* LoginGate::find(std::string_view key) {
  const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.key == key; });
  return found == sources_.end() ? nullptr : &*found;
}

unsigned LoginGate::failures(std::string_view source) const {
  const std::string key = source_key(source);
  const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.key == key; });
  return found == sources_.end() ? 0 : found->failures;
}

void LoginGate::forget_old(Instant now) {
  std::erase_if(sources_, [&](const Source& source) { return now - source.last >= limits_.forget; });
  if (failures_of_all_ > 0 && now - last_of_all_ >= limits_.forget) failures_of_all_ = 0;
}

seconds LoginGate::wait(std::string_view source, Instant now) {
  forget_old(now);
  Instant open = open_for_all_;
  if (const Source* found = find(source_key(source)); found != nullptr) open = std::max(open, found->open);
  // Rounded up: a Retry-After that is too short would be a lie.
  return open <= now ? seconds{0} : std::chrono::ceil<seconds>(open - now);
}

void LoginGate::begin(std::string_view source, Instant now) {
  const std::string key = source_key(source);
  Source* found = find(key);
  if (found == nullptr) {
    if (sources_.size() >= limits_.most_sources) {
      sources_.erase(std::min_element(sources_.begin(), sources_.end(),
                                      [](const Source& a, const Source& b) { return a.last < b.last; }));
    }
    sources_.push_back({key, 0, now, now});
    found = &sources_.back();
  }
  ++found->failures;
  found->last = now;
  found->open = now + pause_after(found->failures, limits_.longest_pause);
  ++failures_of_all_;
  last_of_all_ = now;
  if (failures_of_all_ > limits_.free_failures) {
    open_for_all_ = now + pause_after(failures_of_all_ - limits_.free_failures, limits_.longest_pause_of_all);
  }
}

void LoginGate::passed(std::string_view source) {
  const std::string key = source_key(source);
  std::erase_if(sources_, [&](const Source& s) { return s.key == key; });
  if (failures_of_all_ > 0) --failures_of_all_;
}

void LoginGate::undone(std::string_view source, Instant now) {
  if (Source* found = find(source_key(source)); found != nullptr && found->failures > 0) {
    --found->failures;
    found->open = now;
  }
  if (failures_of_all_ > 0) --failures_of_all_;
}

}  // namespace meterseal::web
