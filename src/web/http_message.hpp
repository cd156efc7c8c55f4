#pragma once

// A request as the rules of the site see it, and their answer. The server (web/host) makes the one from bytes and the
// other into bytes; everything in a Request comes from a stranger. Thread: values, any.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterseal::web {

enum class Method : std::uint8_t {
  get,
  head,
  post,
  other
};

/// Where the other end of the connection is.
enum class Origin : std::uint8_t {
  loopback,
  network
};

struct Request {
  Method method = Method::other;
  std::string path;   ///< as sent, up to the '?'
  std::string query;  ///< as sent, behind the '?'
  std::string host;   ///< the headers of these names; empty: not sent
  std::string origin;
  std::string cookie;
  std::string authorization;
  std::string content_type;
  std::string csrf_token;      ///< X-CSRF-Token
  std::string fetch_site;      ///< Sec-Fetch-Site
  std::string body;            ///< at most 64 KiB
  std::string source;          ///< IP address of the peer, as text
  std::string served_address;  ///< IP address of this machine at which it came in, as text
  Origin from = Origin::network;
};

struct Response {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::span<const std::uint8_t> asset;  ///< instead of body: gzip, constant
  std::vector<std::pair<std::string, std::string>> headers;
  std::string stream_session;  ///< not empty: keep the connection and send live events while this session lives
};

}  // namespace meterseal::web
