#include "trust/host/session_store.hpp"

#include <utility>

namespace meterseal::trust::host {

namespace {

constexpr std::size_t kMaxHosts = 8;
constexpr std::size_t kMaxEncoded = std::size_t{16} * 1024;
constexpr seconds kMaxAge{24 * 3600};

}  // namespace

void SessionStore::keep(const std::string& host, StoredSession session) {
  if (session.encoded.size() > kMaxEncoded) return;
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMaxHosts && !sessions_.contains(host)) sessions_.clear();
  sessions_.insert_or_assign(host, std::move(session));
}

std::optional<StoredSession> SessionStore::take(const std::string& host, UtcTime now) {
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find(host);
  if (at == sessions_.end()) return std::nullopt;
  // A clock that went back says nothing about the age.
  const bool is_fresh = now >= at->second.established && now - at->second.established < kMaxAge;
  std::optional<StoredSession> taken;
  if (is_fresh) taken = at->second;
  if (!is_fresh || at->second.single_use) sessions_.erase(at);
  return taken;
}

void SessionStore::forget(const std::string& host) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(host);
}

void SessionStore::forget_all() {
  const std::lock_guard lock(mutex_);
  sessions_.clear();
}

}  // namespace meterseal::trust::host
