#pragma once

// Rows of a CSV file of tests/data, without its header.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "meter/csv_reader.hpp"

namespace meterseal::test {

inline std::vector<std::vector<std::string>> read_csv(const std::string& name) {
  std::ifstream file(std::string(METERSEAL_SOURCE_DIR) + "/tests/data/" + name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  meter::CsvReader reader(text);
  std::vector<std::vector<std::string>> rows;
  while (reader.next()) rows.emplace_back(reader.fields().begin(), reader.fields().end());
  EXPECT_EQ(reader.fault(), "") << name;
  EXPECT_GT(rows.size(), 1U) << name;
  if (!rows.empty()) rows.erase(rows.begin());
  return rows;
}

}  // namespace meterseal::test
