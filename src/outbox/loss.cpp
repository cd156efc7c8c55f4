#include "outbox/loss.hpp"

#include <cstdint>

#include "core/text.hpp"

namespace meterseal::outbox {
namespace {

constexpr std::string_view kFirst = "{\"First\":";
constexpr std::string_view kLast = ",\"Last\":";
constexpr std::string_view kCount = ",\"Count\":";
constexpr std::string_view kReason = ",\"Reason\":\"";

/// Takes `name` and the number behind it from the front of `text`.
bool take(std::string_view& text, std::string_view name, std::uint64_t& number) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (!parse_decimal(text.substr(0, digits), 0, INT64_MAX, number)) return false;
  text.remove_prefix(digits == std::string_view::npos ? text.size() : digits);
  return true;
}

}  // namespace

std::string loss_body(const Loss& loss, Relief relief) {
  std::string body(kLossKey);
  body.append(kFirst).append(std::to_string(loss.first));
  body.append(kLast).append(std::to_string(loss.last));
  body.append(kCount).append(std::to_string(loss.count));
  return body.append(kReason).append(name_of(relief)).append("\"}");
}

std::optional<Loss> parse_loss(std::string_view body) {
  if (!body.starts_with(kLossKey)) return std::nullopt;
  body.remove_prefix(kLossKey.size());
  Loss loss;
  std::uint64_t count = 0;
  if (!take(body, kFirst, loss.first) || !take(body, kLast, loss.last) || !take(body, kCount, count)) {
    return std::nullopt;
  }
  if (loss.first > loss.last || !body.starts_with(kReason)) return std::nullopt;
  loss.count = count;
  return loss;
}

}  // namespace meterseal::outbox
