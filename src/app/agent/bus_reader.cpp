#include "app/agent/bus_reader.hpp"

#include <algorithm>

namespace meterseal::app {

Result<std::unique_ptr<BusReader>> BusReader::make(boost::asio::io_context& loop, const Clock& clock, Log& log,
                                                   BusPlan plan, const Stamper& stamper, const Calendar& calendar,
                                                   const StoredValue& stored, ReadingObserver& observer) {
  std::unique_ptr<BusReader> reader(new BusReader(std::move(plan), observer));
  for (const MeterPlan& meter : reader->plan_.meters) {
    reader->meters_.push_back(
        std::make_unique<MeterReader>(meter, stamper, calendar, log, stored(MeterReader::book_name(meter.name))));
  }
  reader->health_.resize(reader->meters_.size(), meter::Health::unknown);
  auto driver = meter::host::BusDriver::make(loop, clock, log, reader->plan_.settings, *reader);
  if (!driver) return tl::unexpected(driver.error());
  reader->driver_ = std::move(*driver);
  return reader;
}

bool BusReader::has_answer() const {
  return std::find(health_.begin(), health_.end(), meter::Health::online) != health_.end();
}

bool BusReader::is_settled() const {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const bool silent = health_[i] == meter::Health::suspect || health_[i] == meter::Health::silent;
    if (!meters_[i]->has_full_round() && !silent) return false;
  }
  return true;
}

void BusReader::on_block(std::size_t meter, std::size_t request, Instant at, std::span<const std::uint16_t> words) {
  meters_[meter]->take_block(request, at, words);
  observer_.on_reading();
}

void BusReader::on_identity(std::size_t meter, std::size_t request, Instant /*at*/,
                            std::span<const std::uint16_t> words) {
  meters_[meter]->take_identity(request, words);
}

void BusReader::on_meter_state(std::size_t meter, meter::Health health) {
  health_[meter] = health;
  observer_.on_reading();
}

void BusReader::on_port_state(meter::host::PortState /*state*/) {
  // Values grow old by themselves; what the meters' health is will be reported anew.
}

}  // namespace meterseal::app
