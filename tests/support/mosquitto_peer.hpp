#pragma once

// libmosquitto as the independent peer of our own client: subscribes, publishes, keeps what it gets. Its own thread.

#include <mosquitto.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace meterseal::test {

struct PeerMessage {
  std::string topic;
  std::string payload;
  int qos = 0;
  bool retain = false;
};

class MosquittoPeer {
 public:
  MosquittoPeer(std::uint16_t port, const char* filter, int qos = 2) : MosquittoPeer("127.0.0.1", port, filter, qos) {}
  /// @param host  with port 0 the path of a socket
  MosquittoPeer(const char* host, std::uint16_t port, const char* filter, int qos = 2) : filter_(filter), qos_(qos) {
    ::mosquitto_lib_init();
    handle_ = ::mosquitto_new(nullptr, true, this);
    ::mosquitto_connect_callback_set(handle_, [](mosquitto* m, void* self, int) {
      auto* peer = static_cast<MosquittoPeer*>(self);
      ::mosquitto_subscribe(m, nullptr, peer->filter_.c_str(), peer->qos_);
    });
    ::mosquitto_subscribe_callback_set(handle_, [](mosquitto*, void* self, int, int, const int*) {
      auto* peer = static_cast<MosquittoPeer*>(self);
      peer->change([peer] { peer->ready_ = true; });
    });
    ::mosquitto_message_callback_set(handle_, [](mosquitto*, void* self, const mosquitto_message* m) {
      auto* peer = static_cast<MosquittoPeer*>(self);
      PeerMessage message{m->topic,
                          std::string(static_cast<const char*>(m->payload), static_cast<std::size_t>(m->payloadlen)),
                          m->qos, m->retain};
      peer->change([&] { peer->messages_.push_back(std::move(message)); });
    });
    ::mosquitto_publish_callback_set(handle_, [](mosquitto*, void* self, int) {
      auto* peer = static_cast<MosquittoPeer*>(self);
      peer->change([peer] { ++peer->confirmed_; });
    });
    ::mosquitto_connect(handle_, host, port, 60);
    ::mosquitto_loop_start(handle_);
    wait([this] { return ready_; });
  }
  ~MosquittoPeer() {
    ::mosquitto_disconnect(handle_);
    ::mosquitto_loop_stop(handle_, false);
    ::mosquitto_destroy(handle_);
    ::mosquitto_lib_cleanup();
  }
  MosquittoPeer(const MosquittoPeer&) = delete;
  MosquittoPeer& operator=(const MosquittoPeer&) = delete;

  void publish(const std::string& topic, const std::string& payload, int qos, bool retain = false) {
    ::mosquitto_publish(handle_, nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), qos, retain);
  }
  [[nodiscard]] std::vector<PeerMessage> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }
  [[nodiscard]] int confirmed() const {
    const std::lock_guard lock(mutex_);
    return confirmed_;
  }

 private:
  template <class F>
  void change(F f) {
    const std::lock_guard lock(mutex_);
    f();
    changed_.notify_all();
  }
  template <class F>
  void wait(F done) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), done);
  }

  const std::string filter_;
  const int qos_;
  mosquitto* handle_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<PeerMessage> messages_;
  bool ready_ = false;
  int confirmed_ = 0;
};

}  // namespace meterseal::test
