#pragma once

// A Wi-Fi access point without a radio: a test says when it opens, fails or is lost.

#include <optional>
#include <string>
#include <utility>

#include "wifi/access_point.hpp"

namespace meterseal::test {

class FakeAccessPoint final : public wifi::AccessPoint {
 public:
  void open(const wifi::Key& key, Told told) override {
    asked_with = key.text();
    told_ = std::move(told);
  }
  void close() override {
    told_ = nullptr;
    ++closes;
  }

  void tell(const Result<wifi::Opened>& what) {
    if (told_) told_(what);
  }

  std::optional<std::string> asked_with;
  int closes = 0;

 private:
  Told told_;
};

}  // namespace meterseal::test
