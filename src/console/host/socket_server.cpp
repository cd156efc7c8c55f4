#include "console/host/socket_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "console/errors.hpp"

namespace meterseal::console::host {

namespace {

using boost::asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::chrono::minutes kLongestSilence{5};
constexpr int kAnswerSeconds = 10;
constexpr std::size_t kMaxAnswer = std::size_t{1024} * 1024;

tl::unexpected<Error> unusable(const std::string& path, std::string_view what) {
  return fail(socket_unusable, path, what);
}

/// Who is at the other end, as the kernel knows it.
bool is_allowed(stream_protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid() || peer.gid == ::getegid();
}

class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(stream_protocol::socket socket, const SocketServer::Run& run, std::chrono::milliseconds longest_answer,
         std::shared_ptr<const int> counted)
      : socket_(std::move(socket)),
        silence_(socket_.get_executor()),
        run_(run),
        longest_answer_(longest_answer),
        counted_(std::move(counted)) {}

  void read() {
    close_after(kLongestSilence);
    socket_.async_read_some(boost::asio::buffer(memory_),
                            [self = shared_from_this()](error_code failed, std::size_t n) {
                              self->silence_.cancel();
                              if (failed) return;
                              self->line_.append(self->memory_.data(), n);
                              self->answer();
                            });
  }

  void close() {
    error_code ignored;
    (void)socket_.close(ignored);
  }

 private:
  void close_after(std::chrono::milliseconds pause) {
    silence_.expires_after(pause);
    silence_.async_wait([self = shared_from_this()](const error_code& spoke) {
      if (!spoke) self->close();
    });
  }

  void answer() {
    const std::size_t end = line_.find('\n');
    if (end == std::string::npos) return line_.size() > kMaxLine ? close() : read();
    out_.clear();
    for (const Reply& reply : run_(std::string_view(line_).substr(0, end)))
      out_ += reply.name + " " + reply.json + "\n";
    out_ += "\n";
    line_.erase(0, end + 1);
    close_after(longest_answer_);
    boost::asio::async_write(socket_, boost::asio::buffer(out_),
                             [self = shared_from_this()](error_code failed, std::size_t /*n*/) {
                               self->silence_.cancel();
                               if (!failed) self->answer();
                             });
  }

  stream_protocol::socket socket_;
  boost::asio::steady_timer silence_;
  SocketServer::Run run_;
  const std::chrono::milliseconds longest_answer_;
  std::shared_ptr<const int> counted_;  ///< one copy for each client that lives
  std::array<char, 2048> memory_{};
  std::string line_;
  std::string out_;
};

class UnixServer final : public SocketServer {
 public:
  UnixServer(boost::asio::io_context& loop, std::string path, Run run, std::chrono::milliseconds longest_answer)
      : acceptor_(loop), path_(std::move(path)), run_(std::move(run)), longest_answer_(longest_answer) {}
  ~UnixServer() override {
    error_code ignored;
    (void)acceptor_.close(ignored);
    if (is_bound_) ::unlink(path_.c_str());
    *is_open_ = false;
  }

  Result<void> listen() {
    struct stat there{};
    if (::lstat(path_.c_str(), &there) == 0) {
      if (!S_ISSOCK(there.st_mode)) return unusable(path_, "is there and is no socket");
      ::unlink(path_.c_str());
    }
    error_code failed;
    (void)acceptor_.open(stream_protocol(), failed);
    // Nobody can connect between bind and chmod: not listening yet.
    if (!failed) (void)acceptor_.bind(stream_protocol::endpoint(path_), failed);
    is_bound_ = !failed;
    if (!failed && ::chmod(path_.c_str(), 0660) != 0) return unusable(path_, std::strerror(errno));  // NOLINT
    if (!failed) (void)acceptor_.listen(kMaxClients, failed);
    if (failed) return unusable(path_, failed.message());
    accept();
    return {};
  }

 private:
  void accept() {
    acceptor_.async_accept([this, open = is_open_](error_code failed, stream_protocol::socket socket) {
      if (!*open || !acceptor_.is_open()) return;
      const bool has_room = static_cast<std::size_t>(counter_.use_count()) <= kMaxClients;
      if (!failed && has_room && is_allowed(socket)) {
        // A client that outlives the server runs nothing any more.
        Run run = [this, open](std::string_view line) { return *open ? run_(line) : Replies{}; };
        std::make_shared<Client>(std::move(socket), run, longest_answer_, counter_)->read();
      }
      accept();
    });
  }

  stream_protocol::acceptor acceptor_;
  const std::string path_;
  const Run run_;
  const std::chrono::milliseconds longest_answer_;
  bool is_bound_ = false;
  std::shared_ptr<bool> is_open_ = std::make_shared<bool>(true);
  std::shared_ptr<const int> counter_ = std::make_shared<const int>(0);
};

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason() {
  return std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread
}

}  // namespace

Result<std::unique_ptr<SocketServer>> SocketServer::open(boost::asio::io_context& loop, const std::string& path,
                                                         Run run, std::chrono::milliseconds longest_answer) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return unusable(path, "is longer than 107 bytes");
  auto server = std::make_unique<UnixServer>(loop, path, std::move(run), longest_answer);
  if (auto listening = server->listen(); !listening) return tl::unexpected(listening.error());
  return server;
}

Result<std::string> ask(const std::string& path, std::string_view line) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return unusable(path, "is longer than 107 bytes");
  std::memcpy(address.sun_path, path.data(), path.size());
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{kAnswerSeconds, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return unusable(path, reason());
  const std::string request = std::string(line) + "\n";
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return unusable(path, reason());
  std::string answer;
  std::array<char, 4096> part{};
  while (answer != "\n" && !answer.ends_with("\n\n")) {
    const ssize_t n = ::recv(socket.get(), part.data(), part.size(), 0);
    if (n <= 0) return unusable(path, n == 0 ? "the agent closed the connection" : reason());
    answer.append(part.data(), static_cast<std::size_t>(n));
    if (answer.size() > kMaxAnswer) return unusable(path, "the answer has no end");
  }
  answer.pop_back();
  return answer;
}

}  // namespace meterseal::console::host
