#pragma once

// The local way in: a Unix socket on which one line of text is one command, and each reply is a line `NAME JSON`; an
// empty line ends an answer. Only root and the user of the service may use it: the kernel names the peer
// (SO_PEERCRED), and the socket has mode 0660 for a group that the owner of the folder may give it.
//
// Bounds: kMaxClients at once, one line of 1024 bytes (a longer one ends the connection), five minutes of silence, 20 s
// for an answer that is not taken.
// Ownership: the console and the loop outlive it; the socket file is removed at the end. Thread: loop thread.
// Errors: console::socket_unusable.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "console/commands.hpp"
#include "core/result.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::console::host {

class SocketServer {
 public:
  static constexpr std::size_t kMaxClients = 8;
  /// For a client that does not read: its place is wanted.
  static constexpr std::chrono::seconds kLongestAnswer{20};
  using Run = std::function<Replies(std::string_view line)>;

  /// @param path  at most 107 bytes; a socket left by a killed run is replaced, anything else is refused
  [[nodiscard]] static Result<std::unique_ptr<SocketServer>> open(
      boost::asio::io_context& loop, const std::string& path, Run run,
      std::chrono::milliseconds longest_answer = kLongestAnswer);
  virtual ~SocketServer() = default;
};

/// One command over the socket, as `meterseal console` does it. Blocks at most 10 s.
/// @return the lines of the answer; socket_unusable where nobody answers
[[nodiscard]] Result<std::string> ask(const std::string& path, std::string_view line);

}  // namespace meterseal::console::host
