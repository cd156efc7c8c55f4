#include "web/access.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/text.hpp"
#include "secrets/token.hpp"
#include "web/errors.hpp"

namespace meterseal::web {

namespace {

constexpr std::string_view kHeading = "meterseal web access 1";
constexpr std::size_t kShortestPassword = 12;
constexpr std::size_t kLongestPassword = 128;
constexpr std::size_t kFewestLetters = 6;  ///< different ones
constexpr std::size_t kLongestName = 32;
constexpr std::size_t kLongestHash = 128;

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += to_lower(c);
  return out;
}

/// "abcdefghijkl", "123456789012": each character follows the one before.
bool is_run(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    const int step = text[i] - text[i - 1];
    if (step != 1 && step != -9 && step != -1) return false;
  }
  return true;
}

template <class T>
auto find_named(T& items, std::string_view name) {
  return std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.name == name; });
}

Error damaged(std::string_view what) {
  return make_error(access_damaged, "web.access", what);
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const auto end = line.find(' ');
    words.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end + 1);
  }
}

bool is_base64(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

/// A hash says itself what its check costs: any other cost than ours would let a file stop the device at the next
/// login.
bool is_hash(std::string_view text) {
  if (!text.starts_with(secrets::kPasswordHashHead) || text.size() > kLongestHash) return false;
  text.remove_prefix(secrets::kPasswordHashHead.size());
  const auto middle = text.find('$');
  return middle != std::string_view::npos && is_base64(text.substr(0, middle)) && is_base64(text.substr(middle + 1));
}

}  // namespace

std::string_view name_of(Role role) {
  switch (role) {
    case Role::viewer: return "viewer";
    case Role::admin: return "admin";
  }
  return {};
}

std::optional<Role> role_of(std::string_view name) {
  for (const Role role : {Role::viewer, Role::admin}) {
    if (name == name_of(role)) return role;
  }
  return std::nullopt;
}

Result<void> check_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || !std::all_of(name.begin(), name.end(), is_name_letter))
    return fail(bad_user_name, "name", "is no name of a user or token");
  return {};
}

Result<void> check_password(std::string_view user, std::string_view password) {
  const auto weak = [](std::string_view why) { return fail(weak_password, "password", why); };
  if (password.size() < kShortestPassword) return weak("is shorter than 12 characters");
  if (password.size() > kLongestPassword) return weak("is longer than 128 bytes");
  if (!is_utf8_without_nul(password)) return weak("is not UTF-8");
  const std::set<char> letters(password.begin(), password.end());
  if (letters.size() < kFewestLetters || is_run(password)) return weak("repeats a few characters or counts up");
  const std::string plain = lower(password);
  if (!user.empty() && plain.find(lower(user)) != std::string::npos && user.size() * 2 > password.size())
    return weak("is little more than the user's name");
  for (const char* known : {"passwordpassword", "password1234", "password12345", "qwertyuiop12", "qwertyuiopas",
                            "adminadmin12", "letmeinletmein", "administrator", "changeme1234", "meterseal1234"}) {
    if (plain == known) return weak("is on the list that attackers try first");
  }
  return {};
}

bool Access::has_admin() const {
  return std::any_of(users_.begin(), users_.end(), [](const User& user) { return user.role == Role::admin; });
}

const User* Access::find(std::string_view user) const {
  const auto found = find_named(users_, user);
  return found == users_.end() ? nullptr : &*found;
}

const ApiToken* Access::find_token(const secrets::Digest& digest) const {
  const ApiToken* found = nullptr;
  for (const ApiToken& token : tokens_) {
    if (secrets::equal_in_constant_time(Bytes(token.digest), Bytes(digest))) found = &token;
  }
  return found;
}

bool Access::is_last_admin(std::string_view name) const {
  const User* user = find(name);
  return user != nullptr && user->role == Role::admin &&
         std::count_if(users_.begin(), users_.end(), [](const User& u) { return u.role == Role::admin; }) == 1;
}

Result<void> Access::set_user(const User& user) {
  if (auto good = check_name(user.name); !good) return good;
  if (user.role != Role::admin && is_last_admin(user.name))
    return fail(last_admin, user.name, "is the only administrator");
  if (const auto found = find_named(users_, user.name); found != users_.end()) {
    *found = user;
    return {};
  }
  if (users_.size() == kMostUsers) return fail(access_full, user.name, "there are 8 users already");
  users_.push_back(user);
  return {};
}

Result<void> Access::remove_user(std::string_view name) {
  const auto found = find_named(users_, name);
  if (found == users_.end()) return fail(no_such_user, "user", "there is no such user");
  if (is_last_admin(name)) return fail(last_admin, name, "is the only administrator");
  users_.erase(found);
  return {};
}

Result<void> Access::add_token(const ApiToken& token) {
  if (auto good = check_name(token.name); !good) return good;
  if (find_named(tokens_, token.name) != tokens_.end())
    return fail(bad_user_name, token.name, "a token of this name exists", "remove it first, or take another name");
  if (tokens_.size() == kMostTokens) return fail(access_full, token.name, "there are 16 tokens already");
  tokens_.push_back(token);
  return {};
}

Result<void> Access::remove_token(std::string_view name) {
  const auto found = find_named(tokens_, name);
  if (found == tokens_.end()) return fail(no_such_user, "token", "there is no such token");
  tokens_.erase(found);
  return {};
}

std::string Access::encode() const {
  std::string text(kHeading);
  text += '\n';
  for (const User& user : users_)
    text += "user " + user.name + ' ' + std::string(name_of(user.role)) + ' ' + user.password_hash + '\n';
  for (const ApiToken& token : tokens_)
    text += "token " + token.name + ' ' + std::string(name_of(token.role)) + ' ' + secrets::to_hex(token.digest) + '\n';
  // The last line shows that the text is whole.
  return text + "end\n";
}

Result<Access> Access::decode(std::string_view text) {
  Access access;
  std::size_t number = 0;
  while (true) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return tl::unexpected(damaged("ends too early"));
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number++ == 0) {
      if (line != kHeading) return tl::unexpected(damaged("has another heading"));
      continue;
    }
    if (line == "end") break;
    const auto words = words_of(line);
    const auto role = words.size() == 4 ? role_of(words[2]) : std::nullopt;
    if (!role) return tl::unexpected(damaged("has a line that is neither user nor token"));
    Result<void> added = fail(access_damaged, "web.access", "has a line that is neither user nor token");
    if (words[0] == "user" && is_hash(words[3]) && access.find(words[1]) == nullptr)
      added = access.set_user({std::string(words[1]), *role, std::string(words[3])});
    if (const auto digest = secrets::digest_from_hex(words[3]); words[0] == "token" && digest)
      added = access.add_token({std::string(words[1]), *role, *digest});
    if (!added) return tl::unexpected(damaged("has a bad line"));
  }
  if (!text.empty()) return tl::unexpected(damaged("goes on after its end"));
  return access;
}

}  // namespace meterseal::web
