#pragma once

// A TCP server that a test writes the lines for: sends what it is told, keeps what it gets, reads only while it is told
// to. On the loop of the test.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace meterseal::test {

class ScriptedBroker {
 public:
  using tcp = boost::asio::ip::tcp;

  class Guest : public std::enable_shared_from_this<Guest> {
   public:
    explicit Guest(tcp::socket of) : socket(std::move(of)) {}

    void send(std::vector<std::uint8_t> bytes, std::function<void()> then = {}) {
      const auto kept = std::make_shared<std::vector<std::uint8_t>>(std::move(bytes));
      boost::asio::async_write(socket, boost::asio::buffer(*kept),
                               [self = shared_from_this(), kept, then](const auto& failed, std::size_t) {
                                 if (!failed && then) then();
                                 if (failed) self->is_gone = true;
                               });
    }
    void read(const std::function<void(Guest&)>& then) {
      socket.async_read_some(boost::asio::buffer(in_),
                             [self = shared_from_this(), then](const auto& failed, std::size_t n) {
                               if (failed) {
                                 self->is_gone = true;
                                 return;
                               }
                               self->received.insert(self->received.end(), self->in_.begin(),
                                                     self->in_.begin() + static_cast<std::ptrdiff_t>(n));
                               then(*self);
                               self->read(then);
                             });
    }
    void close() {
      boost::system::error_code ignored;
      socket.close(ignored);
    }
    /// The connection ends with RST.
    void reset() {
      boost::system::error_code ignored;
      socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
      socket.close(ignored);
    }

    tcp::socket socket;
    std::vector<std::uint8_t> received;
    bool is_gone = false;

   private:
    std::array<std::uint8_t, 4096> in_{};
  };

  /// @param greet  is called with each guest that comes
  ScriptedBroker(boost::asio::io_context& io, std::function<void(Guest&)> greet, const char* address = "127.0.0.1",
                 std::uint16_t port = 0)
      : acceptor_(io, tcp::endpoint(boost::asio::ip::make_address(address), port)), greet_(std::move(greet)) {
    accept();
  }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::size_t guests() const { return guests_.size(); }
  [[nodiscard]] Guest& last() { return *guests_.back(); }

 private:
  void accept() {
    acceptor_.async_accept([this](const auto& failed, tcp::socket socket) {
      if (failed) return;
      guests_.push_back(std::make_shared<Guest>(std::move(socket)));
      greet_(*guests_.back());
      accept();
    });
  }

  tcp::acceptor acceptor_;
  std::function<void(Guest&)> greet_;
  std::vector<std::shared_ptr<Guest>> guests_;
};

/// Takes everybody: answers CONNECT with CONNACK 0 and each QoS 1 PUBLISH of fewer than 128 bytes with PUBACK.
inline void greet_kindly(ScriptedBroker::Guest& guest) {
  guest.read([](ScriptedBroker::Guest& g) {
    while (g.received.size() >= 2 && g.received.size() >= 2U + g.received[1]) {
      const std::uint8_t first = g.received[0];
      const std::size_t topic = g.received.size() > 3 ? g.received[3] : 0;
      if (first == 0x10) g.send({0x20, 2, 0, 0});
      if (first == 0x32) g.send({0x40, 2, g.received[4 + topic], g.received[5 + topic]});
      if (first == 0x82) g.send({0x90, 3, g.received[2], g.received[3], 1});
      if (first == 0xC0) g.send({0xD0, 0});
      if (first == 0xE0) g.close();
      g.received.erase(g.received.begin(), g.received.begin() + 2 + g.received[1]);
    }
  });
}

}  // namespace meterseal::test
