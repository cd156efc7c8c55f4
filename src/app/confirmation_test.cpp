#include "app/confirmation.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/errors.hpp"

namespace meterseal::app {
namespace {

class ConfirmationNote : public testing::Test {
 protected:
  ConfirmationNote() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder =
        std::filesystem::temp_directory_path() / ("meterseal-note-" + std::to_string(::getpid()) + "-" + test->name());
    std::filesystem::create_directories(folder);
    confirmation.broker = {"2001:db8::7", 8883};
    confirmation.shown.fill(0xA1);
  }
  ~ConfirmationNote() override { std::filesystem::remove_all(folder); }

  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(folder / "confirm") << text;
    ::chmod((folder / "confirm").c_str(), mode);
  }

  std::filesystem::path folder;
  Confirmation confirmation;
};

TEST_F(ConfirmationNote, IsTakenOnce) {
  ASSERT_TRUE(leave_confirmation(folder, confirmation));
  EXPECT_TRUE(is_confirmation_waiting(folder));
  EXPECT_EQ(take_confirmation(folder), confirmation);
  EXPECT_FALSE(is_confirmation_waiting(folder));
  EXPECT_EQ(take_confirmation(folder), std::nullopt);
}

TEST_F(ConfirmationNote, CanBeReadByItsOwnerOnly) {
  ASSERT_TRUE(leave_confirmation(folder, confirmation));
  struct stat status{};
  ASSERT_EQ(::stat((folder / "confirm").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ConfirmationNote, IsRefusedWhereThereIsNoStateDirectory) {
  const auto left = leave_confirmation(folder / "missing", confirmation);
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().code, confirmation_unusable);
}

TEST_F(ConfirmationNote, IsThrownAwayWhenItCannotBeUnderstood) {
  std::string hex;
  for (int i = 0; i < 32; ++i) hex += i == 0 ? "A1" : ":A1";
  const std::string texts[] = {
      "",
      "\n",
      "broker:8883\n",
      "broker:8883 " + hex,  // torn
      "broker:8883 " + hex.substr(3) + "\n",
      "broker:88830 " + hex + "\n",
      "broker:8883 sha256//oaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaE=\n",  // a key is nothing that was learned
      "broker:8883 " + hex + " and more\n",
      std::string(600, 'x') + "\n",
  };
  for (const std::string& text : texts) {
    write(text);
    EXPECT_EQ(take_confirmation(folder), std::nullopt) << text;
    EXPECT_FALSE(is_confirmation_waiting(folder)) << text;
  }
  write("broker:8883 " + hex + "\n", 0644);
  EXPECT_EQ(take_confirmation(folder), std::nullopt) << "others could have written it";
}

}  // namespace
}  // namespace meterseal::app
