#include <algorithm>

#include "web/host/http_reader.hpp"

namespace meterseal::web::host {

namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

/// Scripts and styles from this device only, nothing inline, no frames, no forms that leave.
/// @source W3C, Content Security Policy Level 3
constexpr std::string_view kSecurityHeaders =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
    "'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"
    "Cache-Control: no-store\r\n";

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

std::string response_head(const Response& response, After after) {
  std::string head =
      "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason_of(response.status)) + "\r\n";
  head += "Content-Type: " + std::string(response.content_type) + "\r\n";
  if (!response.asset.empty()) head += "Content-Encoding: gzip\r\n";
  // A stream has no length: it ends with its connection.
  const bool is_stream = !response.stream_session.empty();
  if (!is_stream) {
    const std::size_t size = response.asset.empty() ? response.body.size() : response.asset.size();
    head += "Content-Length: " + std::to_string(size) + "\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    // None of ours has a line end; if ever one had, it must not become a header.
    if (is_clean(name) && is_clean(value)) head += name + ": " + value + "\r\n";
  }
  head += kSecurityHeaders;
  head += is_stream || after == After::close ? "Connection: close\r\n" : "Connection: keep-alive\r\n";
  return head + "\r\n";
}

}  // namespace meterseal::web::host
