#include "mqtt/host/link.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "core/errors.hpp"
#include "mqtt/errors.hpp"
#include "trust/pin.hpp"

namespace meterseal::mqtt::host {

namespace {

using boost::asio::ip::tcp;

constexpr std::size_t kMaxPending = std::size_t{64} * 1024;

const Code& code_of(const boost::system::error_code& failed) {
  if (failed == boost::asio::error::connection_refused) return connection_refused;
  return meterseal::host::is_lack_of_resources(failed.value()) ? core::out_of_resources : connect_failed;
}

}  // namespace

std::string name_of(const Broker& broker) {
  const bool is_ipv6 = broker.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + broker.host + "]" : broker.host) + ":" + std::to_string(broker.port);
}

Link::Link(boost::asio::io_context& loop, const Broker& broker, milliseconds limit, meterseal::host::NameLookup& lookup,
           LinkEvents& events)
    : broker_(broker),
      where_(name_of(broker)),
      limit_(limit),
      lookup_(lookup),
      events_(&events),
      socket_(loop),
      timer_(loop),
      worker_(loop),
      plain_memory_(broker.tls ? 0 : kMaxPending),
      plain_(plain_memory_) {}

void Link::open(std::optional<UtcTime> utc) {
  utc_ = utc;
  start_limit(Phase::resolving, limit_);
  const auto take = [self = shared_from_this()](const meterseal::host::FoundAddresses& found) {
    if (self->phase_ == Phase::resolving) self->take_addresses(found);
  };
  ErrorCode not_numeric;
  (void)boost::asio::ip::make_address(broker_.host, not_numeric);
  if (not_numeric) return lookup_.start(broker_.host, take);
  // Through the loop, so that no event comes from within open().
  boost::asio::post(socket_.get_executor(), [take, host = broker_.host] { take({{host}, {}}); });
}

void Link::start_limit(Phase phase, milliseconds limit) {
  phase_ = phase;
  timer_.expires_after(limit);
  timer_.async_wait([self = shared_from_this(), phase, attempt = attempt_](const ErrorCode& cancelled) {
    if (!cancelled && self->phase_ == phase && self->attempt_ == attempt) self->limit_passed();
  });
}

void Link::limit_passed() {
  Text<64> within("nothing within ");
  within.add_int(limit_.count()).add(" ms");
  switch (phase_) {
    case Phase::closed:
    case Phase::up:
    case Phase::shutting_down: return;
    case Phase::resolving: return lose(error(lookup_timeout, within));
    case Phase::connecting: note_failure(connect_timeout, "no answer"); return connect_next();
    case Phase::handshaking: return lose(error(handshake_timeout, within));
  }
}

void Link::take_addresses(const meterseal::host::FoundAddresses& found) {
  if (found.addresses.empty()) {
    return lose(error(found.could_ask ? host_unknown : core::out_of_resources, found.failure));
  }
  for (const std::string& text : found.addresses) {
    ErrorCode failed;
    const auto address = boost::asio::ip::make_address(text, failed);
    if (!failed) addresses_.push_back(address);
  }
  last_code_ = connect_failed;
  last_detail_ = "no usable address";
  connect_by_ = std::chrono::steady_clock::now() + limit_;
  connect_next();
}

void Link::note_failure(const Code& code, const std::string& detail) {
  ErrorCode ignored;
  const std::string address = addresses_.front().to_string();
  last_code_ = code;
  last_detail_ = address == broker_.host ? detail : address + ": " + detail;
  addresses_.erase(addresses_.begin());
  ignored = socket_.close(ignored);
}

void Link::connect_next() {
  ++attempt_;
  const auto now = std::chrono::steady_clock::now();
  if (addresses_.empty() || now >= connect_by_) return lose(error(last_code_, last_detail_));
  // An address that swallows everything must leave time for the others.
  const auto share = (connect_by_ - now) / static_cast<std::int64_t>(addresses_.size());
  start_limit(Phase::connecting, std::chrono::ceil<milliseconds>(share));
  socket_.async_connect(tcp::endpoint(addresses_.front(), broker_.port),
                        [self = shared_from_this(), attempt = attempt_](const ErrorCode& failed) {
                          if (self->phase_ != Phase::connecting || self->attempt_ != attempt) return;
                          if (!failed) return self->connected();
                          self->note_failure(code_of(failed), failed.message());
                          self->connect_next();
                        });
}

void Link::connected() {
  ErrorCode failed;
  failed = socket_.non_blocking(true, failed);
  if (failed) return lose(error(connect_failed, failed.message()));
  ErrorCode ignored;
  // Without it a TLS 1.3 handshake waits 40 ms for a delayed acknowledgement.
  ignored = socket_.set_option(tcp::no_delay(true), ignored);
  if (broker_.tls) return start_tls();
  timer_.cancel();
  phase_ = Phase::up;
  wait_readable();
  events_->link_up();
}

void Link::start_tls() {
  start_limit(Phase::handshaking, limit_);
  auto made = broker_.tls->connect(broker_.host, utc_);
  if (!made) return lose(made.error());
  tls_ = std::move(*made);
  go_on_with_handshake();
  if (!is_stepping_ && phase_ != Phase::closed) wait_readable();
}

