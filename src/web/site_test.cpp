#include "web/site.hpp"

#include <nlohmann/json.hpp>

#include "support/page_site.hpp"

namespace meterseal::web {
namespace {

using test::kAdminPassword;
using test::kGuestPassword;
using test::PageSite;

class SiteTest : public PageSite {
 protected:
  Login admin() { return log_in(site, "admin", kAdminPassword); }
  Login guest() { return log_in(site, "guest", kGuestPassword); }
  unsigned status(const Request& r) { return answer(site, r).status; }
};

// Every route with every kind of caller: nobody gets anything that the table does not give.
TEST_F(SiteTest, EveryRouteAnswersOnlyThoseWhoMayUseIt) {
  for (const Site::Route& route : Site::routes()) {
    if (route.need == Need::nobody) continue;
    const std::string path(route.path);
    EXPECT_EQ(status(request(route.method, path)), 401U) << path << " without a session";
    auto forged = request(route.method, path);
    forged.cookie = "__Host-meterseal=" + std::string(43, 'A');
    EXPECT_EQ(status(forged), 401U) << path << " with a forged cookie";
    auto borrowed = request(route.method, path);
    borrowed.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
    EXPECT_EQ(status(borrowed), 401U) << path << " with Authorization, which counts for /cm only";
    const auto viewer = guest();
    if (route.need == Need::admin) {
      EXPECT_EQ(status(as(viewer, route.method, path)), 403U) << path << " as a viewer";
    }
    if (route.need == Need::setup) {
      EXPECT_EQ(status(as(admin(), route.method, path)), 401U) << path << " after set-up";
    }
  }
}

// Else whoever has the broker's password could log everybody out with `Restart 1`.
TEST_F(SiteTest, ARestartFromWithinLogsNobodyOut) {
  const auto login = admin();
  const auto visitor = guest();
  const auto next_life = [&](const Access& access) {
    Site next(parts(), {{"meter.lan"}, MetricsAccess::loopback, SiteOptions::Api::on}, access);
    return std::pair(answer(next, as(login, Method::get, "/api/access")).status,
                     answer(next, as(visitor, Method::get, "/api/live")).status);
  };
  EXPECT_EQ(next_life(people()), std::pair(200U, 200U));
  Access without_guest = people();
  ASSERT_TRUE(without_guest.remove_user("guest"));
  EXPECT_EQ(next_life(without_guest), std::pair(200U, 401U)) << "a user that is gone is out";
  Access replaced = people();
  ASSERT_TRUE(replaced.set_user({"admin", Role::admin, "hash:another long password"}));
  EXPECT_EQ(next_life(replaced).first, 401U) << "who logged in with a password that was replaced is out";
}

TEST_F(SiteTest, WhoChangedTheOwnPasswordStaysLoggedInOverARestartFromWithin) {
  const auto login = admin();
  ASSERT_EQ(status(as(login, Method::post, "/api/password",
                      std::string("own=") + plus(kAdminPassword) + "&password=another+long+password")),
            200U);
  Access replaced = people();
  ASSERT_TRUE(replaced.set_user({"admin", Role::admin, "hash:another long password"}));
  Site next(parts(), {{"meter.lan"}, MetricsAccess::loopback, SiteOptions::Api::on}, replaced);
  EXPECT_EQ(answer(next, as(login, Method::get, "/api/access")).status, 200U);
}

TEST_F(SiteTest, WhoMakesThemselvesAViewerIsOneAtOnce) {
  const auto login = admin();
  const std::string own = std::string("own=") + plus(kAdminPassword);
  ASSERT_EQ(status(as(login, Method::post, "/api/access/user",
                      own + "&name=other&role=admin&password=another+long+password")),
            200U);
  ASSERT_EQ(status(as(login, Method::post, "/api/access/user",
                      own + "&name=admin&role=viewer&password=another+long+password")),
            200U);
  EXPECT_EQ(status(as(login, Method::get, "/api/access")), 403U);
}

TEST_F(SiteTest, APasswordSetByAnotherWayNamesThatWay) {
  ASSERT_TRUE(site.set_password("admin", "$argon2id$x", "the configuration", "web.password_file"));
  const WebEvent& event = site.events().events().back();
  EXPECT_EQ(event.who + " from " + event.from + ": " + event.what,
            "the configuration from web.password_file: password of admin set");
}

TEST_F(SiteTest, OnlyWhatChangesSomethingOrIsRefusedIsAnEvent) {
  EventLog events(clock, log);
  const console::Replies good{{"RESULT", "{}"}};
  const console::Replies bad{{"RESULT", R"({"Command":"Error"})"}};
  const CommandWay mqtt{"command", "", "MQTT"};
  for (const char* line : {"STATUS 10", "STATUS ", "TelePeriod ", "TelePeriod ?", "Help TelePeriod", "State"})
    note_command(events, mqtt, line, good);
  EXPECT_TRUE(events.events().empty()) << "Home Assistant's polls push nothing out";
  note_command(events, mqtt, "TelePeriod 60", good);
  note_command(events, mqtt, "MqttHost evil.example", bad);
  ASSERT_EQ(events.events().size(), 2U);
  EXPECT_EQ(events.events()[0].kind, EventKind::change);
  EXPECT_EQ(events.events()[1].kind, EventKind::refusal);
  EXPECT_EQ(events.events()[1].what, "command MqttHost") << "what follows may be a secret";
}

TEST_F(SiteTest, EveryChangeNeedsTheTokenOfItsPageAndTheRightKindOfBody) {
  const auto login = admin();
  for (const Site::Route& route : Site::routes()) {
    if (route.method != Method::post || route.need == Need::nobody || route.need == Need::setup) continue;
    const std::string path(route.path);
    const auto change = [&] {
      auto made = as(login, Method::post, path);
      if (route.body == Body::file) made.content_type = "application/octet-stream";
      return made;
    };
    auto without = change();
    without.csrf_token.clear();
    EXPECT_EQ(status(without), 403U) << path;
    auto wrong = change();
    wrong.csrf_token.back() ^= 1;
    EXPECT_EQ(status(wrong), 403U) << path;
    auto json = change();
    json.content_type = "text/plain";
    EXPECT_EQ(status(json), 415U) << path;
    auto foreign = change();
    foreign.origin = "https://evil.example";
    EXPECT_EQ(status(foreign), 403U) << path;
    auto other_site = change();
    other_site.fetch_site = "cross-site";
    EXPECT_EQ(status(other_site), 403U) << path;
    EXPECT_EQ(status(as(login, Method::get, path)), 405U) << path;
  }
  EXPECT_TRUE(device.lines.empty());
}

TEST_F(SiteTest, AnswersToItsAddressAndItsNamesOnly) {
  for (const char* host : {"", "evil.example", "meter.lan.evil.example", "192.0.2.8", "localhost", "[::1]", "meter"}) {
    auto r = request(Method::get, "/");
    r.host = host;
    EXPECT_EQ(status(r), 421U) << host;
  }
  for (const char* host : {"192.0.2.7", "192.0.2.7:8443", "meter.lan", "METER.lan.:8443"}) {
    auto r = request(Method::get, "/");
    r.host = host;
    EXPECT_EQ(status(r), 200U) << host;
  }
  auto r = request(Method::get, "/");
  r.host = "localhost:8443";
  r.from = Origin::loopback;
  EXPECT_EQ(status(r), 200U);
}

TEST_F(SiteTest, APasswordInAUrlIsRefusedWithTheRemedyAndNeverLogged) {
  for (const char* path :
       {"/cm?cmnd=Status&user=admin&password=three+old+copper+pots", "/?password=x", "/cm?%75ser=admin&cmnd=Status"}) {
    const Response response = get(path);
    EXPECT_EQ(response.status, 400U) << path;
    EXPECT_NE(response.body.find("Authorization"), std::string::npos);
  }
  EXPECT_TRUE(device.lines.empty());
  EXPECT_FALSE(log.contains("copper"));
}

TEST_F(SiteTest, PathsAreComparedAndNothingElse) {
  for (const char* path :
       {"/../etc/passwd", "//", "/api", "/api/", "/API/live", "/api/live/", "/%61pi/live", "/index.html"})
    EXPECT_EQ(get(path).status, 404U) << path;
  EXPECT_EQ(get("/?a=%").status, 400U);
}

TEST_F(SiteTest, SixWrongPasswordsWaitSixtyThreeSecondsAndTheFloodChecksNothing) {
  auto post = request(Method::post, "/api/login");
  post.body = "user=admin&password=wrong";
  const int pauses[] = {1, 2, 4, 8, 16, 32};
  for (const int pause : pauses) {
    EXPECT_EQ(status(post), 401U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(status(post), 429U);
    clock.advance(seconds{pause});
  }
  EXPECT_EQ(hasher.checks, 6);
  EXPECT_EQ(log_in(site, "admin", kAdminPassword).csrf.size(), 43U) << "the pause is over: nobody is locked for good";
  EXPECT_LT(site.events().events().size(), 40U) << "a flood neither fills the log nor hides who came in";
}

TEST_F(SiteTest, AnUnknownUserLooksLikeAWrongPassword) {
  auto unknown = request(Method::post, "/api/login");
  unknown.body = "user=nobody&password=x";
  const Response a = answer(site, unknown);
  clock.advance(seconds{10});
  auto known = request(Method::post, "/api/login");
  known.body = "user=admin&password=x";
  const Response b = answer(site, known);
  EXPECT_EQ(a.status, 401U);
  EXPECT_EQ(a.body, b.body);
  EXPECT_EQ(hasher.checks, 2) << "both cost a hash";
}

TEST_F(SiteTest, LoginIsRefusedToForeignPagesAndWithoutAPasswordSet) {
  auto foreign = request(Method::post, "/api/login");
  foreign.origin = "https://evil.example";
  foreign.body = "user=admin&password=" + plus(kAdminPassword);
  EXPECT_EQ(status(foreign), 403U);
  Site bare(parts(), {}, Access{});
  auto post = request(Method::post, "/api/login");
  post.body = "user=&password=";
  EXPECT_EQ(answer(bare, post).status, 403U);
}

TEST_F(SiteTest, TheCookieIsBoundToThisHostAndOutOfReachOfScripts) {
  auto post = request(Method::post, "/api/login");
  post.body = "user=admin&password=" + plus(kAdminPassword);
  const Response response = answer(site, post);
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_TRUE(response.headers[0].second.starts_with("__Host-meterseal="));
  EXPECT_TRUE(response.headers[0].second.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"));
}

TEST_F(SiteTest, LogoutEndsTheSessionAndItsStream) {
  const auto login = admin();
  const Response stream = answer(site, as(login, Method::get, "/api/events"));
  ASSERT_FALSE(stream.stream_session.empty());
  EXPECT_TRUE(site.live_event(stream.stream_session));
  EXPECT_EQ(status(as(login, Method::post, "/api/logout")), 200U);
  EXPECT_FALSE(site.live_event(stream.stream_session));
  EXPECT_EQ(status(as(login, Method::get, "/api/live")), 401U);
}

TEST_F(SiteTest, CmTakesAuthorizationAndNoCookie) {
  auto with_cookie = as(admin(), Method::get, "/cm?cmnd=Topic");
  const Response refused = answer(site, with_cookie);
  EXPECT_EQ(refused.status, 401U);
  EXPECT_EQ(refused.headers.at(0).first, "WWW-Authenticate");
  auto basic = request(Method::get, "/cm?cmnd=Topic");
  basic.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
  EXPECT_EQ(answer(site, basic).body, R"({"Topic":"emon_1"})");
  ASSERT_EQ(device.lines.size(), 1U);
  EXPECT_EQ(device.lines[0].caller.source, console::Source::http);
  EXPECT_EQ(device.lines[0].caller.rights, console::Rights::change);
}

TEST_F(SiteTest, ABasicLoginThatABrowserKeepsCannotBeUsedByAForeignPage) {
  auto basic = request(Method::get, "/cm?cmnd=Restart+1");
  basic.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
  basic.fetch_site = "cross-site";
  EXPECT_EQ(status(basic), 403U);
  basic.fetch_site = "same-site";
  EXPECT_EQ(status(basic), 403U);
  basic.fetch_site.clear();
  basic.origin = "http://192.0.2.7:8443";
  EXPECT_EQ(status(basic), 403U);
  EXPECT_TRUE(device.lines.empty());
}

TEST_F(SiteTest, CmChecksABasicLoginOnceInFiveMinutesAndForgetsItWithThePassword) {
  auto basic = request(Method::get, "/cm?cmnd=Topic");
  basic.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
  for (int i = 0; i < 50; ++i) EXPECT_EQ(status(basic), 200U);
  EXPECT_EQ(hasher.checks, 1);
  clock.advance(seconds{301});
  EXPECT_EQ(status(basic), 200U);
  EXPECT_EQ(hasher.checks, 2);
  ASSERT_TRUE(site.set_password("admin", "hash:another long password", "local", "socket"));
  EXPECT_EQ(status(basic), 401U);
}

TEST_F(SiteTest, CmWithWrongPasswordsIsSlowedLikeTheLogin) {
  auto basic = request(Method::get, "/cm?cmnd=Topic");
  basic.authorization = "Basic YWRtaW46d3Jvbmc=";
  EXPECT_EQ(status(basic), 401U);
  EXPECT_EQ(status(basic), 429U);
  EXPECT_EQ(hasher.checks, 1);
}

TEST_F(SiteTest, PausesAfterWrongPasswordsOutliveARestartFromWithin) {
  auto basic = request(Method::get, "/cm?cmnd=Topic");
  basic.authorization = "Basic YWRtaW46d3Jvbmc=";
  EXPECT_EQ(status(basic), 401U);
  Site next(parts(), {}, people());
  EXPECT_EQ(answer(next, basic).status, 429U);
}

TEST_F(SiteTest, WhatOnlyAsksIsNoEvent) {
  auto basic = request(Method::get, "/cm?cmnd=Status0");
  basic.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
  EXPECT_EQ(status(basic), 200U);
  const auto before = site.events().events().size();  // the login of the program is one
  basic.query = "cmnd=Topic";
  EXPECT_EQ(status(basic), 200U);
  basic.query = "cmnd=Status0";
  EXPECT_EQ(status(basic), 200U);
  EXPECT_EQ(site.events().events().size(), before);
  basic.query = "cmnd=TelePeriod+60";
  EXPECT_EQ(status(basic), 200U);
  ASSERT_EQ(site.events().events().size(), before + 1);
  EXPECT_EQ(site.events().events().back().what, "/cm TelePeriod");
}

TEST_F(SiteTest, CmOfAViewerAsksAndChangesNothing) {
  auto basic = request(Method::get, "/cm?cmnd=TelePeriod+60");
  basic.authorization = "Basic Z3Vlc3Q6c2V2ZW4gc21hbGwgaXJvbiBuYWlscw==";
  EXPECT_NE(answer(site, basic).body.find("a viewer may only ask"), std::string::npos);
  EXPECT_EQ(device.lines.at(0).caller.rights, console::Rights::view);
}

TEST_F(SiteTest, CmTakesPostAndJoinsSeveralReplies) {
  auto post = request(Method::post, "/cm");
  post.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
  post.origin.clear();
  post.fetch_site.clear();
  post.body = "cmnd=Status0";
  EXPECT_EQ(answer(site, post).body, R"({"Status":{"Topic":"t"},"StatusPRM":{"Uptime":"x"}})");
  post.body = "cmnd=";
  EXPECT_EQ(status(post), 400U);
  post.content_type = "application/json";
  EXPECT_EQ(status(post), 400U);
}

TEST_F(SiteTest, WhatACommandCarriesIsNeverLogged) {
  auto basic = request(Method::post, "/cm");
  basic.body = "cmnd=MqttPassword+canary-secret";
  basic.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
  EXPECT_EQ(status(basic), 200U);
  EXPECT_EQ(status(as(admin(), Method::post, "/api/console", "line=MqttPassword+canary-secret")), 200U);
  EXPECT_EQ(status(as(admin(), Method::post, "/api/save", "form=mqtt&MqttPassword=canary-secret")), 200U);
  EXPECT_FALSE(log.contains("canary"));
  EXPECT_TRUE(log.contains("console MqttPassword"));
}

TEST_F(SiteTest, APasswordInTheUrlOfACommandIsNeverTaken) {
  for (const char* line :
       {"MqttPassword+canary-secret", "Backlog+State%3BWebPassword+canary-secret", "MqttPasword+x"}) {
    auto get = request(Method::get, std::string("/cm?cmnd=") + line);
    get.authorization = "Basic YWRtaW46dGhyZWUgb2xkIGNvcHBlciBwb3Rz";
    EXPECT_EQ(status(get), 400U) << line;
    auto post = request(Method::post, std::string("/cm?cmnd=") + line);
    post.authorization = get.authorization;
    EXPECT_EQ(status(post), 400U) << line;
  }
  EXPECT_FALSE(log.contains("canary"));
}

TEST_F(SiteTest, NoAnswerHoldsAStoredSecret) {
  const auto login = admin();
  for (const char* path : {"/api/form?name=mqtt", "/api/form?name=tls", "/api/access", "/api/facts", "/api/log",
                           "/api/live", "/api/session"}) {
    const Response response = answer(site, as(login, Method::get, path));
    EXPECT_EQ(response.status, 200U) << path;
    EXPECT_EQ(response.body.find("canary"), std::string::npos) << path;
    EXPECT_EQ(response.body.find("hash:"), std::string::npos) << path;
    EXPECT_TRUE(nlohmann::json::accept(response.body)) << response.body;
  }
}

TEST_F(SiteTest, AFormBecomesConsoleLinesUntilOneIsRefused) {
  const auto login = admin();
  const Response saved =
      answer(site, as(login, Method::post, "/api/save", "form=mqtt&MqttPort=8884&MqttHost=b.example&MqttPassword="));
  EXPECT_EQ(saved.body, R"({"replies":[{"MqttHost":"b.example"},{"MqttPort":"8884"}]})");
  ASSERT_EQ(device.lines.size(), 2U);
  EXPECT_EQ(device.lines[0].caller.source, console::Source::web);
  for (const char* bad : {"form=nothing", "form=mqtt&Restart=1", "form=mqtt&MqttPort=x", "form=mqtt&MqttHost=",
                          "form=mqtt&MqttHost=a%0Ab", "form=tls&TlsMode=off", "form=mqtt&MqttPort=8883&MqttPort=1"}) {
    const unsigned code = status(as(login, Method::post, "/api/save", bad));
    EXPECT_TRUE(code == 400U || code == 404U) << bad << " gave " << code;
  }
  EXPECT_EQ(device.lines.size(), 2U);
}

TEST_F(SiteTest, WhatChangesTheBrokerIsTriedBeforeItIsKept) {
  const auto login = admin();
  const Response tried = answer(site, as(login, Method::post, "/api/save", "form=mqtt&MqttPort=1883"));
  EXPECT_EQ(tried.status, 200U);
  EXPECT_NE(tried.body.find("nobody listens on 1883"), std::string::npos);
  EXPECT_TRUE(device.lines.empty()) << "nothing is kept when the proof fails";
  EXPECT_EQ(site.events().events().back().what, "a change was tried and failed: nothing was kept");
  const Response kept = answer(site, as(login, Method::post, "/api/save", "form=mqtt&MqttPort=1883&keep=anyway"));
  EXPECT_EQ(kept.body, R"({"replies":[{"MqttPort":"1883"}]})");
  EXPECT_EQ(device.proofs, 1) << "a person decided: not tried again";
  ASSERT_EQ(device.lines.size(), 1U);
  answer(site, as(login, Method::post, "/api/save", "form=mqtt&TelePeriod=60"));
  EXPECT_EQ(device.proofs, 1) << "the period is no matter of the broker";
}

TEST_F(SiteTest, AProofThatEndsAfterTheSessionChangesNothing) {
  const auto login = admin();
  device.answers_tasks = false;
  std::optional<Response> response;
  site.handle(as(login, Method::post, "/api/save", "form=mqtt&MqttPort=8884"), [&](Response r) { response = r; });
  EXPECT_FALSE(response);
  EXPECT_EQ(status(as(login, Method::post, "/api/save", "form=mqtt&MqttPort=8885")), 503U) << "one at a time";
  EXPECT_EQ(status(as(login, Method::post, "/api/logout")), 200U);
  device.waiting_proof();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 401U);
  EXPECT_TRUE(device.lines.empty());
}

TEST_F(SiteTest, AuthoritiesAreShownThenTriedThenKept) {
  const auto login = admin();
  const auto file = [&](const std::string& path, const std::string& body) {
    auto made = as(login, Method::post, path, body);
    made.content_type = "application/octet-stream";
    return answer(site, made);
  };
  const std::string pem = "-----BEGIN CERTIFICATE-----\n";
  EXPECT_EQ(file("/api/ca/read", "something else").status, 400U);
  EXPECT_NE(file("/api/ca/read", pem).body.find("CN = Site <CA>"), std::string::npos);
  EXPECT_FALSE(device.kept_with) << "looking keeps nothing";
  EXPECT_EQ(file("/api/ca/keep", "something else").status, 400U);
  EXPECT_NE(file("/api/ca/keep", pem + "stranger").body.find("an unknown CA"), std::string::npos);
  EXPECT_FALSE(device.kept_with);
  file("/api/ca/keep?keep=anyway", pem + "stranger");
  EXPECT_EQ(device.kept_with, Proof::Outcome::fails) << "the connection is to be made anew";
  file("/api/ca/keep", pem);
  EXPECT_EQ(device.kept_with, Proof::Outcome::holds) << "a healthy connection goes on";
  EXPECT_EQ(status(as(login, Method::post, "/api/ca/remove")), 200U);
  EXPECT_TRUE(device.authorities_.list.empty());
  device.authorities_.place = AuthoritiesView::Place::declared;
  EXPECT_EQ(file("/api/ca/keep", pem).status, 400U) << "the file wins";
  EXPECT_EQ(status(as(login, Method::post, "/api/ca/keep", pem)), 415U) << "no form of a foreign page can be a file";
}

TEST_F(SiteTest, AScanHasBoundsAndIsSaid) {
  const auto login = admin();
  for (const char* bad : {"", "bus=0&first=0&last=5", "bus=0&first=1&last=248", "bus=0&first=9&last=8",
                          "bus=x&first=1&last=2", "bus=-1&first=1&last=2"}) {
    EXPECT_EQ(status(as(login, Method::post, "/api/scan/start", bad)), 400U) << bad;
  }
  EXPECT_TRUE(device.scanned.empty());
  EXPECT_EQ(status(as(login, Method::post, "/api/scan/start", "bus=0&first=3&last=9")), 200U);
  ASSERT_EQ(device.scanned.size(), 1U);
  EXPECT_EQ(device.scanned[0].last, 9);
  EXPECT_EQ(site.events().events().back().what, "scan of a bus");
  EXPECT_EQ(status(as(login, Method::post, "/api/meter/test", "bus=0&address=300")), 400U);
  EXPECT_EQ(status(as(login, Method::post, "/api/meter/test", "bus=0&address=1")), 200U);
}

TEST_F(SiteTest, KeepAnywayIsAnAdministratorsWordToo) {
  EXPECT_EQ(status(as(guest(), Method::post, "/api/save", "form=mqtt&MqttPort=1883&keep=anyway")), 403U);
  EXPECT_TRUE(device.lines.empty());
}

TEST_F(SiteTest, MetricsAnswerLoopbackProgramsAndTokensOnly) {
  auto r = request(Method::get, "/metrics");
  EXPECT_EQ(status(r), 401U);
  r.from = Origin::loopback;
  EXPECT_EQ(status(r), 200U);
  r.fetch_site = "cross-site";
  EXPECT_EQ(status(r), 403U) << "a page in a browser of this machine";
  r.fetch_site = "none";
  EXPECT_EQ(status(r), 401U);
  auto remote = request(Method::get, "/metrics");
  remote.authorization = "Bearer wrong";
  EXPECT_EQ(status(remote), 401U);
  const auto made = answer(
      site, as(admin(), Method::post, "/api/access/token", "name=prometheus&role=viewer&own=" + plus(kAdminPassword)));
  ASSERT_EQ(made.status, 200U) << made.body;
  remote.authorization = "Bearer " + between(made.body, "\"token\":\"", "\"");
  const Response metrics = answer(site, remote);
  EXPECT_EQ(metrics.status, 200U);
  EXPECT_NE(metrics.body.find("meterseal_power_watts{meter=\"main\"} 2078.400\n"), std::string::npos) << metrics.body;
  EXPECT_NE(metrics.body.find("verdict=\"pin \\\"mismatch\\\"\""), std::string::npos);
}

TEST_F(SiteTest, TokensAreShownOnceStoredAsDigestsAndCanBeTakenBack) {
  const auto login = admin();
  const std::string own = "&own=" + plus(kAdminPassword);
  const auto made = answer(site, as(login, Method::post, "/api/access/token", "name=script&role=admin" + own));
  const std::string token = between(made.body, "\"token\":\"", "\"");
  ASSERT_EQ(token.size(), 43U);
  EXPECT_EQ(keeper.kept.back().find(token), std::string::npos);
  auto r = request(Method::get, "/cm?cmnd=TelePeriod+60");
  r.authorization = "Bearer " + token;
  EXPECT_EQ(status(r), 200U);
  for (const std::string& near : {token.substr(1), token + "A", std::string("A") + token.substr(1)}) {
    r.authorization = "Bearer " + near;
    EXPECT_EQ(status(r), 401U);
  }
  EXPECT_EQ(status(as(login, Method::post, "/api/access/token/remove", "name=script" + own)), 200U);
  r.authorization = "Bearer " + token;
  EXPECT_EQ(status(r), 401U);
}

TEST_F(SiteTest, EveryChangeOfAccessNeedsTheOwnPassword) {
  const auto login = admin();
  for (const char* body : {"name=x&role=viewer&password=a+rather+long+phrase",
                           "name=x&role=viewer&password=a+rather+long+phrase&own=wrong"}) {
    EXPECT_EQ(status(as(login, Method::post, "/api/access/user", body)), 403U);
    clock.advance(seconds{10});
  }
  EXPECT_TRUE(keeper.kept.empty());
}

TEST_F(SiteTest, ANewPasswordEndsTheOtherSessionsOfThatUser) {
  const auto here = admin();
  const auto elsewhere = admin();
  const std::string body = "own=" + plus(kAdminPassword) + "&password=another+long+phrase";
  EXPECT_EQ(status(as(here, Method::post, "/api/password", "own=" + plus(kAdminPassword) + "&password=short")), 400U);
  EXPECT_EQ(status(as(here, Method::post, "/api/password", body)), 200U);
  EXPECT_EQ(status(as(here, Method::get, "/api/live")), 200U);
  EXPECT_EQ(status(as(elsewhere, Method::get, "/api/live")), 401U);
  auto old = request(Method::post, "/api/login");
  old.body = "user=admin&password=" + plus(kAdminPassword);
  EXPECT_EQ(status(old), 401U);
}

TEST_F(SiteTest, AChangeThatCannotBeKeptIsNotMade) {
  const auto login = admin();
  keeper.refusal = make_error(Code{603, ErrorClass::retry, "web_state_unwritable", "x"}, "web.access", "disk full");
  EXPECT_EQ(
      status(as(login, Method::post, "/api/password", "own=" + plus(kAdminPassword) + "&password=another+long+phrase")),
      503U);
  EXPECT_EQ(log_in(site, "admin", kAdminPassword).csrf.size(), 43U);
}

TEST_F(SiteTest, OneTaskRunsAtATime) {
  const auto login = admin();
  device.answers_tasks = false;
  std::optional<Response> first;
  site.handle(as(login, Method::post, "/api/tls/fetch", "host=broker:8883"), [&](Response r) { first = std::move(r); });
  EXPECT_FALSE(first);
  EXPECT_EQ(status(as(login, Method::post, "/api/tls/check", "host=broker:8883")), 503U);
  device.finish_task();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 200U);
  device.answers_tasks = true;
  EXPECT_EQ(status(as(login, Method::post, "/api/tls/check", "host=broker:8883")), 200U);
  for (const char* bad : {"host=", "host=a+b", "host=a%0Ab"})
    EXPECT_EQ(status(as(login, Method::post, "/api/tls/fetch", bad)), 400U) << bad;
}

TEST_F(SiteTest, ThePasswordWorkerBeingBusyCostsNobodyAPause) {
  hasher.busy = true;
  auto post = request(Method::post, "/api/login");
  post.body = "user=admin&password=" + plus(kAdminPassword);
  EXPECT_EQ(status(post), 429U);
  hasher.busy = false;
  EXPECT_EQ(status(post), 200U);
}

}  // namespace
}  // namespace meterseal::web
