#include "app/face/bus_scan.hpp"

#include <algorithm>
#include <utility>

#include "app/face/meter_values.hpp"
#include "core/json_writer.hpp"
#include "meter/decode.hpp"
#include "web/errors.hpp"
#include "web/view_json.hpp"

namespace meterseal::app {

namespace {

/// Who does not answer keeps the line busy: after so many the own meters have their turn.
constexpr std::size_t kAtOnce = 2;
constexpr milliseconds kLook{100};
constexpr seconds kLongestScan{600};
constexpr seconds kLongestTest{10};
/// Meters answer within some 100 ms; a serial server in the network adds its own time.
constexpr milliseconds kPatience{400};
constexpr milliseconds kGap{100};
/// No cycle of requests has such a pause.
constexpr seconds kQuiet{3};
/// Nobody is asked twice.
constexpr milliseconds kOnce{3'600'000};

constexpr std::string_view kCheckWires =
    "check A and B of the wires, its address, baud rate and parity, and the profile";

std::string_view name_of(Parity parity) {
  switch (parity) {
    case Parity::none: return "none";
    case Parity::even: return "even";
    case Parity::odd: return "odd";
  }
  return {};
}

std::string line_text(const BusConfig& bus) {
  if (const auto* tcp = std::get_if<TcpLine>(&bus.line)) return format(tcp->address);
  const auto& serial = std::get<SerialLine>(bus.line);
  return serial.device + " " + std::to_string(serial.baud) + " " + character_frame(bus);
}

/// As web::MeterChange has it.
void add_line(JsonWriter& json, const BusConfig& bus) {
  if (const auto* tcp = std::get_if<TcpLine>(&bus.line)) {
    json.key("port").text((tcp->framing == Framing::rtu ? "rtu:" : "tcp:") + format(tcp->address));
    return;
  }
  const auto& serial = std::get<SerialLine>(bus.line);
  json.key("port").text(serial.device).key("baud").integer(serial.baud).key("parity").text(name_of(serial.parity));
}

std::string trouble_json(std::string_view what, std::string_view hint) {
  return web::texts_json({{"error", what}, {"hint", hint}});
}

std::string no_answer_json(const std::optional<Error>& port_fault, std::string_view else_what) {
  if (port_fault) return trouble_json(port_trouble(*port_fault), port_fault->remedy());
  return trouble_json(else_what, kCheckWires);
}

struct ShownUnit {
  std::string_view text;
  unsigned scale = 3;  ///< of the decoded value; energies come in thousandths of Wh, varh and VAh
};
ShownUnit shown(meter::Unit unit) {
  using meter::Unit;
  switch (unit) {
    case Unit::volt: return {" V"};
    case Unit::ampere: return {" A"};
    case Unit::watt: return {" W"};
    case Unit::var: return {" var"};
    case Unit::volt_ampere: return {" VA"};
    case Unit::hertz: return {" Hz"};
    case Unit::degree: return {" degrees"};
    case Unit::percent: return {" %"};
    case Unit::kilowatt_hour: return {" kWh", 6};
    case Unit::kilovar_hour: return {" kvarh", 6};
    case Unit::kilovolt_ampere_hour: return {" kVAh", 6};
    case Unit::none:
    case Unit::ampere_hour:
    case Unit::second:
    case Unit::minute:
    case Unit::hour:
    case Unit::millisecond:
    case Unit::other: break;
  }
  return {};
}

}  // namespace

BusScan::BusScan(boost::asio::io_context& loop, const Clock& clock, Meters& meters,
                 const std::vector<meter::Profile>& profiles, const std::vector<BusConfig>& buses, FileOwner owner)
    : clock_(clock),
      meters_(meters),
      profiles_(profiles),
      buses_(buses),
      owner_(owner),
      signs_(profiles),
      timer_(loop) {}

std::string BusScan::json() const {
  std::vector<char> memory(std::size_t{64} * 1024);
  JsonWriter json(memory);
  json.open_object().key("own").boolean(owner_ == FileOwner::device).key("buses").open_array();
  for (std::size_t i = 0; i < buses_.size(); ++i) {
    json.open_object().key("name").text("bus" + std::to_string(i + 1)).key("line").text(line_text(buses_[i]));
    add_line(json, buses_[i]);
    json.key("meters").open_array();
    for (const MeterConfig& meter : buses_[i].meters) {
      json.open_object().key("name").text(meter.name).key("address").integer(meter.address);
      json.key("profile").text(meter.profile).key("primary").boolean(meter.primary).close_object();
    }
    json.close_array().close_object();
  }
  json.close_array().key("profiles").open_array();
  for (const meter::Profile& profile : profiles_) json.text(profile.model);
  json.close_array().key("running").boolean(reader_ != nullptr && tested_ == nullptr);
  json.key("bus").integer(static_cast<std::int64_t>(bus_)).key("asked").integer(static_cast<std::int64_t>(asked_));
  json.key("of").integer(static_cast<std::int64_t>(of_)).key("found").open_array();
  for (const console::ScanState::Found& found : found_) {
    json.open_object().key("address").integer(found.address).key("fits").open_array();
    for (const std::string& name : found.models) json.text(name);
    json.close_array().close_object();
  }
  json.close_array().close_object();
  return std::string(json.view());
}

console::ScanState BusScan::state() const {
  return {reader_ != nullptr && tested_ == nullptr, bus_, asked_, of_, found_};
}

Result<void> BusScan::start(const web::ScanRange& range) {
  if (is_busy()) return fail(web::scan_busy, "scan", "a bus is being looked at already");
  if (range.bus >= buses_.size())
    return fail(web::bad_form, "scan", Text<64>("there is no such bus: this device has ").add_uint(buses_.size()));
  waiting_.clear();
  for (unsigned address = range.first; address <= range.last; ++address) {
    const auto& own = buses_[range.bus].meters;
    const bool is_own = std::any_of(own.begin(), own.end(), [&](const MeterConfig& m) { return m.address == address; });
    if (!is_own) waiting_.push_back(static_cast<std::uint8_t>(address));
  }
  bus_ = range.bus;
  asked_ = 0;
  of_ = waiting_.size();
  found_.clear();
  if (waiting_.empty()) return {};
  reader_ = meters_.buses()[bus_].get();
  until_ = clock_.now() + kLongestScan;
  next_batch();
  return {};
}

void BusScan::next_batch() {
  std::vector<Guest> guests;
  while (!waiting_.empty() && guests.size() < kAtOnce) {
    guests.push_back({waiting_.front(), false, std::nullopt, {}});
    waiting_.erase(waiting_.begin());
  }
  if (guests.empty() || !invite(std::move(guests), signs_.blocks())) return end();
  look(until_);
}

Result<void> BusScan::invite(std::vector<Guest> guests, const std::vector<meter::ReadBlock>& blocks) {
  std::vector<meter::host::BusMeter> asked;
  for (Guest& guest : guests) {
    guest.answers.assign(blocks.size(), std::nullopt);
    meter::MeterPlan plan;
    plan.unit = guest.address;
    plan.blocks = blocks;
    plan.response_timeout = kPatience;
    plan.gap = kGap;
    plan.slave_change_gap = kGap;
    plan.poll_interval = kOnce;
    plan.retries = tested_ != nullptr ? 2 : 0;
    asked.push_back({"address " + std::to_string(guest.address), std::move(plan), true});
  }
  guests_ = std::move(guests);
  return reader_->invite(asked, this);
}

void BusScan::on_guest_block(std::size_t guest, std::size_t request, std::span<const std::uint16_t> words) {
  if (guest >= guests_.size() || request >= guests_[guest].answers.size()) return;
  guests_[guest].heard = clock_.now();
  guests_[guest].answers[request] = std::vector<std::uint16_t>(words.begin(), words.end());
}

void BusScan::on_guest_state(std::size_t guest, meter::Health health) {
  if (guest >= guests_.size()) return;
  if (health == meter::Health::online) guests_[guest].heard = clock_.now();
  if (health == meter::Health::suspect || health == meter::Health::silent) guests_[guest].is_silent = true;
}

/// A refused request is not reported: who has answered and then said nothing more has been asked for everything.
bool BusScan::is_done(const Guest& guest) const {
  const auto& answers = guest.answers;
  const bool is_whole = std::all_of(answers.begin(), answers.end(), [](const auto& one) { return one.has_value(); });
  return guest.is_silent || is_whole || (guest.heard && clock_.now() - *guest.heard >= kQuiet);
}

/// Looked at from outside of the driver's calls, because it is replaced here.
void BusScan::look(Instant until) {
  timer_.expires_after(kLook);
  timer_.async_wait([this, until](auto error) {
    if (error || reader_ == nullptr) return;
    const bool is_late = clock_.now() >= until;
    const bool are_done = std::all_of(guests_.begin(), guests_.end(), [&](const Guest& g) { return is_done(g); });
    if (tested_ != nullptr) return are_done || is_late ? end_test() : look(until);
    if (!are_done && !is_late) return look(until);
    for (const Guest& guest : guests_) {
      if (guest.heard) found_.push_back({guest.address, signs_.fits(guest.answers)});
    }
    asked_ += guests_.size();
    if (is_late) return end();
    next_batch();
  });
}

void BusScan::cancel() {
  if (reader_ != nullptr && tested_ == nullptr) end();
}

void BusScan::end() {
  timer_.cancel();
  waiting_.clear();
  guests_.clear();
  (void)reader_->invite({}, nullptr);  // the plan of the start, which was good
  reader_ = nullptr;
}

void BusScan::test(std::size_t bus, std::uint8_t address, const std::string& profile,
                   std::function<void(std::string)> done) {
  if (is_busy()) return done(trouble_json("a bus is being looked at already", "wait until it is over, or cancel it"));
  if (bus >= buses_.size()) return done(trouble_json("there is no such bus", ""));
  const auto& own = buses_[bus].meters;
  const auto known = std::find_if(own.begin(), own.end(), [&](const MeterConfig& m) { return m.address == address; });
  if (known != own.end()) {
    own_ = meters_.buses()[bus]->meters()[static_cast<std::size_t>(known - own.begin())].get();
    tell_ = std::move(done);
    return look_at_own(clock_.now(), clock_.now() + kLongestTest);
  }
  const auto found = meter::find_profile(profiles_, profile);
  if (!found) return done(web::error_json(found.error()));
  auto plan = meter::make_poll_plan(**found, (*found)->telemetry, meter::kNetworkTiming);
  if (!plan) return done(web::error_json(plan.error()));
  tested_ = *found;
  requests_ = std::move(plan->requests);
  tell_ = std::move(done);
  reader_ = meters_.buses()[bus].get();
  std::vector<meter::ReadBlock> blocks;
  blocks.reserve(requests_.size());
  for (const meter::PollRequest& request : requests_) blocks.push_back(block_of(request));
  if (auto invited = invite({{address, false, std::nullopt, {}}}, blocks); !invited) {
    requests_.clear();
    return end_test();
  }
  look(clock_.now() + kLongestTest);
}

/// A configured meter is read all the time: the next reading is shown.
void BusScan::look_at_own(Instant since, Instant until) {
  timer_.expires_after(kLook);
  timer_.async_wait([this, since, until](auto error) {
    if (error) return;
    const Instant now = clock_.now();
    const auto newest = own_->newest(now);
    const bool is_new = own_->has_full_round() && newest && *newest > since;
    if (!is_new && now < until) return look_at_own(since, until);
    MeterReader& reader = *std::exchange(own_, nullptr);
    const auto tell = std::exchange(tell_, {});
    tell(is_new ? values_json(reader, now)
                : no_answer_json(meters_.port_fault_of(reader), "the meter does not answer"));
  });
}

void BusScan::end_test() {
  const std::vector<Guest> guests = std::move(guests_);
  const meter::Profile& profile = *tested_;
  const std::optional<Error> port_fault = reader_->port_fault();
  tested_ = nullptr;
  end();
  std::vector<char> memory(std::size_t{16} * 1024);
  JsonWriter json(memory);
  json.open_object().key("answers").boolean(true).key("values").open_array();
  std::size_t values = 0;
  for (std::size_t i = 0; i < requests_.size() && !guests.empty(); ++i) {
    const auto& words = guests[0].answers[i];
    const auto decoded = words ? meter::decode(profile, requests_[i], *words, {}) : tl::unexpected(Error{});
    if (!decoded) continue;
    for (const meter::Value& value : decoded->values) {
      if (!value.milli) continue;
      const meter::Register& entry = profile.registers[value.register_index];
      Text<64> text;
      const ShownUnit unit = shown(entry.unit);
      text.add_fixed(*value.milli, unit.scale, 3).add(unit.text);
      json.open_object().key("name").text(entry.name).key("value").text(text).close_object();
      ++values;
    }
  }
  json.close_array().close_object();
  const auto tell = std::exchange(tell_, {});
  tell(values > 0 ? std::string(json.view())
                  : no_answer_json(port_fault, "the meter does not answer, or not as this profile expects"));
}

}  // namespace meterseal::app
