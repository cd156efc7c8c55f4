#pragma once

// From bytes to a Request: Beast's HTTP parser without any of its I/O, and what is stricter than HTTP on top. One
// reader per connection, one request at a time; what follows it waits until restart().
//
// Bounds: header 8 KiB, body 64 KiB, target 2 KiB. Refused with a status: malformed, too large, a transfer coding, a
// header twice that must be there once, a target that is no path. Thread: one at a time. @source RFC 9112

#include <memory>
#include <string_view>

#include "web/http_message.hpp"

namespace meterseal::web::host {

class HttpReader {
 public:
  enum class State {
    more,     ///< nothing whole yet
    request,  ///< take() it
    refused   ///< answer status() and close
  };

  HttpReader();
  ~HttpReader();
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  State put(std::string_view bytes);
  /// After `request` was answered: goes on with what has arrived since.
  State restart();
  /// The first byte of a request is here and its end is not.
  [[nodiscard]] bool is_inside() const;

  [[nodiscard]] Request take();
  [[nodiscard]] bool wants_keep_alive() const;
  [[nodiscard]] unsigned status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

enum class After {
  keep_alive,
  close
};
/// What stands before the body of a response, with the headers that every answer of the page has.
[[nodiscard]] std::string response_head(const Response& response, After after);

}  // namespace meterseal::web::host
