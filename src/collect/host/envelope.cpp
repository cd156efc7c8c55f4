#include "collect/host/envelope.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "collect/errors.hpp"
#include "core/text.hpp"

namespace meterseal::collect::host {

namespace {

constexpr std::size_t kMaxText = 64;

/// Whatever else a stranger writes there would be drawn on terminals and put into messages to devices.
bool is_series_name(std::string_view text) {
  return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = to_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
  });
}
bool is_time(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == ':' || c == 'T' || c == '.' || c == '+' || c == 'Z';
  });
}
bool is_reason(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == ' ' || c == '-'; });
}

/// Fills an Envelope from the events of the parser, which works without recursion.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool key(string_t& name) override {
    if (depth_ == 1) key_ = name;
    if (depth_ == 2) inner_key_ = name;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 1 && key_ == "Seq") sequence_ = value;
    if (depth_ == 1 && key_ == "Boot") boot_ = value;
    if (is_in_loss() && inner_key_ == "First") first_ = value;
    if (is_in_loss() && inner_key_ == "Last") last_ = value;
    if (is_in_loss() && inner_key_ == "Count") count_ = value;
    return true;
  }
  bool string(string_t& value) override {
    if (value.size() > kMaxText) return true;
    if (depth_ == 1 && key_ == "Outbox") envelope_.outbox = value;
    if (depth_ == 1 && key_ == "Time") envelope_.time = value;
    if (is_in_loss() && inner_key_ == "Reason") envelope_.lost_reason = value;
    return true;
  }
  bool start_object(std::size_t /*elements*/) override {
    if (depth_ == 0) is_object_ = true;
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t /*elements*/) override {
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return false; }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*e*/) override {
    return false;
  }

  /// nullopt: no object, or no record in it.
  [[nodiscard]] std::optional<Envelope> result() const {
    if (!is_object_ || !sequence_ || *sequence_ == 0 || *sequence_ > kMaxSequence) return std::nullopt;
    if (!boot_ || *boot_ > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    if (!is_series_name(envelope_.outbox) || !is_time(envelope_.time) || !is_reason(envelope_.lost_reason))
      return std::nullopt;
    Envelope envelope = envelope_;
    envelope.sequence = *sequence_;
    envelope.boot = static_cast<std::uint32_t>(*boot_);
    // A device can have lost only what it numbered before this very message.
    if (first_ && last_ && count_ && *first_ <= *last_ && *last_ < *sequence_ && *count_ <= *last_ - *first_ + 1) {
      envelope.lost = Range{*first_, *last_};
      envelope.lost_count = *count_;
    }
    return envelope;
  }

 private:
  /// As databases store it.
  static constexpr Sequence kMaxSequence = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] bool is_in_loss() const { return depth_ == 2 && key_ == "Loss"; }

  Envelope envelope_;
  std::optional<std::uint64_t> sequence_;
  std::optional<std::uint64_t> boot_;
  std::optional<std::uint64_t> first_;
  std::optional<std::uint64_t> last_;
  std::optional<std::uint64_t> count_;
  std::string key_;
  std::string inner_key_;
  std::size_t depth_ = 0;
  bool is_object_ = false;
};

}  // namespace

Result<Envelope> read_envelope(std::string_view topic, std::string_view payload) {
  Reader reader;
  if (!nlohmann::json::sax_parse(payload, &reader)) return fail(message_malformed, topic, "is no JSON object");
  if (auto envelope = reader.result()) return std::move(*envelope);
  return fail(message_malformed, topic, "names no record (Outbox, Seq, Boot)");
}

}  // namespace meterseal::collect::host
