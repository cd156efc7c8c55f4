#include "app/whole_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace meterseal::app {
namespace {

namespace fs = std::filesystem;

class WholeFile : public testing::Test {
 protected:
  WholeFile() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder = fs::temp_directory_path() / ("meterseal-whole-" + std::to_string(::getpid()) + "-" + test->name());
    fs::create_directories(folder);
  }
  ~WholeFile() override { fs::remove_all(folder); }

  [[nodiscard]] std::string content(const std::string& name) const {
    std::ifstream file(folder / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }

  fs::path folder;
};

TEST_F(WholeFile, TakesThePlaceOfTheFormerOneWithItsMode) {
  std::ofstream(folder / "file") << "a longer text that was there before";
  EXPECT_EQ(replace_file(folder / "file", "new\n", 0644), "");
  EXPECT_EQ(content("file"), "new\n");
  struct stat status{};
  ASSERT_EQ(::stat((folder / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(WholeFile, FollowsNoLinkThatSomebodyHasLaidOut) {
  std::ofstream(folder / "precious") << "keep me";
  fs::create_symlink(folder / "precious", folder / "file.new");
  fs::create_symlink(folder / "precious", folder / "file");
  EXPECT_EQ(replace_file(folder / "file", "text", 0600), "");
  EXPECT_EQ(content("precious"), "keep me");
  EXPECT_FALSE(fs::is_symlink(folder / "file"));
  EXPECT_EQ(content("file"), "text");
}

TEST_F(WholeFile, SaysWhyItCannotAndLeavesNothing) {
  EXPECT_EQ(replace_file(folder / "missing" / "file", "text", 0600), "No such file or directory");
  fs::create_directory(folder / "file");
  std::ofstream(folder / "file" / "inside") << "x";
  EXPECT_EQ(replace_file(folder / "file", "text", 0600), "Is a directory");
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace meterseal::app
