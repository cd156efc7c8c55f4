#include "core/host/name_lookup.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "support/loop.hpp"

namespace meterseal::host {
namespace {

/// So many descriptors are left while it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(int left) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(left == 0 ? 0 : next_free(left) + 1);
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  /// The number that the last of so many new descriptors gets.
  static int next_free(int count) {
    const int descriptor = ::dup(STDERR_FILENO);
    const int last = count == 1 ? descriptor : std::max(descriptor, next_free(count - 1));
    ::close(descriptor);
    return last;
  }

  rlimit before_{};
};

FoundAddresses look_up(const char* name, int descriptors_left) {
  boost::asio::io_context io;
  NameLookup lookup(io);
  std::optional<FoundAddresses> found;
  const FewDescriptors few(descriptors_left);
  lookup.start(name, [&](const FoundAddresses& result) { found = result; });
  EXPECT_TRUE(test::run_until(io, [&] { return found.has_value(); }));
  return found.value_or(FoundAddresses{});
}

TEST(NameLookup, SaysThatThereIsNoDescriptorToAskWith) {
  const FoundAddresses found = look_up("broker.invalid", 0);
  EXPECT_TRUE(found.addresses.empty());
  EXPECT_FALSE(found.could_ask);
  EXPECT_EQ(found.failure, std::strerror(EMFILE));
}

TEST(NameLookup, DoesNotCallANameUnknownThatItHadNoDescriptorToAskFor) {
  const FoundAddresses found = look_up("broker.invalid", 2);  // they wait for the answer
  EXPECT_TRUE(found.addresses.empty());
  EXPECT_FALSE(found.could_ask);
  EXPECT_EQ(found.failure, std::strerror(EMFILE));
}

TEST(NameLookup, FindsANameAgainOnceThereAreDescriptors) {
  EXPECT_FALSE(look_up("localhost", 0).could_ask);
  boost::asio::io_context io;
  NameLookup lookup(io);
  std::optional<FoundAddresses> found;
  lookup.start("localhost", [&](const FoundAddresses& result) { found = result; });
  ASSERT_TRUE(test::run_until(io, [&] { return found.has_value(); }));
  EXPECT_FALSE(found.value_or(FoundAddresses{}).addresses.empty());
  EXPECT_TRUE(found.value_or(FoundAddresses{}).could_ask);
}

}  // namespace
}  // namespace meterseal::host
