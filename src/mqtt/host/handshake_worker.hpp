#pragma once

// One step of a TLS handshake on a thread of its own: a key in a token signs within OpenSSL's call, and a token may
// take its time or hang. The loop goes on meanwhile, and its limits hold.
//
// Ownership: the client is shared with the worker while a step runs and touched by nobody else; a worker that is given
// up (cancel(), destruction) ends by itself with the client in its hands. Thread: loop thread.

#include <functional>
#include <memory>

#include "trust/host/tls_client.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::mqtt::host {

class HandshakeWorker {
 public:
  using Done = std::function<void(trust::host::TlsClient::Progress)>;

  explicit HandshakeWorker(boost::asio::io_context& loop);
  ~HandshakeWorker();
  HandshakeWorker(const HandshakeWorker&) = delete;
  HandshakeWorker& operator=(const HandshakeWorker&) = delete;

  /// One at a time. `done` comes through the loop, with `failed` also where no thread can be had.
  void step(std::shared_ptr<trust::host::TlsClient> client, Done done);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace meterseal::mqtt::host
