#include "console/host/socket_server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "console/errors.hpp"
#include "support/loop.hpp"

namespace meterseal::console::host {
namespace {

namespace fs = std::filesystem;

class ConsoleSocket : public testing::Test {
 protected:
  ConsoleSocket() {
    std::string name = (fs::temp_directory_path() / "meterseal-console.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ConsoleSocket() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return (folder_ / "console.sock").string(); }

  Result<std::unique_ptr<SocketServer>> open() {
    return SocketServer::open(loop_, path(), [this](std::string_view line) {
      lines_.emplace_back(line);
      if (line == "twice") return Replies{{"STATUS", "{\"a\":1}"}, {"STATUS1", "{\"b\":2}"}};
      return line.empty() ? Replies{} : Replies{{"RESULT", "{}"}};
    });
  }
  /// Asks from another thread while the loop runs here.
  Result<std::string> ask_it(const std::string& line) {
    std::optional<Result<std::string>> answer;
    std::atomic<bool> done = false;
    std::thread asker([&] {
      answer = ask(path(), line);
      done = true;
      boost::asio::post(loop_, [] {});  // wakes who waits for it
    });
    test::run_until(loop_, [&] { return done.load(); });
    asker.join();
    return *answer;
  }

  fs::path folder_;
  boost::asio::io_context loop_;
  std::vector<std::string> lines_;
};

TEST_F(ConsoleSocket, AnswersALineWithOneLineForEachReply) {
  const auto server = open().value();
  EXPECT_EQ(ask_it("twice").value(), "STATUS {\"a\":1}\nSTATUS1 {\"b\":2}\n");
  EXPECT_EQ(ask_it("").value(), "");
  EXPECT_EQ(lines_, (std::vector<std::string>{"twice", ""}));
}

TEST_F(ConsoleSocket, BelongsToItsOwnerAndIsGoneAfterwards) {
  auto server = open().value();
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
  server.reset();
  EXPECT_FALSE(fs::exists(path()));
  const auto nobody = ask(path(), "Status");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, socket_unusable);
}

TEST_F(ConsoleSocket, ReplacesASocketThatAKilledRunLeftAndNothingElse) {
  {
    const auto first = open().value();
  }
  std::ofstream(path()) << "a letter";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, socket_unusable);
  fs::remove(path());
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::close(left);
  const auto server = open();
  ASSERT_TRUE(server);
  EXPECT_EQ(ask_it("x").value(), "RESULT {}\n");
}

TEST_F(ConsoleSocket, ALineWithoutAnEndIsNotKept) {
  const auto server = open().value();
  const auto answer = ask_it(std::string(100'000, 'a'));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, socket_unusable);
  EXPECT_TRUE(lines_.empty());
  EXPECT_EQ(ask_it("x").value(), "RESULT {}\n") << "others are served";
}

TEST_F(ConsoleSocket, WhoDoesNotReadLosesItsPlace) {
  const auto server = SocketServer::open(
      loop_, path(),
      [](std::string_view line) {
        return line == "x" ? Replies{{"RESULT", "{}"}} : Replies{{"RESULT", std::string(4'000'000, 'a')}};
      },
      std::chrono::milliseconds{100});
  ASSERT_TRUE(server);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().copy(address.sun_path, sizeof(address.sun_path) - 1);
  std::vector<int> silent;
  for (std::size_t i = 0; i < SocketServer::kMaxClients; ++i) {
    silent.push_back(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::connect(silent.back(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(::send(silent.back(), "big\n", 4, MSG_NOSIGNAL), 4);
  }
  std::optional<std::string> answer;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!answer && std::chrono::steady_clock::now() < deadline) {
    const auto asked = ask_it("x");
    if (asked) answer = *asked;
  }
  EXPECT_EQ(answer, "RESULT {}\n");
  for (const int fd : silent) ::close(fd);
}

TEST_F(ConsoleSocket, APathThatNoSocketCanHaveIsRefused) {
  const auto server =
      SocketServer::open(loop_, "/" + std::string(200, 'x'), [](std::string_view) { return Replies{}; });
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, socket_unusable);
}

}  // namespace
}  // namespace meterseal::console::host
