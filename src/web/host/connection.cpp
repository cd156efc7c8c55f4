#include "web/host/connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <tuple>
#include <utility>

#include "web/login_gate.hpp"

namespace meterseal::web::host {

namespace asio = boost::asio;
using boost::system::error_code;
using trust::host::TlsServer;

namespace {

constexpr std::size_t kChunk = std::size_t{16} * 1024;
/// A ClientHello with everything in it stays below that.
constexpr std::size_t kMostHandshake = std::size_t{32} * 1024;
/// The site's own work has its own bounds: a password check behind four others, a look at a broker.
constexpr seconds kLongestThought{90};
constexpr seconds kLongestGoodbye{2};
constexpr const char* kPlainHttp =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 48\r\n\r\n"
    "This page is served over https:// only, not http";

Response refusal_of(unsigned status) {
  switch (status) {
    case 413: return error_response(413, "the request is too large", "its body may have 64 KiB");
    case 414: return error_response(414, "the address is too long", "it may have 2 KiB");
    case 431: return error_response(431, "the header is too large", "it may have 8 KiB");
    case 501: return error_response(501, "bodies in chunks are not taken", "send a Content-Length");
    default: return error_response(status, "the request cannot be read", "send one request of HTTP/1.1");
  }
}

bool is_plain_http(std::string_view bytes) {
  for (const char* word : {"GET ", "HEAD", "POST", "PUT ", "OPTI", "DELE"}) {
    if (bytes.starts_with(word)) return true;
  }
  return false;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::unique_ptr<TlsServer> tls, Site& site, const Clock& clock,
                       const ServerLimits& limits, std::function<bool()> may_stream,
                       std::function<void(Connection*)> ended)
    : site_(site),
      clock_(clock),
      limits_(limits),
      may_stream_(std::move(may_stream)),
      ended_(std::move(ended)),
      socket_(std::move(socket)),
      tls_(std::move(tls)) {
  error_code error;
  std::ignore = socket_.set_option(asio::ip::tcp::no_delay(true), error);
  const auto peer = socket_.remote_endpoint(error);
  if (!error) source_ = peer.address().to_string();
  if (!error && peer.address().is_loopback()) from_ = Origin::loopback;
  source_group_ = source_key(source_);
  const auto here = socket_.local_endpoint(error);
  if (!error) served_address_ = here.address().to_string();
  if (served_address_.starts_with("::ffff:")) served_address_.erase(0, 7);
  wait_at_most(limits_.request);
}

void Connection::start() {
  read_more();
}

void Connection::close() {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  error_code ignored;
  std::ignore = socket_.shutdown(asio::socket_base::shutdown_both, ignored);
  std::ignore = socket_.close(ignored);
  ended_(this);
}

// Not while an answer is being made: who sends on waits in the kernel's buffer.
void Connection::read_more() {
  const bool listens = phase_ == Phase::handshake || phase_ == Phase::reading || phase_ == Phase::streaming ||
                       phase_ == Phase::lingering;
  if (is_reading_ || !listens) return;
  is_reading_ = true;
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](error_code error, std::size_t n) {
    self->is_reading_ = false;
    if (self->phase_ == Phase::over) return;
    if (error) return self->close();
    self->take({self->in_.data(), n});
  });
}

void Connection::take(std::string_view bytes) {
  if (phase_ == Phase::lingering) return read_more();
  if (phase_ == Phase::handshake) {
    if (heard_ == 0 && is_plain_http(bytes)) return refuse_plain_http();
    heard_ += bytes.size();
    if (heard_ > kMostHandshake) return close();
  }
  tls_->feed(as_bytes(bytes));
  if (phase_ == Phase::handshake) shake_hands();
  if (phase_ == Phase::reading || phase_ == Phase::streaming) read_requests();
  flush();
  read_more();
}

void Connection::shake_hands() {
  switch (tls_->handshake()) {
    case TlsServer::Progress::needs_input: return;
    case TlsServer::Progress::failed: phase_ = Phase::closing; return;
    case TlsServer::Progress::done: break;
  }
  phase_ = Phase::reading;
  wait_at_most(limits_.request);
}

