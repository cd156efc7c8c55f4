#pragma once

// Keeps what a port reports.

#include <vector>

#include "meter/host/port.hpp"

namespace meterseal::test {

class RecordingPortEvents : public meter::host::PortEvents {
 public:
  void port_opened() override { ++opened; }
  void port_failed(const Error& error) override { failures.push_back(error); }
  void request_sent() override { ++sent; }
  void received(Bytes more) override { bytes.insert(bytes.end(), more.begin(), more.end()); }

  int opened = 0;
  int sent = 0;
  std::vector<Error> failures;
  std::vector<std::uint8_t> bytes;
};

}  // namespace meterseal::test
