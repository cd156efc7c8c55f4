#include "meter/poll_plan.hpp"

#include <algorithm>
#include <limits>

#include "meter/errors.hpp"

namespace meterseal::meter {
namespace {

// Characters of a read beside its data: 8 of the request, 5 of the answer.
// @source MODBUS over serial line V1.02, 2.2 (address and CRC around the PDU)
constexpr std::int64_t kOverheadCharacters = 13;

// Costs are whole numbers in microseconds times baud, so that equal costs are equal and no plan depends on rounding:
// a character takes bits/baud seconds, which is bits * 1e6 of these.
std::int64_t character(const PollTiming& line) {
  return std::int64_t{line.bits_per_char} * 1000000;
}

std::int64_t silence(const PollTiming& line, microseconds wanted) {
  // 3.5 characters exactly, where frame_silence() would round.
  const std::int64_t frame_end = line.baud > 19200 ? std::int64_t{1750} * line.baud : character(line) * 7 / 2;
  return std::max(frame_end, std::int64_t{wanted.count()} * line.baud);
}

std::int64_t request_cost(const PollTiming& line, std::int64_t words) {
  return (kOverheadCharacters + 2 * words) * character(line) + silence(line, line.turnaround) + silence(line, line.gap);
}

bool is_documented(const Profile& profile, Table table, std::uint32_t begin, std::uint32_t end) {
  for (const Register& entry : profile.registers) {  // sorted: each one may only push `begin` further
    if (entry.table != table || !entry.is_polled || entry.access == Access::write) continue;
    if (entry.address <= begin && begin < entry.end()) begin = entry.end();
  }
  return begin >= end;
}

bool may_bridge(const Profile& profile, const Register& left, const Register& right) {
  if (left.end() == right.address) return true;
  switch (profile.limits.holes) {
    case Holes::zero:
    case Holes::ones: return true;
    case Holes::exception:
    case Holes::unknown: return is_documented(profile, left.table, left.end(), right.address);
  }
  return false;
}

/// The wanted registers of one table, and the cheapest way to read the first n of them.
class TablePlan {
 public:
  TablePlan(const Profile& profile, std::span<const std::uint16_t> wanted, const PollTiming& line)
      : profile_(profile), wanted_(wanted), line_(line), best_(wanted.size() + 1, kNever), begin_(wanted.size() + 1) {
    best_[0] = 0;
    for (std::size_t end = 1; end <= wanted.size(); ++end) find_best(end);
  }

  void add_to(std::vector<PollRequest>& requests) const {
    const std::size_t first = requests.size();
    for (std::size_t end = wanted_.size(); end > 0; end = begin_[end]) requests.push_back(request(begin_[end], end));
    std::reverse(requests.begin() + static_cast<std::ptrdiff_t>(first), requests.end());
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] const Register& at(std::size_t i) const { return profile_.registers[wanted_[i]]; }

  void find_best(std::size_t end) {
    for (std::size_t begin = end; begin-- > 0;) {
      const std::uint32_t words = at(end - 1).end() - at(begin).address;
      if (words > profile_.limits.max_words) return;
      const std::int64_t cost = best_[begin] + request_cost(line_, words);
      if (cost < best_[end]) {
        best_[end] = cost;
        begin_[end] = begin;
      }
      if (begin > 0 && !may_bridge(profile_, at(begin - 1), at(begin))) return;
    }
  }

  [[nodiscard]] PollRequest request(std::size_t begin, std::size_t end) const {
    PollRequest made;
    made.table = at(begin).table;
    made.address = at(begin).address;
    made.words = static_cast<std::uint16_t>(at(end - 1).end() - at(begin).address);
    made.registers.assign(wanted_.begin() + static_cast<std::ptrdiff_t>(begin),
                          wanted_.begin() + static_cast<std::ptrdiff_t>(end));
    return made;
  }

  const Profile& profile_;
  std::span<const std::uint16_t> wanted_;
  const PollTiming& line_;
  std::vector<std::int64_t> best_;  // cost of reading the first n registers
  std::vector<std::size_t> begin_;  // where the last request of that way begins
};

}  // namespace

microseconds frame_silence(std::uint32_t baud, std::uint8_t bits_per_char) {
  if (baud > 19200) return microseconds(1750);
  return microseconds((std::int64_t{bits_per_char} * 3500000 + baud - 1) / baud);
}

std::size_t PollPlan::words() const {
  std::size_t sum = 0;
  for (const PollRequest& request : requests) sum += request.words;
  return sum;
}

Result<PollPlan> make_poll_plan(const Profile& profile, std::span<const std::uint16_t> wanted, const PollTiming& line) {
  if (wanted.empty()) return fail(plan_impossible, profile.model, "no register is wanted");
  for (const std::uint16_t index : wanted) {
    const Register& entry = profile.registers[index];
    if (entry.words > profile.limits.max_words) return fail(plan_impossible, profile.model, entry.name);
  }
  const auto split = std::find_if(wanted.begin(), wanted.end(), [&](std::uint16_t index) {
    return profile.registers[index].table == Table::holding;
  });
  PollPlan plan;
  TablePlan(profile, {wanted.begin(), split}, line).add_to(plan.requests);
  TablePlan(profile, {split, wanted.end()}, line).add_to(plan.requests);
  plan.expected = expected_cycle(plan.requests, line);
  return plan;
}

PollRequest single_request(const Profile& profile, std::uint16_t register_index) {
  const Register& entry = profile.registers[register_index];
  return PollRequest{entry.table, entry.address, entry.words, {register_index}};
}

microseconds expected_cycle(std::span<const PollRequest> requests, const PollTiming& line) {
  std::int64_t cost = 0;
  for (const PollRequest& request : requests) cost += request_cost(line, request.words);
  return microseconds((cost + line.baud / 2) / line.baud);
}

}  // namespace meterseal::meter
