#pragma once

// How `meterseal tls confirm` reaches the agent: a note in the state directory, one line with the broker and the
// fingerprint that a person has compared. Only who may write into the state directory can leave one, and the agent
// compares the fingerprint with what it has learned, so that an old note confirms nothing new. A running agent takes
// it within a second, one that starts later then. Thread: any; touches the disk.

#include <optional>
#include <string>

#include "app/config/config_address.hpp"
#include "core/result.hpp"
#include "trust/facts.hpp"

namespace meterseal::app {

struct Confirmation {
  HostPort broker;
  trust::Sha256 shown{};

  friend bool operator==(const Confirmation&, const Confirmation&) = default;
};

/// The note belongs to the owner of the directory, so that the service can read what root has left.
/// @return app::confirmation_unusable
[[nodiscard]] Result<void> leave_confirmation(const std::string& state, const Confirmation& confirmation);
/// Reads the note and removes it. @return nullopt: there is none, or none that can be understood
[[nodiscard]] std::optional<Confirmation> take_confirmation(const std::string& state);
[[nodiscard]] bool is_confirmation_waiting(const std::string& state);

}  // namespace meterseal::app
