#pragma once

// By which answers the known profiles are told apart: the code of the model where the meter has one, else a voltage
// and a frequency that make sense where the profile says they stand. Several profiles may fit one meter: models of one
// maker share their maps. Owner: value; the profiles must outlive it. Thread: any (pure).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "meter/modbus_frame.hpp"
#include "meter/poll_plan.hpp"
#include "meter/profile.hpp"

namespace meterseal::app {

[[nodiscard]] meter::ReadBlock block_of(const meter::PollRequest& request);

class MeterSigns {
 public:
  using Answer = std::optional<std::vector<std::uint16_t>>;  ///< nullopt: refused

  explicit MeterSigns(std::span<const meter::Profile> profiles);

  /// What is asked of a unit; answers come in the same order.
  [[nodiscard]] const std::vector<meter::ReadBlock>& blocks() const { return blocks_; }
  /// Names of the profiles that fit; those whose model code is right alone, where one is.
  [[nodiscard]] std::vector<std::string> fits(std::span<const Answer> answers) const;

 private:
  struct Sign {
    std::uint16_t register_index = 0;
    std::size_t block = 0;
  };
  struct Candidate {
    const meter::Profile* profile = nullptr;
    std::optional<Sign> code;
    std::optional<Sign> voltage;
    std::optional<Sign> frequency;
  };

  [[nodiscard]] std::optional<Sign> sign(const meter::Profile& profile, std::optional<std::uint16_t> index);

  std::vector<meter::ReadBlock> blocks_;
  std::vector<Candidate> candidates_;
};

}  // namespace meterseal::app
