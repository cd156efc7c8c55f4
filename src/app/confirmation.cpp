#include "app/confirmation.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/errors.hpp"
#include "app/whole_file.hpp"
#include "core/host/private_file.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kMaxNote = 512;

std::string note_of(const std::string& state) {
  return state + "/confirm";
}

std::optional<Confirmation> parse(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto broker = parse_host_port(text.substr(0, blank), 0);
  const auto pin = trust::parse_pin(text.substr(blank + 1));
  if (!broker || !pin || pin->kind != trust::PinKind::certificate_or_key) return std::nullopt;
  return Confirmation{*broker, pin->digest};
}

}  // namespace

Result<void> leave_confirmation(const std::string& state, const Confirmation& confirmation) {
  const std::string note = note_of(state);
  const std::string text =
      format(confirmation.broker) + " " + std::string(trust::format_sha256(confirmation.shown).view()) + "\n";
  struct stat directory{};
  if (::stat(state.c_str(), &directory) != 0) return fail(confirmation_unusable, note, std::strerror(errno));
  const std::optional<Owner> owner =
      ::geteuid() == 0 ? std::optional(Owner{directory.st_uid, directory.st_gid}) : std::nullopt;
  const std::string fault = replace_file(note, text, 0600, owner);
  if (!fault.empty()) return fail(confirmation_unusable, note, fault);
  return {};
}

std::optional<Confirmation> take_confirmation(const std::string& state) {
  const std::string note = note_of(state);
  const host::PrivateFile file = host::read_private_file(note, kMaxNote);
  if (file.state == host::FileState::absent) return std::nullopt;
  ::unlink(note.c_str());
  return file.state == host::FileState::read ? parse(file.text) : std::nullopt;
}

bool is_confirmation_waiting(const std::string& state) {
  return ::access(note_of(state).c_str(), F_OK) == 0;
}

}  // namespace meterseal::app
