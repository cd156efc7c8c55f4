#include "app/face/meter_signs.hpp"

#include <algorithm>

#include "meter/decode.hpp"

namespace meterseal::app {

namespace {

using meter::Measurand;

/// Public grids and what they are behind a voltage transformer's secondary side, wide enough for a bad day.
constexpr std::int64_t kLeastVoltage_mv = 80'000;
constexpr std::int64_t kMostVoltage_mv = 300'000;
constexpr std::int64_t kLeastFrequency_mhz = 45'000;
constexpr std::int64_t kMostFrequency_mhz = 65'000;

std::optional<std::uint16_t> code_register(const meter::Profile& profile) {
  if (!profile.limits.meter_code) return std::nullopt;
  for (const std::uint16_t index : profile.identity) {
    if (profile.registers[index].name.view() == "meter_code") return index;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> voltage_register(const meter::Profile& profile) {
  return profile.index_of(Measurand::voltage_l1);
}

std::optional<std::int64_t> value_of(const meter::Profile& profile, std::uint16_t index, meter::Words words) {
  const auto decoded = meter::decode(profile, meter::single_request(profile, index), words, {});
  return decoded && decoded->values.size() == 1 ? decoded->values[0].milli : std::nullopt;
}

bool is_within(const std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high) {
  return value && *value >= low && *value <= high;
}

}  // namespace

meter::ReadBlock block_of(const meter::PollRequest& request) {
  const bool input = request.table == meter::Table::input;
  return {input ? meter::Function::read_input : meter::Function::read_holding, request.address, request.words};
}

MeterSigns::MeterSigns(std::span<const meter::Profile> profiles) {
  for (const meter::Profile& profile : profiles) {
    Candidate candidate{&profile, sign(profile, code_register(profile)), sign(profile, voltage_register(profile)),
                        sign(profile, profile.index_of(Measurand::frequency))};
    if (candidate.code || candidate.voltage) candidates_.push_back(candidate);
  }
}

std::optional<MeterSigns::Sign> MeterSigns::sign(const meter::Profile& profile, std::optional<std::uint16_t> index) {
  if (!index) return std::nullopt;
  const meter::ReadBlock block = block_of(meter::single_request(profile, *index));
  const auto known = std::find(blocks_.begin(), blocks_.end(), block);
  const auto at = static_cast<std::size_t>(known - blocks_.begin());
  if (known == blocks_.end()) blocks_.push_back(block);
  return Sign{*index, at};
}

std::vector<std::string> MeterSigns::fits(std::span<const Answer> answers) const {
  std::vector<std::string> sure;
  std::vector<std::string> possible;
  for (const Candidate& candidate : candidates_) {
    const meter::Profile& profile = *candidate.profile;
    const auto answer = [&](const std::optional<Sign>& sign) -> const Answer* {
      return sign && sign->block < answers.size() && answers[sign->block] ? &answers[sign->block] : nullptr;
    };
    const Answer* voltage = answer(candidate.voltage);
    const bool has_voltage =
        voltage != nullptr &&
        is_within(value_of(profile, candidate.voltage->register_index, **voltage), kLeastVoltage_mv, kMostVoltage_mv);
    if (candidate.voltage && !has_voltage) continue;
    if (candidate.frequency) {
      const Answer* frequency = answer(candidate.frequency);
      if (frequency == nullptr || !is_within(value_of(profile, candidate.frequency->register_index, **frequency),
                                             kLeastFrequency_mhz, kMostFrequency_mhz))
        continue;
    }
    if (candidate.code) {
      const Answer* code = answer(candidate.code);
      if (code != nullptr && (**code)[0] != *profile.limits.meter_code) continue;
      if (code != nullptr) sure.emplace_back(profile.model.view());
    }
    possible.emplace_back(profile.model.view());
  }
  return sure.empty() ? possible : sure;
}

}  // namespace meterseal::app
