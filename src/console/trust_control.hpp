#pragma once

// What the console may see of and do to the trust in the broker. The app implements it over its brokers; tests by a
// fake. A change is kept durably and holds from the next handshake on; a connection that the new policy would refuse is
// ended, a healthy one goes on. Loop thread only.

#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "trust/lineage.hpp"
#include "trust/policy.hpp"

namespace meterseal::console {

/// What the configuration file declares and no command changes.
struct FixedByFile {
  bool mode = false;
  bool pins = false;
  bool renewal = false;
  bool learn = false;
};

/// The first broker of the list, as its trust stands now.
struct TrustState {
  std::string broker;  ///< "broker.example.com:8883"
  trust::Policy policy;
  trust::Lineage lineage;
  FixedByFile fixed;
  std::string anchors;                  ///< where CA certificates are taken from; empty: from nowhere
  std::optional<trust::Sha256> served;  ///< certificate of the last handshake, trusted or not
  std::optional<UtcTime> served_until;  ///< its notAfter
  std::string refusal;                  ///< why the last handshake was refused; empty: it was not
};

/// A certificate that is trusted by itself.
struct Authority {
  std::string subject;
  std::string sha256;  ///< "AA:BB:..."
  std::string until;   ///< "2027-01-01T00:00:00Z"
};
struct Authorities {
  std::size_t count = 0;
  std::vector<Authority> first;  ///< the first few of them; none of a folder, which is only looked up in
};

class TrustControl {
 public:
  virtual ~TrustControl() = default;
  [[nodiscard]] virtual TrustState state() const = 0;
  /// @return why they cannot be read
  [[nodiscard]] virtual Result<Authorities> authorities() const = 0;
  /// Replaces the policy of the broker as a whole. @return why it cannot be used; nothing has changed then
  virtual Result<void> change(const trust::Policy& policy) = 0;
  /// @return trust::nothing_learned, confirm_mismatch, learn_conflict_open
  virtual Result<void> confirm(const trust::Sha256& shown) = 0;
};

}  // namespace meterseal::console
