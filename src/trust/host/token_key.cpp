#include "trust/host/token_key.hpp"

#include <libp11.h>

#include <algorithm>
#include <utility>

#include "trust/host/errors.hpp"
#include "trust/host/private_text.hpp"

namespace meterseal::trust::host {

namespace {

constexpr std::string_view kScheme = "pkcs11:";

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool set(TokenAddress& address, std::string_view name, std::string value) {
  if (name == "type") return value == "private";
  std::string* field = name == "token"    ? &address.token
                       : name == "serial" ? &address.serial
                       : name == "object" ? &address.object
                       : name == "id"     ? &address.id
                                          : nullptr;
  if (field != nullptr) *field = std::move(value);
  return field != nullptr;
}

std::string_view first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string_view view_of(const char* text) {
  return text != nullptr ? std::string_view(text) : std::string_view();
}

class LibP11Key final : public TokenKey {
 public:
  LibP11Key() = default;
  ~LibP11Key() override {
    key_.reset();
    if (slots_ != nullptr) PKCS11_release_all_slots(context_, slots_, slot_count_);
    if (is_loaded_) PKCS11_CTX_unload(context_);
    if (context_ != nullptr) PKCS11_CTX_free(context_);
  }
  LibP11Key(const LibP11Key&) = delete;
  LibP11Key& operator=(const LibP11Key&) = delete;

  [[nodiscard]] EVP_PKEY* key() const override { return key_.get(); }

  Result<void> open(const std::string& module, const TokenAddress& address, const std::string& pin_file) {
    context_ = PKCS11_CTX_new();
    if (context_ == nullptr || PKCS11_CTX_load(context_, module.c_str()) != 0)
      return unusable(module, "cannot be loaded");
    is_loaded_ = true;
    if (PKCS11_enumerate_slots(context_, &slots_, &slot_count_) != 0) return unusable(module, "shows no slots");
    PKCS11_SLOT* slot = find_slot(address);
    if (slot == nullptr) return unusable(module, "has no such token: " + address.token);
    if (auto logged_in = log_in(slot, pin_file); !logged_in) return logged_in;
    PKCS11_KEY* found = find_key(slot, address);
    if (found == nullptr) return unusable(module, "the token has no such private key: " + address.object);
    key_.reset(PKCS11_get_private_key(found));
    if (!key_) return unusable(module, "the token does not give the use of its key");
    return {};
  }

 private:
  static tl::unexpected<Error> unusable(const std::string& where, std::string what) {
    const std::string said = take_openssl_error();
    if (!said.empty()) what += ": " + said;
    return fail(token_unusable, where, what);
  }

  PKCS11_SLOT* find_slot(const TokenAddress& address) {
    for (PKCS11_SLOT* slot = PKCS11_find_token(context_, slots_, slot_count_);
         slot != nullptr && slot->token != nullptr;
         slot = PKCS11_find_next_token(context_, slots_, slot_count_, slot)) {
      const bool fits = (address.token.empty() || view_of(slot->token->label) == address.token) &&
                        (address.serial.empty() || view_of(slot->token->serialnr) == address.serial);
      if (fits && slot->token->initialized != 0) return slot;
    }
    return nullptr;
  }

  Result<void> log_in(PKCS11_SLOT* slot, const std::string& pin_file) {
    if (pin_file.empty()) return {};
    const auto text = read_private(pin_file, token_unusable);
    if (!text) return tl::unexpected(text.error());
    std::string pin(first_line((*text)->view()));
    const bool is_in = PKCS11_login(slot, 0, pin.c_str()) == 0;
    OPENSSL_cleanse(pin.data(), pin.size());
    if (!is_in) return unusable(pin_file, "the token refuses the PIN");
    return {};
  }

  static PKCS11_KEY* find_key(PKCS11_SLOT* slot, const TokenAddress& address) {
    PKCS11_KEY* keys = nullptr;
    unsigned count = 0;
    if (PKCS11_enumerate_keys(slot->token, &keys, &count) != 0) return nullptr;
    for (unsigned i = 0; i < count; ++i) {
      const std::string_view id(reinterpret_cast<const char*>(keys[i].id), keys[i].id_len);
      const bool fits = (address.object.empty() || view_of(keys[i].label) == address.object) &&
                        (address.id.empty() || id == address.id);
      if (fits) return &keys[i];
    }
    return nullptr;
  }

  PKCS11_CTX* context_ = nullptr;
  bool is_loaded_ = false;
  PKCS11_SLOT* slots_ = nullptr;
  unsigned slot_count_ = 0;
  Key key_;
};

}  // namespace

std::optional<TokenAddress> parse_token_address(std::string_view uri) {
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  TokenAddress address;
  while (!uri.empty()) {
    const std::string_view attribute = uri.substr(0, uri.find(';'));
    uri.remove_prefix(std::min(uri.size(), attribute.size() + 1));
    const std::size_t equals = attribute.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto value = percent_decoded(attribute.substr(equals + 1));
    if (!value || !set(address, attribute.substr(0, equals), std::move(*value))) return std::nullopt;
  }
  return address;
}

Result<std::unique_ptr<TokenKey>> TokenKey::open(const std::string& module, const std::string& uri,
                                                 const std::string& pin_file) {
  const auto address = parse_token_address(uri);
  if (!address) return fail(token_unusable, uri, "is no address like \"pkcs11:token=agent;object=mqtt\"");
  auto key = std::make_unique<LibP11Key>();
  if (auto opened = key->open(module, *address, pin_file); !opened) return tl::unexpected(opened.error());
  return key;
}

}  // namespace meterseal::trust::host