void Link::go_on_with_handshake() {
  if (!broker_.tls->may_block()) return stepped(tls_->handshake());
  // Nothing is read and nothing written until the worker has given the client back.
  is_stepping_ = true;
  worker_.step(tls_, [self = shared_from_this()](trust::host::TlsClient::Progress progress) {
    self->is_stepping_ = false;
    if (self->phase_ != Phase::handshaking) return;
    self->stepped(progress);
    if (self->phase_ == Phase::up) self->take_plaintext();
    if (self->phase_ != Phase::closed) self->wait_readable();
  });
}

void Link::stepped(trust::host::TlsClient::Progress progress) {
  if (progress != trust::host::TlsClient::Progress::needs_input) events_->link_judged(*tls_);
  switch (progress) {
    case trust::host::TlsClient::Progress::needs_input: return flush();
    case trust::host::TlsClient::Progress::done: return finish_handshake();
    case trust::host::TlsClient::Progress::failed: break;
  }
  flush();  // the alert tells the broker's log the truth
  lose(tls_->error().value_or(error(connection_lost, "the TLS handshake failed")));
}

void Link::finish_handshake() {
  flush();
  // Whatever is not Trusted gets not one byte of MQTT.
  if (!std::holds_alternative<trust::Trusted>(tls_->verdict())) {
    Text<160> detail("nothing was sent to the certificate with the fingerprint ");
    detail.add(trust::format_sha256(tls_->summary().facts.certificate).view());
    return lose(tls_->error().value_or(error(fingerprint_learned, detail)));
  }
  timer_.cancel();
  phase_ = Phase::up;
  events_->link_up();
}

void Link::wait_readable() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const ErrorCode& cancelled) {
    if (!cancelled && self->phase_ != Phase::closed) self->read_some();
  });
}

void Link::read_some() {
  ErrorCode failed;
  const std::size_t n = socket_.read_some(boost::asio::buffer(received_), failed);
  if (failed && failed != boost::asio::error::would_block) return end_of_stream(failed);
  if (n > 0) take(Bytes(received_).first(n));
  if (phase_ != Phase::closed && !is_stepping_) wait_readable();
}

void Link::take(Bytes received) {
  if (phase_ == Phase::shutting_down) return;
  if (!tls_) return events_->link_received(received);
  tls_->feed(received);
  if (phase_ == Phase::handshaking) go_on_with_handshake();
  if (phase_ == Phase::up) take_plaintext();
}

void Link::take_plaintext() {
  while (phase_ == Phase::up) {
    const auto n = tls_->read(plaintext_);
    if (!n) {
      flush();
      return lose(n.error());
    }
    if (*n == 0) return flush();
    events_->link_received(Bytes(plaintext_).first(*n));
  }
}

Result<std::size_t> Link::write(Bytes plaintext) {
  if (phase_ != Phase::up) return fail(connection_lost, where_, "not open");
  const std::size_t n = std::min(plaintext.size(), kMaxPending - std::min(kMaxPending, pending().size()));
  if (n > 0) {
    const Bytes part = plaintext.first(n);
    if (!tls_) {
      (void)plain_.add(n, [&](ByteWriter& out) { out.bytes(part); });
    } else if (auto written = tls_->write(part); !written) {
      return tl::unexpected<Error>(written.error());
    }
  }
  flush();
  if (n < plaintext.size() && !waits_writable_) wait_writable();
  return n;
}

Bytes Link::pending() const {
  return tls_ ? tls_->output() : plain_.pending();
}

void Link::flush() {
  if (is_stepping_) return;
  while (!write_broken_ && !waits_writable_) {
    const Bytes waiting = pending();
    if (waiting.empty()) break;
    ErrorCode failed;
    const std::size_t n = socket_.write_some(boost::asio::buffer(waiting.data(), waiting.size()), failed);
    if (failed == boost::asio::error::would_block) return wait_writable();
    // The broker's last words may still be there to be read; reading ends with the reason.
    if (failed) write_broken_ = true;
    if (tls_) {
      tls_->consume_output(n);
    } else {
      plain_.consume(n);
    }
  }
  if (phase_ == Phase::shutting_down && !sent_end_ && pending().empty()) {
    sent_end_ = true;
    ErrorCode ignored;
    ignored = socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
}

void Link::wait_writable() {
  waits_writable_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const ErrorCode& cancelled) {
    if (cancelled || self->phase_ == Phase::closed) return;
    self->waits_writable_ = false;
    self->flush();
    if (self->phase_ == Phase::up && !self->waits_writable_) self->events_->link_writable();
  });
}

void Link::shut_down() {
  if (phase_ != Phase::up) return;
  phase_ = Phase::shutting_down;
  if (tls_) tls_->close();
  flush();
}

void Link::close() {
  if (phase_ == Phase::up && tls_) {
    tls_->close();
    flush();
  }
  phase_ = Phase::closed;
  lookup_.cancel();
  worker_.cancel();
  if (std::exchange(is_stepping_, false)) tls_.reset();  // the worker ends with it
  timer_.cancel();
  ErrorCode ignored;
  ignored = socket_.close(ignored);
}

void Link::end_of_stream(const ErrorCode& failed) {
  const bool is_end = failed == boost::asio::error::eof;
  std::string detail = is_end ? "closed by the peer" : failed.message();
  if (phase_ == Phase::handshaking) detail += " during the TLS handshake";
  lose(error(connection_lost, detail));
}

void Link::lose(const Error& error) {
  const auto self = shared_from_this();
  close();
  Error located = error;
  located.where = std::string_view(where_);
  events_->link_down(located);
}

Error Link::error(const Code& code, std::string_view detail) const {
  return make_error(code, where_, detail);
}

}  // namespace meterseal::mqtt::host
