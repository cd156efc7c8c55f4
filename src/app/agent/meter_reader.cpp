#include "app/agent/meter_reader.hpp"

#include <algorithm>
#include <utility>

namespace meterseal::app {

namespace {

using meter::Measurand;

constexpr std::string_view kTag = "NRG";

bool changes_sign(Measurand what) {
  const auto within = [what](Measurand first, Measurand last) { return what >= first && what <= last; };
  return within(Measurand::power_active_l1, Measurand::power_active_total) ||
         within(Measurand::power_reactive_l1, Measurand::power_reactive_total) ||
         within(Measurand::power_factor_l1, Measurand::power_factor_total);
}

/// Import and export of one thing; `other` where there is no such pair.
Measurand opposite(Measurand what) {
  static constexpr std::pair<Measurand, Measurand> kPairs[] = {
      {Measurand::power_active_import_total, Measurand::power_active_export_total},
      {Measurand::energy_active_import_total, Measurand::energy_active_export_total},
      {Measurand::energy_active_import_l1, Measurand::energy_active_export_l1},
      {Measurand::energy_active_import_l2, Measurand::energy_active_export_l2},
      {Measurand::energy_active_import_l3, Measurand::energy_active_export_l3},
      {Measurand::energy_reactive_import_total, Measurand::energy_reactive_export_total}};
  for (const auto& [import, exported] : kPairs) {
    if (what == import) return exported;
    if (what == exported) return import;
  }
  return Measurand::other;
}

std::size_t request_with(const MeterPlan& plan, std::uint16_t register_index) {
  const auto found = std::find_if(plan.requests.begin(), plan.requests.end(), [&](const meter::PollRequest& request) {
    return std::find(request.registers.begin(), request.registers.end(), register_index) != request.registers.end();
  });
  return static_cast<std::size_t>(found - plan.requests.begin());
}

bool is_energy(meter::Unit unit) {
  return unit == meter::Unit::kilowatt_hour || unit == meter::Unit::kilovar_hour ||
         unit == meter::Unit::kilovolt_ampere_hour;
}

/// Faults that a broken meter or wire can repeat with every reading.
bool is_repetitive(ledger::EventKind kind) {
  switch (kind) {
    case ledger::EventKind::held:
    case ledger::EventKind::discarded:
    case ledger::EventKind::float_artefact:
    case ledger::EventKind::implausible_rise:
    case ledger::EventKind::clock_stepped_back: return true;
    case ledger::EventKind::opened:
    case ledger::EventKind::day_closed:
    case ledger::EventKind::rollover:
    case ledger::EventKind::reset:
    case ledger::EventKind::replaced: return false;
  }
  return false;
}

LogLevel level_of(ledger::EventKind kind) {
  switch (kind) {
    case ledger::EventKind::opened:
    case ledger::EventKind::day_closed:
    case ledger::EventKind::rollover: return LogLevel::info;
    case ledger::EventKind::float_artefact: return LogLevel::debug;
    case ledger::EventKind::held:
    case ledger::EventKind::discarded:
    case ledger::EventKind::reset:
    case ledger::EventKind::replaced:
    case ledger::EventKind::implausible_rise:
    case ledger::EventKind::clock_stepped_back: return LogLevel::warning;
  }
  return LogLevel::warning;
}

Text<300> with_count(std::string_view text, std::uint32_t kept_back) {
  Text<300> line(text);
  if (kept_back > 0) line.add(" (and ").add_uint(kept_back).add(" more since it was last told)");
  return line;
}

}  // namespace

MeterReader::MeterReader(const MeterPlan& plan, const Stamper& stamper, const Calendar& calendar, Log& log,
                         std::string_view stored_book)
    : plan_(plan),
      stamper_(stamper),
      calendar_(calendar),
      log_(log),
      shape_(shape_of(plan)),
      plausibility_(*plan.profile),
      ledger_(limits(), calendar),
      requests_read_(plan.requests.size()) {
  const meter::Profile& profile = *plan.profile;
  if (profile.import_counter) {
    Booking booking{*profile.import_counter, profile.export_counter, 0};
    // Behind transformers that look the wrong way what the meter calls export is consumption.
    const bool has_pair = profile.registers[booking.import_register].what == Measurand::energy_active_import_total;
    if (plan.invert && has_pair && booking.export_register) {
      std::swap(booking.import_register, *booking.export_register);
    }
    booking.request = request_with(plan, booking.import_register);
    if (booking.export_register) {
      booking.request = std::max(booking.request, request_with(plan, *booking.export_register));
    }
    booking_ = booking;
  }
  if (plan.read == ReadScope::all) registers_.resize(profile.registers.size());
  if (!stored_book.empty()) open_book(stored_book);
}

ledger::Limits MeterReader::limits() const {
  ledger::Limits limits;
  limits.max_power_mw = meter::max_power_mw(*plan_.profile, multipliers_);
  if (const auto rollover = plan_.profile->limits.rollover_at_mwh) {
    limits.rollover_at = ledger::MilliWattHours{*rollover};
  }
  return limits;
}

void MeterReader::open_book(std::string_view stored) {
  auto book = ledger::Ledger::decode(stored, limits(), calendar_);
  if (book) {
    ledger_ = *book;
    was_read_before_ = true;
    return;
  }
  Error error = book.error();
  error.where = Text<96>(plan_.name);
  log_.error(kTag, error);
  damaged_book_ = std::string(stored);
}

void MeterReader::take_block(std::size_t request, Instant at, meter::Words words) {
  const meter::PollRequest& asked = plan_.requests[request];
  auto decoded = meter::decode(*plan_.profile, asked, words, multipliers_);
  if (!decoded) {
    if (const auto kept_back = decode_guard_.tell(at)) {
      Error error = decoded.error();
      error.where = Text<96>(plan_.name);
      error.detail = Text<224>(with_count(error.detail, *kept_back).view());
      log_.error(kTag, error);
    }
    return;
  }
  const std::span values(decoded->values.begin(), decoded->values.size());
  take_rejections(plausibility_.filter(values), at);
  for (meter::Value& value : values) {
    if (!registers_.empty()) {
      registers_[value.register_index] =
          value.milli ? std::optional(meter::LatestValues::Entry{*value.milli, at}) : std::nullopt;
    }
    if (plan_.invert) apply_inversion(value);
  }
  latest_.take({0, at, values});
  last_block_ = at;
  if (booking_) {
    const auto step = meter::resolution_of(*plan_.profile, asked, words, booking_->import_register, multipliers_);
    if (step) resolution_ = ledger::MilliWattHours{*step};
    if (request == booking_->request) book();
  }
  count_round(request);
}

void MeterReader::count_round(std::size_t request) {
  // A block that is seen again ends a round, too: a meter may refuse one of its blocks for good.
  if (requests_read_[request]) {
    ++rounds_;
    requests_read_.assign(requests_read_.size(), false);
  }
  requests_read_[request] = true;
  if (std::find(requests_read_.begin(), requests_read_.end(), false) != requests_read_.end()) return;
  ++rounds_;
  requests_read_.assign(requests_read_.size(), false);
}

void MeterReader::apply_inversion(meter::Value& value) const {
  if (changes_sign(value.what) && value.milli) value.milli = -*value.milli;
  const Measurand other = opposite(value.what);
  if (shape_.is_polled(other)) value.what = other;
}

void MeterReader::take_identity(std::size_t request, meter::Words words) {
  const std::uint16_t index = plan_.identity[request].registers.front();
  const meter::Register& entry = plan_.profile->registers[index];
  const auto identity = meter::decode_identity(*plan_.profile, index, words);
  if (!identity) {
    log_.error(kTag, identity.error());
    return;
  }
  if (entry.name.view() == "serial_number") {
    identity_.serial = Text<32>(identity->text.view());
    return;
  }
  const meter::Multipliers changed = meter::with_identity(multipliers_, entry, *identity);
  if (changed == multipliers_) return;
  multipliers_ = changed;
  plausibility_.set_multipliers(changed);
  // The book has new limits and keeps what it knows.
  if (!ledger_.totals()) {
    ledger_ = ledger::Ledger(limits(), calendar_);
  } else {
    open_book(ledger_.encode());
  }
}

void MeterReader::book() {
  const auto import_what = shape_.import_counter();
  const auto export_what = shape_.export_counter();
  if (!import_what || !last_block_) return;
  const Instant oldest = *last_block_ - plan_.slow_freshness;
  const auto& import = latest_.of(*import_what);
  if (!import || import->at < oldest || booked_ == import->at) return;
  ledger::CounterReading reading;
  reading.stamp = stamper_.of(import->at);
  reading.import = ledger::MilliWattHours{import->milli};
  if (export_what) {
    // A meter that counts export and does not tell it now: one of the two alone must not be booked as if it had none.
    const auto exported = latest_.fresh(*export_what, oldest);
    if (!exported) return;
    reading.exported = ledger::MilliWattHours{*exported};
  }
  if (resolution_) reading.resolution = *resolution_;
  booked_ = import->at;
  is_book_changed_ = true;
  take_events(ledger_.book(reading, identity_));
}

void MeterReader::tick() {
  const ledger::Events events = ledger_.tick(stamper_.now());
  if (events.empty()) return;
  take_events(events);
  is_book_changed_ = true;
}

void MeterReader::take_events(const ledger::Events& events) {
  for (const ledger::Event& event : events) {
    std::uint32_t kept_back = 0;
    if (is_repetitive(event.kind)) {
      const auto tell = event_guards_[static_cast<std::size_t>(event.kind)].tell(stamper_.now().at);
      if (!tell) continue;
      kept_back = *tell;
    } else {
      is_book_urgent_ = true;
    }
    log_.write(level_of(event.kind), kTag,
               with_count(Text<220>(plan_.name).add(": ").add(event.text), kept_back).view());
  }
}

void MeterReader::take_rejections(const meter::Rejections& rejections, Instant at) {
  for (const meter::Rejection& rejection : rejections) {
    const auto kept_back = rejection_guards_[static_cast<std::size_t>(rejection.reason)].tell(at);
    if (!kept_back) continue;
    Text<260> text(plan_.name);
    text.add(": ").add(plan_.profile->registers[rejection.register_index].name).add(" ");
    text.add_fixed(rejection.milli, 3, 3).add(" is not believed: ").add(meter::text_of(rejection.reason));
    log_.warn(kTag, with_count(text, *kept_back));
  }
}

mqtt::MeterTelemetry MeterReader::telemetry(Instant now) {
  const Instant oldest = now - plan_.freshness;
  const Instant oldest_slow = now - plan_.slow_freshness;
  shown_registers_.clear();
  if (!registers_.empty()) {
    for (const std::uint16_t index : plan_.profile->all) {
      const meter::Register& entry = plan_.profile->registers[index];
      const auto& latest = registers_[index];
      const bool live = latest && latest->at >= (entry.group == meter::Group::slow ? oldest_slow : oldest);
      shown_registers_.push_back(
          {entry.name, live ? std::optional(latest->milli) : std::nullopt, is_energy(entry.unit) ? 6U : 3U});
    }
  }
  return {plan_.key, shape_, latest_, oldest, ledger_.totals(), std::nullopt, shown_registers_, oldest_slow};
}

std::optional<Instant> MeterReader::newest(Instant now) const {
  if (!last_block_ || *last_block_ < now - plan_.freshness) return std::nullopt;
  return last_block_;
}

bool MeterReader::correct(ledger::Correction what, ledger::MilliWattHours energy) {
  const auto before = ledger_.totals();
  if (!before || !ledger_.correct(what, energy)) return false;
  is_book_changed_ = true;
  is_book_urgent_ = true;
  const std::int64_t was = what == ledger::Correction::total   ? before->total.value
                           : what == ledger::Correction::today ? before->today.value
                                                               : before->yesterday.value;
  Text<220> text(plan_.name);
  text.add(what == ledger::Correction::total   ? ": Total"
           : what == ledger::Correction::today ? ": Today"
                                               : ": Yesterday");
  text.add(" set by command from ").add_fixed(was, 6, 3).add(" to ").add_fixed(energy.value, 6, 3).add(" kWh");
  log_.warn(kTag, text);
  return true;
}

std::optional<outbox::NamedValue> MeterReader::book_to_keep() {
  if (!std::exchange(is_book_changed_, false)) return std::nullopt;
  is_book_urgent_ = false;
  return outbox::NamedValue{book_name(plan_.name), ledger_.encode()};
}

}  // namespace meterseal::app
