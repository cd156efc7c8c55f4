#include <gtest/gtest.h>

#include "support/page_site.hpp"

namespace meterseal::web {
namespace {

class SiteBackupTest : public test::PageSite {
 protected:
  std::string own = "own=" + plus(test::kAdminPassword);
  Response restore(const Login& login, const std::string& form, const std::string& file,
                   const std::string& path = "/api/restore") {
    auto made = as(login, Method::post, path, form + "\n" + file);
    made.content_type = "application/octet-stream";
    return answer(site, made);
  }
};

TEST_F(SiteBackupTest, IsMadeForAnAdminWhoConfirmsItAndChoosesALongPassphrase) {
  const auto login = log_in(site, "admin", test::kAdminPassword);
  const auto make = [&](const std::string& form) { return answer(site, as(login, Method::post, "/api/backup", form)); };
  EXPECT_EQ(make(own + "&passphrase=short").status, 400U);
  EXPECT_EQ(make("own=wrong&passphrase=five+green+glass+marbles").status, 403U);
  clock.advance(seconds{5});
  const Response made = make(own + "&passphrase=five+green+glass+marbles");
  EXPECT_EQ(made.status, 200U);
  EXPECT_EQ(made.content_type, "application/octet-stream");
  EXPECT_NE(made.body.find("sealed"), std::string::npos);
  EXPECT_EQ(site.events().events().back().what, "backup made");
}

TEST_F(SiteBackupTest, AWrongRequestChangesNothing) {
  const auto login = log_in(site, "admin", test::kAdminPassword);
  const std::string file("sealed with p\n\0\xFF", 16);
  auto no_line = as(login, Method::post, "/api/restore", own + "&step=keep&passphrase=p");
  no_line.content_type = "application/octet-stream";
  EXPECT_EQ(answer(site, no_line).status, 400U);
  EXPECT_EQ(restore(login, own + "&passphrase=p", file).status, 400U) << "look or keep?";
  EXPECT_EQ(restore(login, own + "&step=keep&passphrase=q", file).status, 400U);
  EXPECT_EQ(restore(login, "step=keep&passphrase=p", file).status, 403U) << "not confirmed";
  EXPECT_TRUE(device.restored.empty());
}

TEST_F(SiteBackupTest, LookingChangesNothingAndRestoringEndsAllSessions) {
  const auto login = log_in(site, "admin", test::kAdminPassword);
  const auto other = log_in(site, "guest", test::kGuestPassword);
  const std::string file("sealed with p\n\0\xFF", 16);
  const Response seen = restore(login, own + "&step=look&passphrase=p", file);
  EXPECT_EQ(seen.status, 200U);
  EXPECT_NE(seen.body.find(R"x("users":["admin (admin)"])x"), std::string::npos);
  EXPECT_TRUE(device.restored.empty());
  EXPECT_EQ(restore(login, own + "&step=keep&passphrase=p", file).status, 200U);
  ASSERT_EQ(device.restored.size(), 1U);
  EXPECT_EQ(device.restored[0], file) << "as it was sent, whatever its bytes";
  EXPECT_EQ(answer(site, as(login, Method::get, "/api/live")).status, 401U);
  EXPECT_EQ(answer(site, as(other, Method::get, "/api/live")).status, 401U);
  auto late = request(Method::post, "/api/login");
  late.body = "user=admin&password=" + plus(test::kAdminPassword);
  EXPECT_EQ(answer(site, late).status, 503U) << "by a password that the backup may have replaced";
  EXPECT_EQ(site.events().events().back().what, "restored from a backup");
}

TEST_F(SiteBackupTest, WhoIsRemovedWhileItIsOpenedRestoresNothing) {
  const auto login = log_in(site, "admin", test::kAdminPassword);
  device.answers_tasks = false;
  auto made = as(login, Method::post, "/api/restore", own + "&step=keep&passphrase=p\nsealed with p\n");
  made.content_type = "application/octet-stream";
  std::optional<Response> late;
  site.handle(made, [&](Response r) { late = std::move(r); });
  ASSERT_TRUE(device.waiting_proof);
  EXPECT_EQ(answer(site, as(login, Method::post, "/api/logout")).status, 200U);
  device.waiting_proof();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status, 401U);
  EXPECT_TRUE(device.restored.empty());
}

}  // namespace
}  // namespace meterseal::web
