#pragma once

// One connection of the page: handshake, requests one after the other, perhaps a stream at the end. The server owns it
// and asks it once a second whether it is overdue. Loop thread only.

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/time.hpp"
#include "trust/host/tls_server.hpp"
#include "web/host/http_reader.hpp"
#include "web/host/server.hpp"

namespace meterseal::web::host {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// @param ended  called once, after which nothing of it is called any more
  Connection(boost::asio::ip::tcp::socket socket, std::unique_ptr<trust::host::TlsServer> tls, Site& site,
             const Clock& clock, const ServerLimits& limits, std::function<bool()> may_stream,
             std::function<void(Connection*)> ended);

  void start();
  void close();

  [[nodiscard]] bool is_overdue(Instant now) const { return now >= deadline_; }
  [[nodiscard]] bool is_stream() const { return phase_ == Phase::streaming; }
  [[nodiscard]] bool was_answered() const { return was_answered_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const std::string& source_group() const { return source_group_; }
  /// Sends the next live event, or ends when its session has.
  void push();

 private:
  enum class Phase {
    handshake,
    reading,
    thinking,  ///< the site makes an answer
    sending,
    streaming,
    closing,    ///< what is left is sent
    lingering,  ///< all is sent: without waiting for the peer's end, a reset could overtake it
    over
  };

  void read_more();
  void take(std::string_view bytes);
  void shake_hands();
  void read_requests();
  void act(HttpReader::State state);
  void answer(Response response, Method method);
  void refuse(unsigned status);
  void refuse_plain_http();
  void send(std::string_view plaintext);
  void flush();
  void write();
  void all_sent();
  void next_request();
  void wait_at_most(seconds time) { deadline_ = clock_.now() + time; }

  // constant after construction
  Site& site_;
  const Clock& clock_;
  const ServerLimits& limits_;
  const std::function<bool()> may_stream_;
  const std::function<void(Connection*)> ended_;
  std::string source_;
  std::string source_group_;
  std::string served_address_;
  Origin from_ = Origin::network;

  // loop thread only
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<trust::host::TlsServer> tls_;
  HttpReader reader_;
  Phase phase_ = Phase::handshake;
  Instant deadline_;
  std::array<char, 4096> in_{};
  std::string out_;  ///< on its way; tls_ holds what follows
  std::string stream_session_;
  std::size_t heard_ = 0;  ///< bytes of the handshake
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool was_answered_ = false;
  After after_ = After::close;
};

}  // namespace meterseal::web::host
