#include "web/host/http_reader.hpp"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>

namespace meterseal::web::host {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kMostHeader = 8 * 1024;
constexpr std::uint64_t kMostBody = 64 * 1024;
constexpr std::size_t kMostTarget = 2 * 1024;
/// Beside one request: a client that sends on before it was answered gets no further.
constexpr std::size_t kMostWaiting = kMostHeader + kMostBody;

std::string text(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

Method method_of(http::verb verb) {
  if (verb == http::verb::get) return Method::get;
  if (verb == http::verb::head) return Method::head;
  return verb == http::verb::post ? Method::post : Method::other;
}

unsigned status_of(error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  return 400;
}

}  // namespace

struct HttpReader::Impl {
  using Parser = http::request_parser<http::string_body>;

  Impl() { renew(); }

  void renew() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(kMostHeader);
    parser->body_limit(kMostBody);
  }

  State refuse(unsigned with) {
    status = with;
    waiting.clear();
    return State::refused;
  }

  /// 0: nothing is wrong with the header.
  unsigned fault_of_header() const {
    const auto& message = parser->get();
    // A second one could mean something else to somebody between.
    for (const auto field : {http::field::host, http::field::authorization, http::field::cookie, http::field::origin,
                             http::field::content_type, http::field::content_length}) {
      if (message.count(field) > 1) return 400;
    }
    if (message.count(http::field::transfer_encoding) > 0) return 501;
    const auto target = message.target();
    if (target.size() > kMostTarget) return 414;
    const auto is_bad = [](char c) {
      return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
    };
    if (target.empty() || target.front() != '/' || std::any_of(target.begin(), target.end(), is_bad)) return 400;
    return 0;
  }

  State go_on() {
    while (true) {
      error_code error;
      const std::size_t taken = parser->put(boost::asio::buffer(waiting), error);
      waiting.erase(0, taken);
      if (error && error != http::error::need_more) return refuse(status_of(error));
      if (parser->is_header_done()) {
        if (const unsigned fault = fault_of_header(); fault != 0) return refuse(fault);
      }
      if (parser->is_done()) return State::request;
      if (error == http::error::need_more || taken == 0 || waiting.empty()) return State::more;
    }
  }

  std::optional<Parser> parser;
  std::string waiting;
  unsigned status = 400;
};

HttpReader::HttpReader() : impl_(std::make_unique<Impl>()) {}
HttpReader::~HttpReader() = default;

HttpReader::State HttpReader::put(std::string_view bytes) {
  if (impl_->waiting.size() + bytes.size() > kMostWaiting) return impl_->refuse(413);
  impl_->waiting.append(bytes);
  // One request at a time: what follows it waits for restart().
  return impl_->parser->is_done() ? State::request : impl_->go_on();
}

HttpReader::State HttpReader::restart() {
  impl_->renew();
  return impl_->waiting.empty() ? State::more : impl_->go_on();
}

bool HttpReader::is_inside() const {
  return impl_->parser->got_some() || !impl_->waiting.empty();
}

bool HttpReader::wants_keep_alive() const {
  return impl_->parser->keep_alive();
}

unsigned HttpReader::status() const {
  return impl_->status;
}

Request HttpReader::take() {
  auto& message = impl_->parser->get();
  Request request;
  request.method = method_of(message.method());
  const std::string target = text(message.target());
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  request.host = text(message[http::field::host]);
  request.origin = text(message[http::field::origin]);
  request.cookie = text(message[http::field::cookie]);
  request.authorization = text(message[http::field::authorization]);
  request.content_type = text(message[http::field::content_type]);
  request.csrf_token = text(message["X-CSRF-Token"]);
  request.fetch_site = text(message["Sec-Fetch-Site"]);
  request.body = std::move(message.body());
  return request;
}

}  // namespace meterseal::web::host
