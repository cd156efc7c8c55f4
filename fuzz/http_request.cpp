// Any bytes as what a browser sends: the reader takes them whole or cut, and every request that comes out of them is
// answered once by the site, changes nothing without a session, and cannot split the answer's header.

#include <cstdlib>

#include "support/counting_cryptography.hpp"
#include "support/page_device.hpp"
#include "web/host/http_reader.hpp"
#include "web/site.hpp"

namespace {

using namespace meterseal;

void require(bool holds) {
  if (!holds) std::abort();
}

class StoppedClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant{}; }
  [[nodiscard]] std::optional<UtcTime> utc() const override { return std::nullopt; }
};

class NoLog final : public Log {
 public:
  void write(LogLevel, std::string_view, std::string_view text) override {
    require(text.find_first_of("\r\n") == std::string_view::npos);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static StoppedClock clock;
  static NoLog log;
  static test::CountingCryptography cryptography;
  static test::PlainHasher hasher;
  static test::MemoryKeeper keeper;
  test::PageDevice device;
  web::Access access;
  require(access.set_user({"admin", web::Role::admin, "hash:three old copper pots"}).has_value());
  web::Site site({clock, log, cryptography, hasher, keeper, &device, nullptr, {}}, {}, access);

  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = size > 0 ? data[0] : 0;
  web::host::HttpReader reader;
  auto state = reader.put(text.substr(0, cut));
  if (state == web::host::HttpReader::State::more && cut < size) state = reader.put(text.substr(cut));
  for (int i = 0; i < 8 && state == web::host::HttpReader::State::request; ++i) {
    web::Request request = reader.take();
    request.source = request.served_address = "192.0.2.7";
    int answers = 0;
    site.handle(request, [&](const web::Response& response) {
      ++answers;
      const std::string head = web::host::response_head(response, web::host::After::close);
      require(head.find("\r\n\r\n") == head.size() - 4);
    });
    require(answers == 1);
    state = reader.restart();
  }
  // The one password that exists would have to be found.
  require(device.lines.empty() && keeper.kept.empty());
  return 0;
}
