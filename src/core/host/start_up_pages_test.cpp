#include "core/host/start_up_pages.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>

namespace meterseal::host {
namespace {

long resident_of_files_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
  }
  return 0;
}

TEST(StartUpPages, AreGivenBackAndComeAgainWhenTheyAreNeeded) {
  const std::string before = std::to_string(std::sqrt(2.0));
  const long resident = resident_of_files_kb();
  give_back_start_up_pages();
  EXPECT_LT(resident_of_files_kb(), resident);
  EXPECT_EQ(std::to_string(std::sqrt(2.0)), before);
  EXPECT_THROW(static_cast<void>(std::stol("none")), std::invalid_argument) << "tables of the unwinder, too";
}

}  // namespace
}  // namespace meterseal::host
