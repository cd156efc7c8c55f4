#include "mqtt/sas_token.hpp"

#include "core/text.hpp"
#include "mqtt/broker_dialect.hpp"

namespace meterseal::mqtt {

namespace {

std::string decimal(std::int64_t value) {
  Text<24> text;
  text.add_int(value);
  return std::string(text.view());
}

}  // namespace

SasClaim SasClaim::of(std::string_view hub, std::string_view device, UtcTime now) {
  const auto unix_now = std::chrono::duration_cast<seconds>(now.time_since_epoch());
  return {percent_encoded(std::string(hub) + "/devices/" + std::string(device)), (unix_now + kSasLifetime).count()};
}

std::string SasClaim::text_to_sign() const {
  return resource + "\n" + decimal(expiry);
}

std::string SasClaim::token(std::string_view signature_base64) const {
  return "SharedAccessSignature sr=" + resource + "&sig=" + percent_encoded(signature_base64) +
         "&se=" + decimal(expiry);
}

std::string azure_user_name(std::string_view hub, std::string_view device) {
  return std::string(hub) + "/" + std::string(device) + "/?api-version=2021-04-12";
}

}  // namespace meterseal::mqtt
