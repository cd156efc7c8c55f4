#include "web/host/server.hpp"

#include <dirent.h>

#include <boost/asio/steady_timer.hpp>

#include <future>

#include "support/https_client.hpp"
#include "support/loop.hpp"
#include "support/page_site.hpp"
#include "web/errors.hpp"

namespace meterseal::web::host {
namespace {

using test::HttpsClient;
using namespace std::chrono_literals;

class ServerTest : public test::PageSite {
 protected:
  explicit ServerTest(const ServerLimits& limits = {}) {
    const auto identity =
        trust::host::make_server_identity({"localhost", "127.0.0.1"}, UtcTime(seconds{1'700'000'000}));
    tls = trust::host::TlsServerContext::make(identity.value(), "test").value();
    server = Server::make(loop, clock, log, site, tls, {{"127.0.0.1", 0}}, limits).value();
    port = server->ports().at(0);
  }

  /// Runs the client on a thread of its own and the server on this one.
  template <class F>
  void with(F client) {
    auto done = std::async(std::launch::async, client);
    ASSERT_TRUE(test::run_until(loop, [&] { return done.wait_for(0s) == std::future_status::ready; }, 30s));
    done.get();
  }
  /// Lets `time` pass for the deadlines of the server, second by second of its own timer.
  void pass(seconds time) {
    clock.advance(time);
    int turns = 0;
    boost::asio::steady_timer timer(loop);
    timer.expires_after(1100ms);
    timer.async_wait([&](auto) { ++turns; });
    ASSERT_TRUE(test::run_until(loop, [&] { return turns > 0; }));
  }
  static std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"; }
  static std::size_t descriptors() {
    std::size_t count = 0;
    DIR* folder = opendir("/proc/self/fd");
    while (readdir(folder) != nullptr) ++count;
    closedir(folder);
    return count;
  }

  boost::asio::io_context loop;
  std::shared_ptr<trust::host::TlsServerContext> tls;
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
};

TEST_F(ServerTest, SpeaksTls12And13WithForwardSecrecyAndNothingElse) {
  struct Row {
    int version;
    const char* suites;
    bool accepted;
  };
  const Row rows[] = {
      {TLS1_VERSION, "ALL:@SECLEVEL=0", false},
      {TLS1_1_VERSION, "ALL:@SECLEVEL=0", false},
      {TLS1_2_VERSION, "AES128-GCM-SHA256", false},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", false},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", true},
      {TLS1_3_VERSION, nullptr, true},
  };
  for (const Row& row : rows) {
    with([&] {
      HttpsClient client(port);
      EXPECT_EQ(client.shake_hands(row.version, row.suites), row.accepted)
          << row.version << ' ' << (row.suites ? row.suites : "");
    });
  }
}

TEST_F(ServerTest, SaysInClearThatItIsServedOverHttpsOnly) {
  with([&] {
    HttpsClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    EXPECT_NE(client.receive().find("https:// only"), std::string::npos);
  });
}

TEST_F(ServerTest, AnswersOneRequestAfterTheOtherInOneConnection) {
  with([&] {
    HttpsClient client(port);
    ASSERT_TRUE(client.shake_hands());
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.ask(get("/api/session")).starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(client.ask(get("/nothing")).starts_with("HTTP/1.1 404"));
    const std::string html = client.ask(get("/"));
    EXPECT_NE(html.find("Content-Encoding: gzip"), std::string::npos);
    EXPECT_TRUE(html.ends_with("\x01\x02\x03"));
  });
}

TEST_F(ServerTest, AnswersRequestsThatWereSentAheadInTheirOrder) {
  with([&] {
    HttpsClient client(port);
    ASSERT_TRUE(client.shake_hands());
    client.send(get("/api/session") + get("/nothing") +
                "GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    const std::string answers = client.receive();
    const auto first = answers.find("200 OK");
    const auto second = answers.find("404 Not Found");
    const auto third = answers.find("401 Unauthorized");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos);
  });
}

TEST_F(ServerTest, RefusesAndClosesOnAMalformedRequest) {
  with([&] {
    HttpsClient client(port);
    ASSERT_TRUE(client.shake_hands());
    client.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n");
    const std::string answer = client.receive();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 431"));
    EXPECT_TRUE(answer.ends_with(R"({"error":"the header is too large","hint":"it may have 8 KiB"})")) << answer;
  });
  with([&] {
    HttpsClient client(port);
    ASSERT_TRUE(client.shake_hands());
    client.send("POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n\r\n" +
                std::string(100'000, 'a'));
    const std::string answer = client.receive();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(answer.ends_with(R"({"error":"the request is too large","hint":"its body may have 64 KiB"})"))
        << answer;
  });
  with([&] {
    HttpsClient client(port);
    client.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11) + std::string(600, 'z'));
    (void)client.receive();
    EXPECT_TRUE(client.is_ended(5s));
  });
}

TEST_F(ServerTest, SlowOnesAreCutOffAtEachStage) {
  HttpsClient silent(port);
  ASSERT_TRUE(test::run_until(loop, [&] { return server->connections() == 1; }));
  HttpsClient dripping(port);
  with([&] {
    ASSERT_TRUE(dripping.shake_hands());
    dripping.send("GET / HTTP/1.1\r\nHost: 127.");
  });
  HttpsClient idle(port);
  with([&] {
    ASSERT_TRUE(idle.shake_hands());
    EXPECT_TRUE(idle.ask(get("/api/session")).starts_with("HTTP/1.1 200"));
  });
  EXPECT_EQ(server->connections(), 3U);
  pass(seconds{9});
  EXPECT_EQ(server->connections(), 3U);
  with([&] { dripping.send("0"); });
  pass(seconds{2});
  EXPECT_EQ(server->connections(), 1U) << "a byte now and then buys no time";
  EXPECT_TRUE(silent.is_ended(5s));
  (void)dripping.receive();
  EXPECT_TRUE(dripping.is_ended(5s));
  EXPECT_FALSE(idle.is_ended(0ms));
  pass(seconds{30});
  EXPECT_EQ(server->connections(), 0U);
}

TEST_F(ServerTest, OneSourceGetsSixteenConnectionsAndThousandsCostNothing) {
  const std::size_t before = descriptors();
  std::vector<std::unique_ptr<HttpsClient>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<HttpsClient>(port));
  ASSERT_TRUE(test::run_until(loop, [&] { return server->connections() == 16; }));
  pass(seconds{1});
  EXPECT_EQ(server->connections(), 16U);
  clients.clear();
  ASSERT_TRUE(test::run_until(loop, [&] { return server->connections() == 0; }));
  for (int i = 0; i < 2000; ++i) HttpsClient passing(port);
  pass(seconds{1});
  EXPECT_LE(server->connections(), 16U);
  ASSERT_TRUE(test::run_until(loop, [&] { return server->connections() == 0 && descriptors() <= before; }, 120s));
}

class SmallServerTest : public ServerTest {
 protected:
  SmallServerTest() : ServerTest({.connections = 4, .of_one_source = 16, .streams = 2, .new_per_second = 50}) {}
};

TEST_F(SmallServerTest, WhoNeverAskedAnythingMakesRoomForThoseWhoDo) {
  std::vector<std::unique_ptr<HttpsClient>> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(std::make_unique<HttpsClient>(port));
  ASSERT_TRUE(test::run_until(loop, [&] { return server->connections() == 4; }));
  with([&] {
    HttpsClient client(port);
    ASSERT_TRUE(client.shake_hands());
    EXPECT_TRUE(client.ask(get("/api/session")).starts_with("HTTP/1.1 200"));
  });
  EXPECT_TRUE(silent[0]->is_ended(5s));
  EXPECT_FALSE(silent[3]->is_ended(0ms));
}

TEST_F(SmallServerTest, StreamsLiveValuesWhileTheSessionLivesToTwoBrowsersAtMost) {
  const auto login = log_in(site, "admin", test::kAdminPassword);
  const std::string request = "GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + login.cookie + "\r\n\r\n";
  HttpsClient first(port);
  HttpsClient second(port);
  with([&] {
    for (HttpsClient* client : {&first, &second}) {
      ASSERT_TRUE(client->shake_hands());
      client->send(request);
      const std::string head = client->receive("\r\n\r\n");
      EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
      EXPECT_NE(client->receive("\n\n").find("\"power\":2078"), std::string::npos);
    }
    HttpsClient third(port);
    ASSERT_TRUE(third.shake_hands());
    third.send(request);
    EXPECT_TRUE(third.receive("\r\n\r\n").starts_with("HTTP/1.1 503"));
  });
  with([&] {
    HttpsClient other(port);
    ASSERT_TRUE(other.shake_hands());
    const std::string logout = "POST /api/logout HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + login.cookie +
                               "\r\nX-CSRF-Token: " + login.csrf +
                               "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n";
    EXPECT_TRUE(other.ask(logout).starts_with("HTTP/1.1 200"));
    (void)first.receive();  // to its end
  });
}

TEST_F(ServerTest, AStreamThatNobodyReadsIsCutOff) {
  const auto login = log_in(site, "admin", test::kAdminPassword);
  HttpsClient client(port);
  with([&] {
    ASSERT_TRUE(client.shake_hands());
    client.send("GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + login.cookie + "\r\n\r\n");
    (void)client.receive("\r\n\r\n");
  });
  EXPECT_EQ(server->connections(), 1U);
  pass(seconds{5});
  EXPECT_EQ(server->connections(), 1U) << "the kernel takes it: fine";
  // It writes once a second; a write that is not taken for 20 s ends it. A gap of the clock stands for the stuck write.
  pass(seconds{21});
  EXPECT_EQ(server->connections(), 0U);
}

TEST_F(ServerTest, CanBeDestroyedWithConnectionsOpen) {
  HttpsClient silent(port);
  ASSERT_TRUE(test::run_until(loop, [&] { return server->connections() == 1; }));
  server.reset();
  loop.poll();
  EXPECT_TRUE(silent.is_ended(5s));
}

TEST_F(ServerTest, AnAddressThatCannotBeHadIsAnError) {
  const auto taken = Server::make(loop, clock, log, site, tls, {{"127.0.0.1", port}});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, listen_failed);
  EXPECT_EQ(Server::make(loop, clock, log, site, tls, {{"meter.lan", 0}}).error().code, listen_failed);
  EXPECT_EQ(Server::make(loop, clock, log, site, tls, {{"203.0.113.1", 0}}).error().code, listen_failed);
}

}  // namespace
}  // namespace meterseal::web::host
