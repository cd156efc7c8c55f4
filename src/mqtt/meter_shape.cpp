#include "mqtt/meter_shape.hpp"

#include <algorithm>

namespace meterseal::mqtt {

namespace {

using meter::Measurand;

/// The registers of one quantity; `other` where no such register exists.
struct Row {
  Measurand whole, l1, l2, l3;
};

constexpr std::array<Row, kQuantities> kRows{{
    {Measurand::power_active_total, Measurand::power_active_l1, Measurand::power_active_l2, Measurand::power_active_l3},
    {Measurand::power_apparent_total, Measurand::power_apparent_l1, Measurand::power_apparent_l2,
     Measurand::power_apparent_l3},
    {Measurand::power_reactive_total, Measurand::power_reactive_l1, Measurand::power_reactive_l2,
     Measurand::power_reactive_l3},
    {Measurand::power_factor_total, Measurand::power_factor_l1, Measurand::power_factor_l2, Measurand::power_factor_l3},
    {Measurand::other, Measurand::voltage_l1, Measurand::voltage_l2, Measurand::voltage_l3},
    {Measurand::other, Measurand::current_l1, Measurand::current_l2, Measurand::current_l3},
    {Measurand::energy_active_import_total, Measurand::energy_active_import_l1, Measurand::energy_active_import_l2,
     Measurand::energy_active_import_l3},
    {Measurand::energy_active_export_total, Measurand::energy_active_export_l1, Measurand::energy_active_export_l2,
     Measurand::energy_active_export_l3},
    {Measurand::phase_angle_total, Measurand::phase_angle_l1, Measurand::phase_angle_l2, Measurand::phase_angle_l3},
}};

}  // namespace

MeterShape::MeterShape(Phases phases, std::span<const Measurand> polled, std::span<const Measurand> slow)
    : phases_(phases) {
  for (const Measurand what : polled) {
    if (what != Measurand::other) polled_[static_cast<std::size_t>(what)] = true;
  }
  for (const Measurand what : slow) {
    if (what != Measurand::other) slow_[static_cast<std::size_t>(what)] = true;
  }
  for (std::size_t i = 0; i < kQuantities; ++i) fields_[i].layout = measured_layout(static_cast<Quantity>(i));

  if (has_all(Quantity::current, layout(Quantity::voltage)))
    derive(Quantity::apparent_power, layout(Quantity::voltage));
  const Layout apparent = layout(Quantity::apparent_power);
  if (has_all(Quantity::power, apparent)) {
    derive(Quantity::reactive_power, apparent);
    derive(Quantity::factor, apparent);
  }
}

bool MeterShape::is_polled(Measurand what) const {
  return what != Measurand::other && polled_[static_cast<std::size_t>(what)];
}

bool MeterShape::is_slow(Measurand what) const {
  return what != Measurand::other && slow_[static_cast<std::size_t>(what)];
}

std::optional<Measurand> MeterShape::source(Quantity quantity, Slot slot) const {
  const Row& row = kRows[static_cast<std::size_t>(quantity)];
  Measurand what = Measurand::other;
  switch (slot) {
    case Slot::whole:
      // A meter of one phase may call its only value "total" or "L1".
      what = phases_ == Phases::one && !is_polled(row.whole) ? row.l1 : row.whole;
      break;
    case Slot::l1: what = row.l1; break;
    case Slot::l2: what = row.l2; break;
    case Slot::l3: what = row.l3; break;
  }
  if (!is_polled(what)) return std::nullopt;
  return what;
}

Layout MeterShape::measured_layout(Quantity quantity) const {
  const bool any_phase = std::any_of(kPhaseSlots.begin(), kPhaseSlots.end(),
                                     [&](Slot slot) { return source(quantity, slot).has_value(); });
  if (phases_ == Phases::three && any_phase) return Layout::phases;
  return source(quantity, Slot::whole) ? Layout::number : Layout::absent;
}

/// Every element that `layout` needs is measured.
bool MeterShape::has_all(Quantity quantity, Layout layout) const {
  switch (layout) {
    case Layout::absent: return false;
    case Layout::number: return source(quantity, Slot::whole).has_value();
    case Layout::phases:
      return std::all_of(kPhaseSlots.begin(), kPhaseSlots.end(),
                         [&](Slot slot) { return source(quantity, slot).has_value(); });
  }
  return false;
}

void MeterShape::derive(Quantity quantity, Layout layout) {
  Field& field = fields_[static_cast<std::size_t>(quantity)];
  if (field.layout == Layout::absent) field = Field{layout, true};
}

std::optional<Measurand> MeterShape::import_counter() const {
  if (is_polled(Measurand::energy_active_import_total)) return Measurand::energy_active_import_total;
  // Some meters have one counter only. Where import exists it is never used: it may be import + export.
  if (is_polled(Measurand::energy_active_total)) return Measurand::energy_active_total;
  return std::nullopt;
}

std::optional<Measurand> MeterShape::export_counter() const {
  if (is_polled(Measurand::energy_active_export_total)) return Measurand::energy_active_export_total;
  return std::nullopt;
}

}  // namespace meterseal::mqtt
