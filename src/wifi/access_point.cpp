#include "wifi/access_point.hpp"

#include "core/text.hpp"
#include "secrets/token.hpp"

namespace meterseal::wifi {

Key Key::make(secrets::Cryptography& cryptography) {
  std::string text = secrets::make_code(cryptography);
  for (char& c : text) c = to_lower(c);
  return Key(std::move(text));
}

}  // namespace meterseal::wifi
