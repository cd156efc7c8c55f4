#include "meter/sim/host/sim_line.hpp"

#include <gtest/gtest.h>

#include "support/sim_client.hpp"

namespace meterseal::meter::sim::host {
namespace {

using namespace test;  // NOLINT: the client and its frames

TEST(SimLineOverTcp, RtuOverTcpBelongsToTheNewestClient) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::rtu_over_tcp));
  EXPECT_EQ(line->path(), "");
  EXPECT_NE(line->port(), 0);
  const Client first(io, connected_socket(io, line->port()));
  first.send(rtu_read(1));
  EXPECT_TRUE(is_answer(first.receive(9), 1));
  const Client second(io, connected_socket(io, line->port()));
  second.send(rtu_read(1, 4));
  EXPECT_TRUE(is_answer(second.receive(13), 1));
  EXPECT_TRUE(first.is_closed());
}

TEST(SimLineOverTcp, ModbusTcpAnswersEachClientAndEachRequestInOrder) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp, {1, 2}));
  const Client first(io, connected_socket(io, line->port()));
  const Client second(io, connected_socket(io, line->port()));
  Frame two = tcp_read(1, 7);
  const Frame other = tcp_read(2, 8);
  two.insert(two.end(), other.begin(), other.end());
  first.send(two);
  second.send(tcp_read(1, 9));
  const Frame answers = first.receive(26);
  ASSERT_EQ(answers.size(), 26U);
  EXPECT_EQ((Frame{answers.begin(), answers.begin() + 9}), (Frame{0, 7, 0, 0, 0, 7, 1, 4, 4}));
  EXPECT_EQ((Frame{answers.begin() + 13, answers.begin() + 22}), (Frame{0, 8, 0, 0, 0, 7, 2, 4, 4}));
  EXPECT_EQ(second.receive(13).at(1), 9);
  EXPECT_EQ(line->counters().requests, 3U);
}

TEST(SimLineOverTcp, ModbusTcpTakesARequestByteByByte) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  const Client client(io, connected_socket(io, line->port()));
  for (const std::uint8_t byte : tcp_read(1)) {
    client.send({byte});
    io.run_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(client.receive(13).size(), 13U);
}

TEST(SimLineOverTcp, ModbusTcpAnswersForAnAbsentUnitAsAGatewayDoes) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  const Client client(io, connected_socket(io, line->port()));
  client.send(tcp_read(9));
  EXPECT_EQ(client.receive(9), (Frame{0, 7, 0, 0, 0, 3, 9, 0x84, 0x0B}));
}

TEST(SimLineOverTcp, ModbusTcpFaults) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  const Client client(io, connected_socket(io, line->port()));
  line->faults(0).is_silent = true;
  client.send(tcp_read(1, 3));
  EXPECT_TRUE(client.receive(1, milliseconds(40)).empty());
  line->faults(0) = Faults{};
  line->faults(0).corrupt_every = 1;
  client.send(tcp_read(1, 4));
  EXPECT_EQ(client.receive(13).at(1), 5) << "the transaction of another request";
}

TEST(SimLineOverTcp, ModbusTcpHangsUpOnWhatIsNotModbus) {
  for (const Frame& bytes :
       {Frame{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}, Frame{0, 1, 0, 0, 0, 1, 1}, Frame{0, 1, 0, 0, 0xFF, 0xFF, 1}}) {
    asio::io_context io;
    const auto line = line_of(io, options_of(Transport::modbus_tcp));
    const Client client(io, connected_socket(io, line->port()));
    client.send(bytes);
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(line->counters().garbage, 1U);
  }
}

TEST(SimLineOverTcp, ModbusTcpTakesEightClientsAndANinthWhenOneHasGone) {
  asio::io_context io;
  const auto line = line_of(io, options_of(Transport::modbus_tcp));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Client>(io, connected_socket(io, line->port())));
    clients.back()->send(tcp_read(1));
    EXPECT_EQ(clients.back()->receive(13).size(), 13U);
  }
  EXPECT_TRUE(Client(io, connected_socket(io, line->port())).is_closed());
  clients.pop_back();
  io.run_for(std::chrono::milliseconds(5));
  const Client next(io, connected_socket(io, line->port()));
  next.send(tcp_read(1));
  EXPECT_EQ(next.receive(13).size(), 13U);
}

}  // namespace
}  // namespace meterseal::meter::sim::host
