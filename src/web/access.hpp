#pragma once

// Who may come in: people with a password, programs with a token, each as viewer or admin. Kept as one text in the
// state directory; passwords as Argon2id, tokens as digests, so that the text lets nobody in.
//
// Bounds: 8 users, 16 tokens. Thread: value, loop thread. Errors: web::weak_password, bad_user_name, access_full,
// no_such_user, last_admin, access_damaged.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "secrets/cryptography.hpp"

namespace meterseal::web {

enum class Role : std::uint8_t {
  viewer,  ///< sees everything but secrets, changes nothing
  admin
};
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> role_of(std::string_view name);

struct User {
  std::string name;
  Role role = Role::viewer;
  std::string password_hash;

  friend bool operator==(const User&, const User&) = default;
};

struct ApiToken {
  std::string name;
  Role role = Role::viewer;
  secrets::Digest digest{};

  friend bool operator==(const ApiToken&, const ApiToken&) = default;
};

/// May this be the password of that user? @source NIST SP 800-63B, 5.1.1.2 and OWASP ISVS 2.1.5: long, not guessable,
/// no rules about kinds of characters
[[nodiscard]] Result<void> check_password(std::string_view user, std::string_view password);
[[nodiscard]] Result<void> check_name(std::string_view name);

class Access {
 public:
  static constexpr std::size_t kMostUsers = 8;
  static constexpr std::size_t kMostTokens = 16;

  [[nodiscard]] const std::vector<User>& users() const { return users_; }
  [[nodiscard]] const std::vector<ApiToken>& tokens() const { return tokens_; }
  [[nodiscard]] bool has_admin() const;
  [[nodiscard]] const User* find(std::string_view user) const;
  /// Looks at every token, so that the time tells nothing.
  [[nodiscard]] const ApiToken* find_token(const secrets::Digest& digest) const;

  /// Adds the user, or gives it another password and role.
  [[nodiscard]] Result<void> set_user(const User& user);
  [[nodiscard]] Result<void> remove_user(std::string_view name);
  /// The name is new.
  [[nodiscard]] Result<void> add_token(const ApiToken& token);
  [[nodiscard]] Result<void> remove_token(std::string_view name);

  [[nodiscard]] std::string encode() const;
  /// @return access_damaged: any line that is not as encode() writes it
  [[nodiscard]] static Result<Access> decode(std::string_view text);

  friend bool operator==(const Access&, const Access&) = default;

 private:
  [[nodiscard]] bool is_last_admin(std::string_view name) const;

  std::vector<User> users_;
  std::vector<ApiToken> tokens_;
};

}  // namespace meterseal::web
