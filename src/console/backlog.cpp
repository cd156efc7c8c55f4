#include "console/backlog.hpp"

#include "console/errors.hpp"
#include "core/text.hpp"

namespace meterseal::console {

std::vector<std::string_view> split_backlog(std::string_view lines, std::size_t most) {
  std::vector<std::string_view> entries;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t at = 0; at <= lines.size() && entries.size() < most; ++at) {
    const char c = at < lines.size() ? lines[at] : ';';
    if (c == '{') ++depth;
    if (c == '}' && depth > 0) --depth;
    if (c != ';' || (depth > 0 && at < lines.size())) continue;
    const std::string_view entry = trim(lines.substr(begin, at - begin));
    if (!entry.empty()) entries.push_back(entry);
    begin = at + 1;
  }
  return entries;
}

Result<void> Backlog::add(std::string_view lines, const Caller& caller) {
  const auto entries = split_backlog(lines, kMaxEntries + 1);
  if (entries_.size() + entries.size() > kMaxEntries)
    return fail(bad_argument, "Backlog", "more than 30 commands would wait: none of these was taken");
  for (const std::string_view entry : entries) entries_.push_back({std::string(entry), caller});
  return {};
}

std::size_t Backlog::clear() {
  const std::size_t count = entries_.size();
  entries_.clear();
  open_.reset();
  return count;
}

std::optional<Backlog::Entry> Backlog::take(Instant now) {
  if (entries_.empty() || (open_ && now < *open_)) return std::nullopt;
  open_.reset();
  Entry entry = std::move(entries_.front());
  entries_.pop_front();
  return entry;
}

milliseconds Backlog::left(Instant now) const {
  if (!open_ || now >= *open_) return {};
  return std::chrono::ceil<milliseconds>(*open_ - now);
}

}  // namespace meterseal::console