void Connection::read_requests() {
  std::string plaintext;
  const TlsServer::Input input = tls_->read(plaintext, kChunk);
  if (input == TlsServer::Input::failed) return close();
  // Who has a stream has nothing more to say; who says goodbye ends it.
  if (phase_ == Phase::reading && !plaintext.empty()) {
    if (!reader_.is_inside()) wait_at_most(limits_.request);
    act(reader_.put(plaintext));
  }
  if (input == TlsServer::Input::closed && (phase_ == Phase::reading || phase_ == Phase::streaming))
    phase_ = Phase::closing;
}

void Connection::act(HttpReader::State state) {
  switch (state) {
    case HttpReader::State::more: return;
    case HttpReader::State::refused: return refuse(reader_.status());
    case HttpReader::State::request: break;
  }
  phase_ = Phase::thinking;
  wait_at_most(kLongestThought);
  after_ = reader_.wants_keep_alive() ? After::keep_alive : After::close;
  Request request = reader_.take();
  request.source = source_;
  request.served_address = served_address_;
  request.from = from_;
  site_.handle(request, [self = shared_from_this(), method = request.method](Response response) {
    if (self->phase_ == Phase::thinking) self->answer(std::move(response), method);
  });
}

void Connection::answer(Response response, Method method) {
  was_answered_ = true;
  if (!response.stream_session.empty() && !may_stream_())
    response = error_response(503, "too many browsers watch already", "close one of them");
  phase_ = response.stream_session.empty() ? Phase::sending : Phase::streaming;
  stream_session_ = response.stream_session;
  wait_at_most(limits_.write);
  send(response_head(response, after_));
  if (method != Method::head) send(response.asset.empty() ? std::string_view(response.body) : as_text(response.asset));
  if (phase_ == Phase::streaming) return push();
  flush();
}

void Connection::push() {
  if (phase_ != Phase::streaming) return;
  const auto event = site_.live_event(stream_session_);
  if (tls_->output().size() > limits_.unsent) return close();
  if (event) {
    send(*event);
  } else {
    tls_->close();
    phase_ = Phase::closing;
  }
  flush();
}

void Connection::refuse(unsigned status) {
  const Response refusal = refusal_of(status);
  send(response_head(refusal, After::close));
  send(refusal.body);
  tls_->close();
  phase_ = Phase::closing;
  wait_at_most(limits_.write);
}

void Connection::refuse_plain_http() {
  out_ = kPlainHttp;
  phase_ = Phase::closing;
  write();
}

void Connection::send(std::string_view plaintext) {
  if (!tls_->write(as_bytes(plaintext))) phase_ = Phase::closing;
}

void Connection::flush() {
  if (is_writing_ || phase_ == Phase::over) return;
  const Bytes output = tls_->output();
  if (output.empty()) return all_sent();
  const Bytes chunk = output.first(std::min(output.size(), kChunk));
  // A copy: the memory behind output() moves when more is written.
  out_.assign(as_text(chunk));
  tls_->consume_output(chunk.size());
  write();
}

void Connection::write() {
  is_writing_ = true;
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    self->is_writing_ = false;
    if (self->phase_ == Phase::over) return;
    if (error) return self->close();
    // It takes what we send: the time to take the rest begins anew.
    if (self->phase_ == Phase::sending || self->phase_ == Phase::streaming) self->wait_at_most(self->limits_.write);
    self->flush();
  });
}

void Connection::all_sent() {
  if (phase_ == Phase::sending) return next_request();
  if (phase_ == Phase::streaming) return read_more();
  if (phase_ != Phase::closing) return;
  phase_ = Phase::lingering;
  error_code ignored;
  std::ignore = socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  wait_at_most(kLongestGoodbye);
  read_more();
}

void Connection::next_request() {
  if (after_ == After::close) {
    tls_->close();
    phase_ = Phase::closing;
    return flush();
  }
  phase_ = Phase::reading;
  wait_at_most(limits_.idle);
  act(reader_.restart());
  // What the TLS layer holds has left the socket: nobody will announce it again.
  if (phase_ == Phase::reading) read_requests();
  if (phase_ == Phase::closing) flush();
  read_more();
}

}  // namespace meterseal::web::host
