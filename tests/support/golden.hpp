#pragma once

// Text that a program makes and that is kept in the tree: a change of it is a visible diff. METERSEAL_UPDATE_GOLDEN=1
// writes the file instead of comparing with it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace meterseal::test {

/// @param path  below the source directory
inline void expect_golden(const std::string& path, const std::string& text) {
  const std::string file = std::string(METERSEAL_SOURCE_DIR) + "/" + path;
  const char* update = std::getenv("METERSEAL_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") std::ofstream(file, std::ios::trunc) << text;
  std::ifstream kept(file);
  const std::string expected((std::istreambuf_iterator<char>(kept)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, expected) << path << " differs; METERSEAL_UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace meterseal::test
