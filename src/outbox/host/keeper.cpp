#include "outbox/host/keeper.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <new>

#include "core/text.hpp"
#include "outbox/host/page_scan.hpp"
#include "outbox/host/salvage.hpp"

namespace meterseal::outbox::host {
namespace {

/// A disk that damages everything would else be copied over and over.
constexpr std::chrono::seconds kBetweenRepairs{60};

bool is_damage(const Fault& fault) {
  switch (fault.code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return true;
    // Damage of the schema, of a page's type or of a row's columns comes out as one of these.
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_INTERNAL: return true;
    case SQLITE_IOERR:  // a sector that cannot be read any more
      return fault.code == SQLITE_IOERR_READ || fault.code == SQLITE_IOERR_CORRUPTFS;
    default: return false;
  }
}

bool is_full(const Fault& fault) {
  const int error = fault.system_errno;
  return (fault.code & 0xFF) == SQLITE_FULL ||
         ((fault.code & 0xFF) == SQLITE_IOERR && (error == ENOSPC || error == EDQUOT || error == EFBIG));
}

/// "7 5f0c...": number of the boot and the host's text for it.
struct Boot {
  BootId number = 0;
  std::string text;
};
Boot parse_boot(std::string_view value) {
  Boot boot;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), boot.number);
  if (error != std::errc() || end == value.data() + value.size()) return Boot{};
  boot.text = value.substr(static_cast<std::size_t>(end + 1 - value.data()));
  return boot;
}

std::string read_boot_text(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return std::string(trim(line)).substr(0, 64);
}

}  // namespace

Keeper::Keeper(Log& log, StoreSettings settings, StateDirectory directory)
    : log_(log), settings_(std::move(settings)), directory_(std::move(directory)) {}

Keeper::~Keeper() {
  if (!database_) return;
  try {
    database_->note_last();
  } catch (const Fault& fault) {
    // The newest record knows it as well.
    log_.write(LogLevel::debug, "OUT", "the last number is not noted: " + fault.text);
  } catch (const std::bad_alloc&) {
    return;
  }
}

Result<std::unique_ptr<Keeper>> Keeper::open(Log& log, StoreSettings settings) {
  Result<StateDirectory> directory = StateDirectory::lock(settings.directory, log);
  if (!directory) return tl::unexpected(directory.error());
  std::unique_ptr<Keeper> keeper(new Keeper(log, std::move(settings), std::move(*directory)));
  if (Result<void> opened = keeper->open_database(); !opened) return tl::unexpected(opened.error());
  keeper->learn();
  return keeper;
}

Result<void> Keeper::open_database() {
  try {
    open_or_salvage();
    return {};
  } catch (const Fault& fault) {
    return tl::unexpected(error_of(fault));
  } catch (const Damaged& damaged) {
    return fail(store_failed, directory_.file(kDatabase), damaged.what);
  } catch (const Newer& newer) {
    return fail(store_newer, directory_.file(kDatabase), "its schema has version " + std::to_string(newer.version));
  } catch (const std::bad_alloc&) {
    return fail(store_failed, directory_.file(kDatabase), "out of memory");
  }
}

void Keeper::open_or_salvage() {
  finish_salvage(directory_);
  if (is_wal_damaged(directory_.file(kDatabaseWal))) repair("its write-ahead log");
  try {
    open_once();
    return;
  } catch (const Damaged& damaged) {
    repair(damaged.what);
  } catch (const Fault& fault) {
    if (!is_damage(fault)) throw;
    repair(fault.text);
  }
  open_once();
}

void Keeper::open_once() {
  if (const int error = directory_.make_file(kDatabase); error != 0) {
    throw Fault{error == ENOSPC || error == EDQUOT ? SQLITE_FULL : SQLITE_CANTOPEN, error, std::strerror(error)};
  }
  auto database = std::make_unique<Database>(directory_.file(kDatabase), settings_, log_, last_sequence_);
  if (is_running_ && database->last_sequence() > last_sequence_) database->forget_after(last_sequence_);
  last_sequence_ = database->last_sequence();
  database_ = std::move(database);
}

