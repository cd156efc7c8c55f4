#include "app/agent/meters.hpp"

#include <algorithm>

namespace meterseal::app {

Result<std::unique_ptr<Meters>> Meters::make(boost::asio::io_context& loop, const Clock& clock, Log& log,
                                             const std::vector<BusPlan>& plans, const Stamper& stamper,
                                             const Calendar& calendar, const StoredValue& stored) {
  std::unique_ptr<Meters> meters(new Meters);
  for (const BusPlan& plan : plans) {
    auto bus = BusReader::make(loop, clock, log, plan, stamper, calendar, stored, *meters);
    if (!bus) return tl::unexpected(bus.error());
    for (const auto& meter : (*bus)->meters()) meters->in_order_.push_back(meter.get());
    meters->buses_.push_back(std::move(*bus));
  }
  std::stable_partition(meters->in_order_.begin(), meters->in_order_.end(),
                        [](const MeterReader* meter) { return meter->plan().key == mqtt::kPrimaryKey; });
  return meters;
}

void Meters::start(std::function<void()> changed) {
  changed_ = std::move(changed);
  for (const auto& bus : buses_) bus->start();
}

void Meters::stop() {
  for (const auto& bus : buses_) bus->stop();
}

void Meters::on_reading() {
  if (changed_) changed_();
}

std::optional<Error> Meters::port_fault_of(const MeterReader& meter) const {
  for (const auto& bus : buses_) {
    const auto& own = bus->meters();
    if (std::any_of(own.begin(), own.end(), [&](const auto& one) { return one.get() == &meter; }))
      return bus->port_fault();
  }
  return std::nullopt;
}

bool Meters::are_settled() const {
  return std::all_of(buses_.begin(), buses_.end(), [](const auto& bus) { return bus->is_settled(); });
}

bool Meters::has_one_answered() const {
  return std::any_of(buses_.begin(), buses_.end(), [](const auto& bus) { return bus->has_answer(); });
}

void Meters::tick(std::optional<Instant> telemetry_due) {
  for (MeterReader* meter : in_order_) meter->tick();
  if (!telemetry_due) return;
  for (const auto& bus : buses_) bus->expect_telemetry(*telemetry_due);
}

std::vector<outbox::NamedValue> Meters::books_to_keep() {
  std::vector<outbox::NamedValue> books;
  for (MeterReader* meter : in_order_) {
    if (auto book = meter->book_to_keep()) books.push_back(std::move(*book));
  }
  return books;
}

bool Meters::is_a_book_urgent() const {
  return std::any_of(in_order_.begin(), in_order_.end(), [](const auto* meter) { return meter->is_book_urgent(); });
}

std::vector<outbox::NamedValue> Meters::damaged_books() const {
  std::vector<outbox::NamedValue> books;
  for (const MeterReader* meter : in_order_) {
    const auto& book = meter->damaged_book();
    if (book) books.emplace_back(MeterReader::damaged_book_name(meter->plan().name), *book);
  }
  return books;
}

}  // namespace meterseal::app
