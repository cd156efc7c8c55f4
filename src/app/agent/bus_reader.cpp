#include "app/agent/bus_reader.hpp"

#include <algorithm>

#include "meter/errors.hpp"

namespace meterseal::app {

std::string port_trouble(const Error& fault) {
  const std::string port = "the port " + std::string(fault.where.view());
  return fault.code == meter::port_missing ? port + " is not there"
                                           : port + " cannot be used: " + std::string(fault.detail.view());
}

Result<std::unique_ptr<BusReader>> BusReader::make(boost::asio::io_context& loop, const Clock& clock, Log& log,
                                                   BusPlan plan, const Stamper& stamper, const Calendar& calendar,
                                                   const StoredValue& stored, ReadingObserver& observer) {
  std::unique_ptr<BusReader> reader(new BusReader(loop, clock, log, std::move(plan), observer));
  for (const MeterPlan& meter : reader->plan_.meters) {
    reader->meters_.push_back(
        std::make_unique<MeterReader>(meter, stamper, calendar, log, stored(MeterReader::book_name(meter.name))));
  }
  reader->health_.resize(reader->meters_.size(), meter::Health::unknown);
  reader->former_.resize(reader->meters_.size());
  reader->read_for_.resize(reader->meters_.size());
  auto driver = meter::host::BusDriver::make(loop, clock, log, reader->plan_.settings, *reader);
  if (!driver) return tl::unexpected(driver.error());
  reader->driver_ = std::move(*driver);
  return reader;
}

Result<void> BusReader::invite(const std::vector<meter::host::BusMeter>& guests, GuestObserver* observer) {
  meter::host::BusSettings settings = plan_.settings;
  settings.meters.insert(settings.meters.end(), guests.begin(), guests.end());
  settings.opening = LogLevel::debug;
  auto driver = meter::host::BusDriver::make(loop_, clock_, log_, std::move(settings), *this);
  if (!driver) return tl::unexpected(driver.error());
  for (std::size_t i = 0; i < former_.size(); ++i) former_[i] = counters(i);
  driver_->stop();
  driver_ = std::move(*driver);
  guests_ = observer;
  // What is known of their health is known until something else is found.
  driver_->start();
  return {};
}

void BusReader::expect_telemetry(Instant due) {
  constexpr seconds kUntilTheNextCall{1};
  const Instant now = clock_.now();
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const MeterPlan& meter = plan_.meters[i];
    if (!meter.reads_before_telemetry || read_for_[i] == due) continue;
    if (due - now > meter.freshness + kUntilTheNextCall) continue;
    read_for_[i] = due;
    driver_->want_slow_blocks(i);
  }
}

meter::MeterCounters BusReader::counters(std::size_t meter) const {
  meter::MeterCounters sum = former_[meter];
  const meter::MeterCounters& now = driver_->counters(meter);
  sum.requests += now.requests;
  sum.answers += now.answers;
  sum.timeouts += now.timeouts;
  sum.crc_errors += now.crc_errors;
  sum.resyncs += now.resyncs;
  sum.late_answers += now.late_answers;
  sum.exceptions += now.exceptions;
  sum.echoes += now.echoes;
  return sum;
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
  if (meter >= meters_.size()) {
    if (guests_ != nullptr) guests_->on_guest_block(meter - meters_.size(), request, words);
    return;
  }
  meters_[meter]->take_block(request, at, words);
  observer_.on_reading();
}

void BusReader::on_identity(std::size_t meter, std::size_t request, Instant /*at*/,
                            std::span<const std::uint16_t> words) {
  if (meter < meters_.size()) meters_[meter]->take_identity(request, words);
}

void BusReader::on_meter_state(std::size_t meter, meter::Health health) {
  if (meter >= meters_.size()) {
    if (guests_ != nullptr) guests_->on_guest_state(meter - meters_.size(), health);
    return;
  }
  health_[meter] = health;
  observer_.on_reading();
}

void BusReader::on_port_state(meter::host::PortState state) {
  if (state == meter::host::PortState::up) port_fault_.reset();
  // Values grow old by themselves; what the meters' health is will be reported anew.
}

}  // namespace meterseal::app
