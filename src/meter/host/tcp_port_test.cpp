#include "meter/host/tcp_port.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "meter/errors.hpp"
#include "support/loop.hpp"
#include "support/port_events.hpp"

namespace meterseal::meter::host {
namespace {

using boost::asio::ip::tcp;

class TcpPortTest : public ::testing::Test {
 protected:
  std::unique_ptr<Port> port_to(const std::string& host, std::uint16_t number) {
    return make_tcp_port(io, {host, number, Framing::mbap}, events);
  }
  std::unique_ptr<Port> connected_port() {
    acceptor.async_accept(peer, [this](auto error) { accepted = !error; });
    auto port = port_to("127.0.0.1", acceptor.local_endpoint().port());
    port->open();
    EXPECT_TRUE(test::run_until(io, [&] { return events.opened == 1 && accepted; }));
    return port;
  }
  Error failure_of(Port& port) {
    port.open();
    EXPECT_TRUE(test::run_until(io, [&] { return !events.failures.empty(); }));
    return events.failures.back();
  }

  boost::asio::io_context io;
  test::RecordingPortEvents events;
  tcp::acceptor acceptor{io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  tcp::socket peer{io};
  bool accepted = false;
};

TEST_F(TcpPortTest, SaysThatNobodyListens) {
  const std::uint16_t number = acceptor.local_endpoint().port();
  acceptor.close();
  const auto port = port_to("127.0.0.1", number);
  const Error error = failure_of(*port);
  EXPECT_EQ(error.code, connect_failed);
  EXPECT_EQ(error.where.view(), "127.0.0.1:" + std::to_string(number));
  EXPECT_EQ(error.detail.view(), "Connection refused");
}

TEST_F(TcpPortTest, SaysThatANameHasNoAddress) {
  const auto port = port_to("no..name", 502);  // an empty label: refused without asking any server
  const Error error = failure_of(*port);
  EXPECT_EQ(error.code, host_unknown);
  EXPECT_EQ(error.where.view(), "no..name:502");
}

TEST_F(TcpPortTest, FindsAHostByNameAndTriesItsAddressesInTurn) {
  // "localhost" is ::1 first on most machines, and nobody listens there.
  acceptor.async_accept(peer, [this](auto error) { accepted = !error; });
  const auto port = port_to("localhost", acceptor.local_endpoint().port());
  port->open();
  EXPECT_TRUE(test::run_until(io, [&] { return events.opened == 1 && accepted; }));
}

TEST_F(TcpPortTest, MayGoWhileANameIsLookedUp) {
  for (int i = 0; i < 20; ++i) {
    auto port = port_to("localhost", 1);
    port->open();
    if (i % 2 == 0) port->close();
    if (i % 4 == 0) port->open();
    port.reset();
  }
  io.poll();
  EXPECT_EQ(events.opened, 0);
  EXPECT_TRUE(events.failures.empty());
}

TEST_F(TcpPortTest, CarriesBytesBothWays) {
  const auto port = connected_port();
  const std::vector<std::uint8_t> out{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  port->write(out);
  ASSERT_TRUE(test::run_until(io, [&] { return events.sent == 1; }));
  std::vector<std::uint8_t> got(12);
  boost::asio::read(peer, boost::asio::buffer(got));
  EXPECT_EQ(got, out);
  boost::asio::write(peer, boost::asio::buffer(out));
  port->read();
  ASSERT_TRUE(test::run_until(io, [&] { return events.bytes.size() == 12; }));
  EXPECT_EQ(events.bytes, out);
}

TEST_F(TcpPortTest, FlushThrowsAwayWhatHasArrived) {
  const auto port = connected_port();
  const std::vector<std::uint8_t> stale(5000, 7);
  boost::asio::write(peer, boost::asio::buffer(stale));
  port->read();
  ASSERT_TRUE(test::run_until(io, [&] { return !events.bytes.empty(); }));
  events.bytes.clear();
  port->read();
  port->flush_input();
  const std::vector<std::uint8_t> fresh{8};
  boost::asio::write(peer, boost::asio::buffer(fresh));
  port->read();
  ASSERT_TRUE(test::run_until(io, [&] { return !events.bytes.empty(); }));
  EXPECT_EQ(events.bytes, fresh);
}

TEST_F(TcpPortTest, SaysThatTheGatewayHasClosedTheConnection) {
  const auto port = connected_port();
  port->read();
  peer.close();
  ASSERT_TRUE(test::run_until(io, [&] { return !events.failures.empty(); }));
  EXPECT_EQ(events.failures[0].code, port_lost);
}

TEST_F(TcpPortTest, DescribesItself) {
  EXPECT_EQ(port_to("192.0.2.7", 502)->description(), "192.0.2.7:502 (Modbus TCP)");
  const auto ipv6 = make_tcp_port(io, {"2001:db8::7", 4001, Framing::rtu}, events);
  EXPECT_EQ(ipv6->description(), "[2001:db8::7]:4001 (RTU over TCP)");
}

}  // namespace
}  // namespace meterseal::meter::host
