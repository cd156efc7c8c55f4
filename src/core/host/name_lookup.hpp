#pragma once

// Finds the addresses of a host without stopping the loop. getaddrinfo() can block for half a minute and cannot be
// cancelled, so it runs on a short-lived thread that owns all it touches and knows no io_context: it leaves its result
// in memory that both share and signals an eventfd. When nobody waits any more, nobody looks.
//
// Ownership: its owner may destroy it at any time. At most one thread per object: while an abandoned look-up still
// runs, the next start() of the same host waits for that one. Thread: the loop thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace meterseal::host {

struct FoundAddresses {
  std::vector<std::string> addresses;  ///< as text ("192.0.2.7", "2001:db8::7"), best first
  std::string failure;                 ///< why there is none; empty otherwise
  bool could_ask = true;               ///< false: this machine has no descriptor or thread left to ask with
};

/// Of `errno`: this process or machine has no descriptor, thread or memory left.
[[nodiscard]] bool is_lack_of_resources(int error);

class NameLookup {
 public:
  using Done = std::function<void(const FoundAddresses&)>;

  explicit NameLookup(boost::asio::io_context& io);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// `done` is called later, once, unless cancel() comes first.
  void start(const std::string& host, Done done);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace meterseal::host
