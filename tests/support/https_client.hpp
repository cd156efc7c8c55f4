#pragma once

// A blocking TLS client on a thread of its own for tests of the page's server: it can be rude. It verifies nothing:
// what it talks to is in the same process.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace meterseal::test {

class HttpsClient {
 public:
  explicit HttpsClient(std::uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~HttpsClient() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  bool shake_hands(int highest_version = TLS1_3_VERSION, const char* suites = nullptr) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), highest_version);
    if (suites != nullptr) SSL_CTX_set_cipher_list(context_.get(), suites);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    return SSL_connect(ssl_.get()) == 1;
  }
  void send(std::string_view text) {
    if (ssl_) {
      (void)SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    } else {
      (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    }
  }
  /// Until the end of the stream, or `until` has come.
  std::string receive(std::string_view until = {}) {
    std::string text;
    char part[4096];
    while (until.empty() || text.find(until) == std::string::npos) {
      const auto n =
          ssl_ ? SSL_read(ssl_.get(), part, sizeof part) : static_cast<int>(::recv(fd_, part, sizeof part, 0));
      if (n <= 0) break;
      text.append(part, static_cast<std::size_t>(n));
    }
    return text;
  }
  /// One request, its whole answer, in the same connection.
  std::string ask(std::string_view request) {
    send(request);
    std::string text = receive("\r\n\r\n");
    const auto at = text.find("Content-Length: ");
    if (at == std::string::npos) return text;
    const std::size_t whole = text.find("\r\n\r\n") + 4 + std::stoul(text.substr(at + 16));
    char part[4096];
    while (text.size() < whole) {
      const int n = SSL_read(ssl_.get(), part, sizeof part);
      if (n <= 0) break;
      text.append(part, static_cast<std::size_t>(n));
    }
    return text;
  }
  /// Did the server end the connection?
  [[nodiscard]] bool is_ended(std::chrono::milliseconds within) const {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(within.count())) <= 0) return false;
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_PEEK) <= 0;
  }
  [[nodiscard]] bool is_connected() const { return is_connected_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  int fd_ = -1;
  bool is_connected_ = false;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace meterseal::test
