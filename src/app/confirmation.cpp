#include "app/confirmation.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/errors.hpp"
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
  const std::string draft = note + ".draft";
  const std::string text =
      format(confirmation.broker) + " " + std::string(trust::format_sha256(confirmation.shown).view()) + "\n";
  const std::string fault = host::write_private_file(draft, text);
  if (!fault.empty()) return fail(confirmation_unusable, note, fault);
  struct stat owner{};
  const bool is_placed = ::stat(state.c_str(), &owner) == 0 &&
                         (::geteuid() != 0 || ::chown(draft.c_str(), owner.st_uid, owner.st_gid) == 0) &&
                         std::rename(draft.c_str(), note.c_str()) == 0;
  if (!is_placed) {
    const int error = errno;
    ::unlink(draft.c_str());
    return fail(confirmation_unusable, note, std::strerror(error));
  }
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
