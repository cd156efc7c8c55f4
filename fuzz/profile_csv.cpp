// Any text as a profile file. The loader must end with profiles or with one error that names a place, and profiles that
// it lets pass must plan and decode without a fault.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "core/bytes.hpp"
#include "meter/decode.hpp"
#include "meter/poll_plan.hpp"
#include "meter/profile_csv.hpp"

namespace {

constexpr const char* kModel =
    "model,aliases,phases,functions,max_words,holes,timeout_ms,gap_ms,slave_gap_ms,baud,frame,address,not_available,"
    "max_current_a,rollover_kwh,meter_code,voltage_check,notes\n"
    "M,,3,3 4 16,80,zero,,,,,,,unsigned_ones signed_max signed_min,,,,decade,src=fuzz\n";

using namespace meterseal;         // NOLINT: a fuzz target is one file
using namespace meterseal::meter;  // NOLINT

void use(const Profile& profile) {
  const auto plan = make_poll_plan(profile, profile.all, PollTiming{});
  if (!plan) return;
  for (const PollRequest& request : plan->requests) {
    if (request.words > profile.limits.max_words) std::abort();
    const std::vector<std::uint16_t> words(request.words, 0x4366);
    const auto decoded = decode(profile, request, words, Multipliers{});
    if (decoded && decoded->values.size() != request.registers.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(Bytes(data, size));
  // Alone, and beside a model that its registers may belong to.
  const ProfileText alone[] = {{"fuzz.csv", text}};
  const ProfileText beside[] = {{"model.csv", kModel}, {"fuzz.csv", text}};
  for (const std::span<const ProfileText> texts :
       {std::span<const ProfileText>(alone), std::span<const ProfileText>(beside)}) {
    const auto profiles = load_profiles(texts);
    if (!profiles) {
      if (profiles.error().where.empty() || profiles.error().detail.empty()) std::abort();
      continue;
    }
    for (const Profile& profile : *profiles) use(profile);
  }
  return 0;
}
