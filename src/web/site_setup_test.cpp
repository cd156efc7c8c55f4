#include "web/site.hpp"

#include <nlohmann/json.hpp>

#include "support/page_site.hpp"

namespace meterseal::web {
namespace {

using test::PageSite;

class SetupTest : public PageSite {
 protected:
  static constexpr const char* kCode = "ABCDE-FGHJK-00111-ZZZZZ";
  SiteParts setup_parts() {
    auto p = parts();
    p.device = nullptr;
    p.desk = &desk;
    return p;
  }
  Login enter() {
    auto post = request(Method::post, "/api/setup/open");
    post.body = "code=abcde-fghjk-00111-zzzzz";
    const Response response = answer(setup, post);
    EXPECT_EQ(response.status, 200U) << response.body;
    return {cookie_of(response), between(response.body, "\"csrf\":\"", "\"")};
  }
  test::PageDesk desk;
  Site setup{setup_parts(), {}, Access{}, SetupGate(kCode, Instant{})};
  const std::string good =
      "admin=admin&adminPassword=three+old+copper+pots&topic=emon_1&port=%2Fdev%2FttyUSB0&baud=9600&parity=none"
      "&address=1&profile=sdm630&broker=broker%3A8883&user=emon_1&password=x&mode=fingerprint&fingerprint=AA";
};

TEST_F(SetupTest, AnswersNobodyWithoutTheCode) {
  for (const Site::Route& route : Site::routes()) {
    if (route.need == Need::nobody) continue;
    EXPECT_EQ(answer(setup, request(route.method, std::string(route.path))).status, 401U) << route.path;
  }
  EXPECT_EQ(answer(setup, request(Method::get, "/cm?cmnd=Status")).status, 404U);
  EXPECT_EQ(answer(setup, request(Method::get, "/metrics")).status, 404U);
  auto post = request(Method::post, "/api/login");
  post.body = "user=&password=";
  EXPECT_EQ(answer(setup, post).status, 403U);
}

TEST_F(SetupTest, TheWalkCanUseNothingButItsOwnRoutes) {
  const auto login = enter();
  for (const Site::Route& route : Site::routes()) {
    if (route.need != Need::viewer && route.need != Need::admin) continue;
    EXPECT_EQ(answer(setup, as(login, route.method, std::string(route.path))).status, 401U) << route.path;
  }
}

TEST_F(SetupTest, TenWrongCodesCloseItUntilTheNextStart) {
  auto post = request(Method::post, "/api/setup/open");
  post.body = "code=ABCDE-FGHJK-00111-ZZZZY";
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(answer(setup, post).status, 401U) << i;
    EXPECT_EQ(answer(setup, post).status, 429U) << "at once again";
    clock.advance(seconds{1 << i});
  }
  EXPECT_EQ(answer(setup, post).status, 403U);
  post.body = std::string("code=") + kCode;
  EXPECT_EQ(answer(setup, post).status, 403U);
}

TEST_F(SetupTest, IsOpenForHalfAnHourAndForAsLongAsAWalkGoesOn) {
  EXPECT_TRUE(setup.is_setup_open());
  clock.advance(SetupGate::kOpenFor - seconds{1});
  EXPECT_TRUE(setup.is_setup_open());
  const auto login = enter();
  clock.advance(seconds{60});
  EXPECT_TRUE(setup.is_setup_open()) << "the one who walks may end it";
  EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/finish", good)).status, 200U);
  EXPECT_FALSE(setup.is_setup_open());
}

TEST_F(SetupTest, IsNotOpenOnceTheCodeIsWorthNothingAndNobodyWalks) {
  clock.advance(SetupGate::kOpenFor);
  EXPECT_FALSE(setup.is_setup_open());
  Site tried{setup_parts(), {}, Access{}, SetupGate(kCode, clock.now())};
  auto post = request(Method::post, "/api/setup/open");
  post.body = "code=ABCDE-FGHJK-00111-ZZZZY";
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(tried.is_setup_open()) << i;
    (void)answer(tried, post);
    clock.advance(seconds{1 << i});
  }
  EXPECT_FALSE(tried.is_setup_open());
  Site running{parts(), {}, Access{}, SetupGate(kCode, clock.now())};
  EXPECT_FALSE(running.is_setup_open()) << "a device that is set up";
}

TEST_F(SetupTest, AWalkThatIsForgottenEndsItself) {
  (void)enter();
  clock.advance(SetupGate::kOpenFor);
  EXPECT_FALSE(setup.is_setup_open());
}

TEST_F(SetupTest, WalksToTheEndAndThenIsClosedForGood) {
  const auto login = enter();
  const auto choices = answer(setup, as(login, Method::get, "/api/setup/choices"));
  EXPECT_EQ(nlohmann::json::parse(choices.body)["password"].get<std::string>().size(), 24U);
  EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/meter",
                             "port=%2Fdev%2FttyUSB0&baud=9600&parity=none&address=1&profile=sdm630"))
                .status,
            200U);
  EXPECT_EQ(desk.tried, "/dev/ttyUSB0 9600 none 1 sdm630");
  EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/fetch", "host=broker:8883")).status, 200U);
  const auto tried = [&](const char* password) {
    return answer(setup, as(login, Method::post, "/api/setup/login", std::string("broker=b&password=") + password))
        .body;
  };
  EXPECT_EQ(tried("right"), R"({"answers":true})");
  EXPECT_NE(tried("wrong").find("the broker does not take user or password"), std::string::npos);
  EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/finish", good)).status, 200U);
  ASSERT_EQ(desk.finished.size(), 1U);
  EXPECT_EQ(desk.finished[0].broker, "broker:8883");
  ASSERT_EQ(keeper.kept.size(), 1U);
  EXPECT_EQ(answer(setup, as(login, Method::get, "/api/setup/choices")).status, 401U);
  auto again = request(Method::post, "/api/setup/open");
  again.body = std::string("code=") + kCode;
  EXPECT_EQ(answer(setup, again).status, 403U);
  EXPECT_FALSE(log.contains("copper"));
}

TEST_F(SetupTest, AWeakPasswordOrASiteThatIsRefusedFinishesNothing) {
  const auto login = enter();
  std::string weak = good;
  weak.replace(weak.find("three+old+copper+pots"), 21, "short");
  EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/finish", weak)).status, 400U);
  EXPECT_TRUE(keeper.kept.empty());
  desk.refusal = make_error(Code{620, ErrorClass::refuse, "web_bad_form", "x"}, "port", "no such port");
  EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/finish", good)).status, 400U);
  desk.refusal.reset();
  EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/finish", good)).status, 200U);
}

TEST_F(SetupTest, AMeterIsTriedWithPlainWordsOnly) {
  const auto login = enter();
  for (const char* body :
       {"port=&baud=9600&parity=none&address=1&profile=x", "port=a+b&baud=9600&parity=none&address=1&profile=x",
        "port=a%0Ab&baud=1&parity=n&address=1&profile=x"})
    EXPECT_EQ(answer(setup, as(login, Method::post, "/api/setup/meter", body)).status, 400U) << body;
}

}  // namespace
}  // namespace meterseal::web
