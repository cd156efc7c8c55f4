#include "collect/host/report_builder.hpp"

#include <algorithm>

namespace meterseal::collect::host {

namespace {

DayReport& day_of(DeviceReport& report, std::string_view date) {
  const auto found =
      std::find_if(report.days.rbegin(), report.days.rend(), [&](const auto& d) { return d.date == date; });
  if (found != report.days.rend()) return *found;
  return report.days.emplace_back(DayReport{std::string(date), 0, 0});
}

}  // namespace

void ReportBuilder::add_record(std::string_view device, std::string_view outbox, Sequence sequence,
                               std::string_view date) {
  if (reports_.empty() || reports_.back().device != device || reports_.back().outbox != outbox)
    reports_.push_back({std::string(device), std::string(outbox), {}, {}});
  DeviceReport& report = reports_.back();
  const Sequence before = report.book.last();
  if (before != 0 && sequence > before + 1) report.days.back().missing += sequence - before - 1;
  (void)report.book.take(sequence);
  DayReport& day = day_of(report, date);
  ++day.records;
  std::swap(day, report.days.back());  // the day of the record before, for the next gap
}

std::vector<DeviceReport> ReportBuilder::take() {
  for (DeviceReport& report : reports_) {
    std::sort(report.days.begin(), report.days.end(), [](const auto& a, const auto& b) { return a.date < b.date; });
  }
  return std::move(reports_);
}

void ReportBuilder::add_loss(const Loss& loss) {
  for (DeviceReport& report : reports_) {
    if (report.device == loss.device && report.outbox == loss.outbox) report.book.declare_loss(loss.range, loss.count);
  }
}

}  // namespace meterseal::collect::host
