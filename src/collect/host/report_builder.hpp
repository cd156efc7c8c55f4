#pragma once

// Makes reports from rows in the order of device, outbox and sequence, however a database gives them.
// Value; thread: any, one at a time.

#include <string_view>
#include <vector>

#include "collect/store.hpp"

namespace meterseal::collect::host {

class ReportBuilder {
 public:
  void add_record(std::string_view device, std::string_view outbox, Sequence sequence, std::string_view date);
  void add_loss(const Loss& loss);
  /// Days in the order of the calendar.
  [[nodiscard]] std::vector<DeviceReport> take();

 private:
  std::vector<DeviceReport> reports_;
};

}  // namespace meterseal::collect::host