void Keeper::repair(std::string_view what) {
  database_.reset();
  const auto now = std::chrono::steady_clock::now();
  if (repaired_at_ && now - *repaired_at_ < kBetweenRepairs) {
    throw Fault{SQLITE_IOERR, 0, "damaged again within a minute: " + std::string(what)};
  }
  repaired_at_ = now;
  found_.damaged = salvage(directory_, log_, what, last_sequence_);
  must_rewrite_ = true;
}

/// What the start needs to know.
void Keeper::learn() {
  Boot boot;
  known_ = database_->values();
  known_.erase(std::string(kRoomValue));  // the database's own
  for (const auto& [name, value] : known_) {
    if (name == kBootValue) boot = parse_boot(value);
    if (!name.starts_with('.') && !value.empty()) found_.values.emplace_back(name, value);
  }
  const std::string text = read_boot_text(settings_.boot_id_file);
  if (boot.number == 0) boot.number = database_->highest_boot();
  if (boot.text != text || text.empty() || boot.number == 0) {
    ++boot.number;
    known_.insert_or_assign(std::string(kBootValue), std::to_string(boot.number) + " " + text);
    must_rewrite_ = true;
  }
  found_.boot = boot.number;
  found_.last_sequence = last_sequence_;
  is_running_ = true;
}

Error Keeper::error_of(const Fault& fault) const {
  std::string detail = fault.text;
  if (fault.system_errno != 0) detail += std::string(": ") + std::strerror(fault.system_errno);
  return make_error(is_full(fault) ? disk_full : store_failed, directory_.file(kDatabase), detail);
}

/// Does the work, once more after a repair. A database that failed is closed: what is wrong with it may be cured by
/// opening it again (a file system that was read-only, a disk that was taken away).
template <class Work>
auto Keeper::guarded(Work work) -> Result<decltype(work(std::declval<Database&>()))> {
  for (int attempt = 0;; ++attempt) {
    if (!database_) {
      if (Result<void> opened = open_database(); !opened) return tl::unexpected(opened.error());
    }
    try {
      auto done = work(*database_);
      last_sequence_ = database_->last_sequence();
      return done;
    } catch (const Fault& fault) {
      if (is_full(fault)) return tl::unexpected(error_of(fault));
      database_.reset();
      if (!is_damage(fault) || attempt > 0) return tl::unexpected(error_of(fault));
      try {
        repair(fault.text);
      } catch (const Fault& again) {
        return tl::unexpected(error_of(again));
      }
    } catch (const std::bad_alloc&) {
      return fail(store_failed, directory_.file(kDatabase), "out of memory");
    }
  }
}

Result<Committed> Keeper::commit(Commit commit) {
  for (const Record& record : commit.add) {
    if (record.body.size() > kMaxBody) {
      return fail(record_too_large, directory_.file(kDatabase), std::to_string(record.body.size()) + " bytes");
    }
  }
  std::map<std::string, std::string> known = known_;
  for (const auto& [name, value] : commit.values) known.insert_or_assign(name, value);
  const bool rewrites = must_rewrite_;
  if (rewrites) commit.values.assign(known.begin(), known.end());
  Result<Committed> done = guarded([&](Database& database) { return database.commit(commit); });
  if (!done) return done;
  known_ = std::move(known);
  if (rewrites) must_rewrite_ = false;
  return done;
}

Result<std::vector<Record>> Keeper::fetch(Sequence after, std::size_t limit) {
  return guarded([&](Database& database) { return database.fetch(after, limit); });
}

Result<std::size_t> Keeper::relabel(BootId boot, UtcTime utc_at_instant_zero) {
  return guarded([&](Database& database) { return database.relabel(boot, utc_at_instant_zero); });
}

Result<Depth> Keeper::depth() {
  return guarded([](Database& database) { return database.depth(); });
}

}  // namespace meterseal::outbox::host
