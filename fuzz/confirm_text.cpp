// Any text on CONFIRM: it is refused with a reason, or it is JSON that an independent parser reads the same way; and
// whatever it says, a device that has sent 1 to 5 of the 9 that it keeps deletes none of the others.

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "outbox/confirm.hpp"
#include "outbox/delivery_machine.hpp"
#include "outbox/errors.hpp"

namespace {

using namespace meterseal;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_reading(std::string_view text, const outbox::Confirmation& confirmation) {
  require(!confirmation.ranges.empty() && confirmation.ranges.size() <= outbox::kMaxConfirmRanges);
  nlohmann::json expected = {{"Outbox", confirmation.outbox.view()}, {"Confirm", nlohmann::json::array()}};
  for (const auto& [first, last] : confirmation.ranges) {
    require(first > 0 && first <= last && last <= INT64_MAX);
    expected["Confirm"].push_back({first, last});
  }
  require(nlohmann::json::parse(text) == expected);
}

void check_deletions(const outbox::Confirmation& confirmation) {
  constexpr outbox::Sequence kSent = 5;
  outbox::DeliverySettings settings;
  settings.confirmed_by = outbox::ConfirmedBy::receiver;
  outbox::DeliveryMachine machine(settings);
  outbox::Fetched stored;
  for (outbox::Sequence s = 1; s <= 9; ++s) {
    outbox::Record& record = stored.records.emplace_back();
    record.sequence = s;
    if (s <= kSent) record.stamp.utc = UtcTime{};  // the others wait for a clock
  }
  (void)machine.step(outbox::Connected{}, Instant{});
  (void)machine.step(stored, Instant{});
  (void)machine.step(outbox::Acknowledged{1}, Instant{});
  (void)machine.step(outbox::Confirmed{confirmation.ranges}, Instant{});
  for (const outbox::DeliveryAction& action : machine.step(outbox::CommitBegins{}, Instant{})) {
    const auto* remove = std::get_if<outbox::Remove>(&action);
    if (remove == nullptr) continue;
    for (const outbox::Sequence s : remove->sequences) require(s >= 1 && s <= kSent);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto confirmation = outbox::parse_confirmation(text);
  if (!confirmation) {
    require(confirmation.error().code == outbox::confirm_malformed && !confirmation.error().detail.empty());
    return 0;
  }
  check_reading(text, *confirmation);
  check_deletions(*confirmation);
  return 0;
}
