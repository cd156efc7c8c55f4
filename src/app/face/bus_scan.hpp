#pragma once

// Looks for meters on a bus that is in use: asks address after address for the registers by which the known profiles
// are told apart, between the polls of the meters that are configured. The units asked are guests of the bus: what they
// answer is shown to a person and nowhere else.
//
// Bounds: one scan or test at a time, 2 addresses at once, each asked once, 10 minutes for all; a test takes 10 s.
// Ownership: everything given must outlive it. Thread: loop thread. Errors: web::scan_busy, bad_form.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/agent/meters.hpp"
#include "app/config/config.hpp"
#include "app/face/meter_signs.hpp"
#include "console/device_control.hpp"
#include "web/device_view.hpp"

namespace meterseal::app {

class BusScan final : private GuestObserver {
 public:
  BusScan(boost::asio::io_context& loop, const Clock& clock, Meters& meters,
          const std::vector<meter::Profile>& profiles, const std::vector<BusConfig>& buses, FileOwner owner);
  ~BusScan() override = default;
  BusScan(const BusScan&) = delete;
  BusScan& operator=(const BusScan&) = delete;

  [[nodiscard]] std::string json() const;
  [[nodiscard]] console::ScanState state() const;
  Result<void> start(const web::ScanRange& range);
  void cancel();
  void test(std::size_t bus, std::uint8_t address, const std::string& profile, std::function<void(std::string)> done);

 private:
  struct Guest {
    std::uint8_t address = 0;
    bool is_silent = false;
    std::optional<Instant> heard;                                    ///< last
    std::vector<std::optional<std::vector<std::uint16_t>>> answers;  ///< by request
  };
  void on_guest_block(std::size_t guest, std::size_t request, std::span<const std::uint16_t> words) override;
  void on_guest_state(std::size_t guest, meter::Health health) override;
  [[nodiscard]] bool is_busy() const { return reader_ != nullptr || own_ != nullptr; }
  Result<void> invite(std::vector<Guest> guests, const std::vector<meter::ReadBlock>& blocks);
  void look(Instant until);
  void next_batch();
  void end();
  void look_at_own(Instant since, Instant until);
  void end_test();
  [[nodiscard]] bool is_done(const Guest& guest) const;

  // constant after construction
  const Clock& clock_;
  Meters& meters_;
  const std::vector<meter::Profile>& profiles_;
  const std::vector<BusConfig>& buses_;
  const FileOwner owner_;
  const MeterSigns signs_;

  // loop thread only
  boost::asio::steady_timer timer_;
  BusReader* reader_ = nullptr;  ///< whose guests are asked; nullptr: nothing runs
  std::size_t bus_ = 0;
  std::vector<std::uint8_t> waiting_;  ///< addresses still to be asked
  std::size_t asked_ = 0;
  std::size_t of_ = 0;
  std::vector<Guest> guests_;
  std::vector<console::ScanState::Found> found_;
  Instant until_;
  // of a test
  MeterReader* own_ = nullptr;
  const meter::Profile* tested_ = nullptr;
  std::vector<meter::PollRequest> requests_;
  std::function<void(std::string)> tell_;
};

}  // namespace meterseal::app
