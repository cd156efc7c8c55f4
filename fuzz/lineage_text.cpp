// Any text as a lineage: it is refused, or it is exactly what would be written again; and whatever it says, at most two
// pins count, a declared one always among them, and nobody is trusted whom no pin or anchor speaks for.

#include <cstdlib>

#include "support/trust_world.hpp"
#include "trust/errors.hpp"

namespace {

using namespace meterseal;

void require(bool holds) {
  if (!holds) std::abort();
}

bool contains(const trust::Lineage& lineage, const trust::Sha256& digest) {
  const auto holds = [&](const auto& record) { return record && (record->key == digest || record->anchor == digest); };
  return holds(lineage.slots[0]) || holds(lineage.slots[1]) || holds(lineage.learned);
}

void check_judgement(const trust::Lineage& lineage) {
  const trust::Pin declared = test::bare_pin(test::kOther);
  const trust::Facts facts = test::broker_facts();
  for (const auto renewal : {trust::Renewal::manual, trust::Renewal::same_key, trust::Renewal::same_ca}) {
    trust::Policy policy = test::pinned(declared);
    policy.renewal = renewal;
    const auto pins = trust::pins_in_force(policy, lineage);
    require(pins.size() == 1 && pins[0].pin == declared && !pins[0].is_learned);
    const auto verdict = trust::judge(policy, lineage, facts);
    if (const auto* trusted = std::get_if<trust::Trusted>(&verdict)) {
      // Only by a record: the declared pin is not what is served.
      require(renewal != trust::Renewal::manual);
      require(contains(lineage, renewal == trust::Renewal::same_key ? facts.key : *facts.anchor));
      const auto remembered = trust::remember_accepted(policy, lineage, *trusted, facts);
      require(!remembered.events.full() && !remembered.lineage.learned);
      require(trust::decode_lineage(trust::encode(remembered.lineage)).value() == remembered.lineage);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lineage = trust::decode_lineage(text);
  if (!lineage) {
    require(lineage.error().code == trust::lineage_damaged);
    return 0;
  }
  require(trust::encode(*lineage) == text);
  check_judgement(*lineage);
  return 0;
}
