// The client against brokers that are away, slow, broken or hostile. Negative cases only: each ends with its own name,
// within its limit, and leaves nothing behind.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "mqtt/errors.hpp"
#include "mqtt/host/client.hpp"
#include "support/fakes.hpp"
#include "support/mqtt_client.hpp"
#include "support/mqtt_world.hpp"
#include "support/scripted_broker.hpp"

namespace meterseal::mqtt::host {
namespace {

using boost::asio::ip::tcp;
using test::packet;
using Guest = test::ScriptedBroker::Guest;

/// What the name server of these tests does, see getaddrinfo() below.
std::atomic<bool> name_server_answers{true};

class ClientWithHostileBroker : public ::testing::Test {
 protected:
  std::unique_ptr<Client> client_with(ClientOptions options) {
    options.step_limit = milliseconds(400);
    auto client = Client::make(io, clock, log, std::move(options), seen);
    client->start();
    return client;
  }
  std::unique_ptr<Client> client_to(const test::ScriptedBroker& broker) {
    return client_with(test::options_for(broker.port()));
  }
  bool until(const std::function<bool()>& done) { return test::run_until(io, done); }
  Error first_failure() {
    EXPECT_TRUE(until([&] { return !seen.failures.empty(); }));
    return seen.failures.empty() ? Error{} : seen.failures[0];
  }
  /// What a broker answers to CONNECT.
  Error failure_after(const test::PacketBytes& answer) {
    test::ScriptedBroker broker(io, [&](Guest& guest) { guest.read([answer](Guest& g) { g.send(answer); }); });
    const auto client = client_to(broker);
    return first_failure();
  }

  boost::asio::io_context io;
  test::SteadyClock clock;
  test::CollectingLog log;
  test::RecordingMqttObserver seen;
};

// Reaching it.

TEST_F(ClientWithHostileBroker, SaysThatTheNameIsUnknown) {
  auto options = test::options_for(1);
  options.brokers[0].host = "no..name";  // an empty label: refused without asking any server
  const auto client = client_with(options);
  const Error error = first_failure();
  EXPECT_EQ(error.code.name, host_unknown.name);
  EXPECT_EQ(error.where.view(), "no..name:1");
  EXPECT_TRUE(log.contains("(mqtt_host_unknown)"));
  EXPECT_TRUE(log.contains("hint: check the spelling of the broker's name"));
}

TEST_F(ClientWithHostileBroker, SaysThatNobodyListens) {
  std::uint16_t port = 0;
  {
    port = test::ScriptedBroker(io, [](Guest&) {}).port();
  }
  const auto client = client_with(test::options_for(port));
  const Error error = first_failure();
  EXPECT_EQ(error.code.name, connection_refused.name);
  EXPECT_EQ(error.detail.view(), "Connection refused");
}

/// Takes no further connection: SYN packets are dropped, as a firewall does.
class BlackHole {
 public:
  explicit BlackHole(boost::asio::io_context& io, const char* address = "127.0.0.1", std::uint16_t port = 0)
      : acceptor_(io), first_(io), second_(io) {
    const tcp::endpoint at(boost::asio::ip::make_address(address), port);
    acceptor_.open(at.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(at);
    acceptor_.listen(0);
    for (tcp::socket* socket : {&first_, &second_}) {
      socket->open(at.protocol());
      socket->native_non_blocking(true);
      const tcp::endpoint to = acceptor_.local_endpoint();
      (void)::connect(socket->native_handle(), to.data(), static_cast<socklen_t>(to.size()));
    }
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  tcp::acceptor acceptor_;
  tcp::socket first_;
  tcp::socket second_;
};

TEST_F(ClientWithHostileBroker, GivesUpAConnectThatIsNotAnswered) {
  const BlackHole hole(io);
  const auto client = client_with(test::options_for(hole.port()));
  EXPECT_EQ(first_failure().code.name, connect_timeout.name);
}

TEST_F(ClientWithHostileBroker, GivesUpANameServerThatDoesNotAnswer) {
  name_server_answers = false;
  auto options = test::options_for(1);
  options.brokers[0].host = "stuck.example";
  auto client = client_with(options);
  EXPECT_EQ(first_failure().code.name, lookup_timeout.name);
  client.reset();  // while the look-up still hangs
  name_server_answers = true;
}

TEST_F(ClientWithHostileBroker, LeavesTimeForTheSecondAddressWhenTheFirstSwallowsEverything) {
  test::ScriptedBroker broker(io, test::greet_kindly);
  const BlackHole hole(io, "127.0.0.2", broker.port());
  auto options = test::options_for(broker.port());
  options.brokers[0].host = "two.example";  // 127.0.0.2, then 127.0.0.1
  const auto client = client_with(options);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  EXPECT_TRUE(seen.failures.empty());
}

TEST_F(ClientWithHostileBroker, TriesTheNextBrokerWhenOneIsAwayAndReturnsToTheFirst) {
  std::uint16_t away = 0;
  {
    away = test::ScriptedBroker(io, [](Guest&) {}).port();
  }
  test::ScriptedBroker second(io, test::greet_kindly);
  auto options = test::options_for(away);
  options.brokers.push_back({"127.0.0.1", second.port(), nullptr});
  const auto client = client_with(options);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  EXPECT_EQ(seen.last_broker.port, second.port());
  ASSERT_EQ(seen.failures.size(), 1U);
  EXPECT_EQ(seen.failures[0].code.name, connection_refused.name);
  // The first one is back when the second breaks.
  test::ScriptedBroker first(io, test::greet_kindly, "127.0.0.1", away);
  boost::asio::steady_timer pause(io, std::chrono::milliseconds(1100));  // its longest first back-off
  bool over = false;
  pause.async_wait([&](const auto&) { over = true; });
  ASSERT_TRUE(until([&] { return over; }));
  second.last().close();
  ASSERT_TRUE(until([&] { return seen.connects == 2; }));
  EXPECT_EQ(seen.last_broker.port, away);
}

TEST_F(ClientWithHostileBroker, WaitsAfterTheWholeListWasTried) {
  std::uint16_t away = 0;
  {
    away = test::ScriptedBroker(io, [](Guest&) {}).port();
  }
  auto options = test::options_for(away);
  options.brokers.push_back(options.brokers[0]);
  const auto client = client_with(options);
  ASSERT_TRUE(until([&] { return seen.failures.size() == 2; }));
  io.poll();
  EXPECT_EQ(seen.failures.size(), 2U);
  ASSERT_TRUE(until([&] { return seen.failures.size() == 4; })) << "and then tries all of it again";
}

// A peer that speaks no MQTT, or wrongly.

TEST_F(ClientWithHostileBroker, GivesUpAPeerThatSaysNothing) {
  test::ScriptedBroker broker(io, [](Guest&) {});
  const auto client = client_to(broker);
  EXPECT_EQ(first_failure().code.name, connack_timeout.name);
}

TEST_F(ClientWithHostileBroker, GivesUpAPeerThatSaysOneByteAtATime) {
  test::ScriptedBroker broker(io, [](Guest& guest) {
    const auto drip = std::make_shared<std::function<void(std::uint8_t)>>();
    const auto timer = std::make_shared<boost::asio::steady_timer>(guest.socket.get_executor());
    *drip = [&guest, weak = std::weak_ptr(drip), timer](std::uint8_t byte) {
      guest.send({byte});
      timer->expires_after(std::chrono::milliseconds(50));
      timer->async_wait([next = weak.lock(), byte](const auto& cancelled) {
        if (!cancelled) (*next)(byte == 0x20 ? 0x7F : 0);
      });
    };
    (*drip)(0x20);
  });
  const auto client = client_to(broker);
  EXPECT_EQ(first_failure().code.name, connack_timeout.name);
}

TEST_F(ClientWithHostileBroker, NamesAPeerThatClosesInsteadOfAnswering) {
  test::ScriptedBroker broker(io, [](Guest& guest) { guest.read([](Guest& g) { g.close(); }); });
  const auto client = client_to(broker);
  const Error error = first_failure();
  EXPECT_EQ(error.code.name, closed_before_connack.name);
  EXPECT_EQ(error.detail.view(), "closed by the peer");
}

TEST_F(ClientWithHostileBroker, NamesAPeerThatResetsInsteadOfAnswering) {
  test::ScriptedBroker broker(io, [](Guest& guest) { guest.read([](Guest& g) { g.reset(); }); });
  const auto client = client_to(broker);
  const Error error = first_failure();
  EXPECT_EQ(error.code.name, closed_before_connack.name);
  EXPECT_EQ(error.detail.view(), "Connection reset by peer");
}

TEST_F(ClientWithHostileBroker, SeesAnHttpServer) {
  EXPECT_EQ(failure_after(packet("'HTTP/1.1 400 Bad Request' 0D 0A 0D 0A")).code.name, protocol_error.name);
  EXPECT_TRUE(log.contains("hint: check that this port of the broker speaks MQTT"));
}

TEST_F(ClientWithHostileBroker, SeesConnackWithGarbage) {
  EXPECT_EQ(failure_after(packet("20 04 00 00 DE AD")).code.name, malformed_packet.name);
}

TEST_F(ClientWithHostileBroker, SeesRandomBytesBehindConnack) {
  EXPECT_EQ(failure_after(packet("20 02 00 00 FF 02 34 56 78 9A")).code.name, malformed_packet.name);
  EXPECT_EQ(seen.connects, 1);
  EXPECT_EQ(seen.disconnects, 1);
}

TEST_F(ClientWithHostileBroker, RefusesAGiantWhenItIsAnnounced) {
  const Error error = failure_after(packet("20 02 00 00 40 FD FF 0F"));
  EXPECT_EQ(error.code.name, packet_too_large.name);
  EXPECT_EQ(error.detail.view(), "a packet of 262145 bytes was announced");
}

TEST_F(ClientWithHostileBroker, IsSlowToComeBackToABrokerThatBreaksTheProtocol) {
  failure_after(packet("20 02 00 00 50 02 00 01"));
  const auto lines = log.lines();
  const auto& last = lines.back();
  const auto at = last.find("next attempt in ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_GE(std::stoi(last.substr(at + 16)), 15'000);
}

// A broker that is connected and turns hostile.

TEST_F(ClientWithHostileBroker, BooksNothingOnAcknowledgementsItDidNotAskFor) {
  test::ScriptedBroker broker(io, test::greet_kindly);
  const auto client = client_to(broker);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  test::PacketBytes flood;
  for (unsigned id = 1; id < 3000; ++id) {
    for (const unsigned byte : {0x40U, 2U, id >> 8, id & 0xFF}) flood.push_back(static_cast<std::uint8_t>(byte));
  }
  bool sent = false;
  broker.last().send(flood, [&] { sent = true; });
  ASSERT_TRUE(until([&] { return sent && log.contains("acknowledges packet 1, which it was not sent"); }));
  ASSERT_TRUE(client->publish(77, {"t", "1"}).has_value());
  ASSERT_TRUE(until([&] { return !seen.published.empty(); }));
  EXPECT_EQ(seen.published, std::vector<Token>{77});
  EXPECT_EQ(seen.disconnects, 0);
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(ClientWithHostileBroker, StaysSmallWhenFloodedWithLargeMessages) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps what was freed";
#endif
  test::ScriptedBroker broker(io, test::greet_kindly);
  seen.then_message = [&](const Message&) { seen.messages.clear(); };
  const auto client = client_to(broker);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  test::PacketBytes message = packet("30 83 D0 0F 00 01 't'");  // 256,003 bytes
  message.resize(message.size() + 256'000, 'x');
  std::size_t before = 0;
  int count = 0;
  const std::function<void()> more = [&] {
    if (++count == 20) before = resident_bytes();
    if (count < 400) broker.last().send(message, more);
  };
  more();
  ASSERT_TRUE(until([&] { return count == 400; }));
  EXPECT_LT(resident_bytes(), before + 8'000'000) << "100 MB went through";
  EXPECT_EQ(seen.disconnects, 0);
}

TEST_F(ClientWithHostileBroker, EndsABrokerThatSendsButDoesNotRead) {
  test::ScriptedBroker broker(io, [](Guest& guest) { guest.send({0x20, 2, 0, 0}); });
  seen.then_message = [&](const Message&) { seen.messages.clear(); };
  const auto client = client_to(broker);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  test::PacketBytes flood;
  for (int i = 0; i < 10'000; ++i) {
    for (const std::uint8_t byte : packet("32 05 00 01 't' 00 09")) flood.push_back(byte);
  }
  const std::function<void()> more = [&] { broker.last().send(flood, more); };
  more();
  ASSERT_TRUE(test::run_until(io, [&] { return seen.disconnects == 1; }, seconds(60)));
  EXPECT_EQ(seen.failures[0].code.name, output_full.name);
}

TEST_F(ClientWithHostileBroker, RefusesMessagesOnceOneMebibyteWaitsToBeSent) {
  test::ScriptedBroker broker(io, [](Guest& guest) { guest.send({0x20, 2, 0, 0}); });
  const auto client = client_to(broker);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  std::size_t offered = 0;
  std::string code;
  for (int i = 0; i < 400 && code.empty(); ++i) {
    const auto result = client->publish({"t", std::string(100'000, 'x'), Qos::at_most_once, false});
    if (!result) code = result.error().code.name;
    offered += result ? 100'000 : 0;
    io.poll();
  }
  EXPECT_EQ(code, "mqtt_window_full");
  EXPECT_GT(offered, 900'000U);
}

TEST_F(ClientWithHostileBroker, LeavesABrokerThatStopsAnsweringPings) {
  test::ScriptedBroker broker(io, [](Guest& guest) {
    guest.send({0x20, 2, 0, 0});
    guest.read([](Guest&) {});
  });
  auto options = test::options_for(broker.port());
  options.keep_alive = seconds(1);
  const auto client = client_with(options);
  ASSERT_TRUE(until([&] { return seen.disconnects == 1; }));
  EXPECT_EQ(seen.failures[0].code.name, keep_alive_timeout.name);
}

// Our own end.

TEST_F(ClientWithHostileBroker, StopsAlthoughThePeerNeverCloses) {
  test::ScriptedBroker broker(io, [](Guest& guest) { guest.send({0x20, 2, 0, 0}); });
  const auto client = client_to(broker);
  ASSERT_TRUE(until([&] { return seen.connects == 1; }));
  bool stopped = false;
  client->stop([&] { stopped = true; });
  EXPECT_EQ(seen.disconnects, 1);
  EXPECT_FALSE(client->is_online());
  ASSERT_TRUE(until([&] { return stopped; }));
  EXPECT_TRUE(seen.failures.empty());
}

TEST_F(ClientWithHostileBroker, StopsInEachPhaseAndMayStartAgain) {
  test::ScriptedBroker broker(io, test::greet_kindly);
  auto options = test::options_for(broker.port());
  options.brokers[0].host = "localhost";
  const auto client = client_with(options);
  for (int turns = 0; turns < 30; ++turns) {
    for (int i = 0; i < turns % 10; ++i) io.run_one_for(std::chrono::milliseconds(5));
    bool stopped = false;
    client->stop([&] { stopped = true; });
    ASSERT_TRUE(until([&] { return stopped; })) << turns;
    EXPECT_EQ(seen.connects, seen.disconnects);
    client->start();
  }
  ASSERT_TRUE(until([&] { return client->is_online(); }));
}

TEST_F(ClientWithHostileBroker, MayBeDestroyedInEachPhase) {
  test::ScriptedBroker broker(io, test::greet_kindly);
  for (int turns = 0; turns < 30; ++turns) {
    auto options = test::options_for(broker.port());
    options.brokers[0].host = turns % 2 == 0 ? "localhost" : "127.0.0.1";
    auto client = client_with(options);
    for (int i = 0; i < turns / 2; ++i) io.run_one_for(std::chrono::milliseconds(5));
    if (client->is_online()) (void)client->publish(1, {"t", "1"});
    client.reset();
  }
  io.poll();
}

TEST_F(ClientWithHostileBroker, MayBeStoppedAndRestartedByItsObserver) {
  test::ScriptedBroker broker(io, test::greet_kindly);
  std::unique_ptr<Client> client;
  int restarts = 0;
  const auto restart = [&] {
    if (++restarts > 6) return;
    client->stop([&] { client->start(); });
  };
  seen.then_connected = [&] {
    if (restarts % 2 == 0)
      restart();
    else if (restarts < 6)
      broker.last().close();
  };
  seen.then_disconnected = restart;
  client = client_to(broker);
  ASSERT_TRUE(until([&] { return restarts > 6 && client->is_online(); }));
}

}  // namespace
}  // namespace meterseal::mqtt::host

/// The name server of these tests: the C library's for every name but two.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view asked = name != nullptr ? name : "";
  if (asked == "two.example") {
    const int first = real("127.0.0.2", service, hints, found);
    return first != 0 ? first : real("127.0.0.1", service, hints, &(*found)->ai_next);
  }
  if (asked == "stuck.example") {
    while (!meterseal::mqtt::host::name_server_answers) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return EAI_AGAIN;
  }
  return real(name, service, hints, found);
}
