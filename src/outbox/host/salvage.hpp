#pragma once

// A damaged database is replaced by a new one with every row that is whole; the damaged one stays beside it as
// `meterseal.damaged-1` (the ones before move to -2 and -3). A power cut at any moment leaves either file complete.
// Throws Fault (sqlite.hpp). Thread: one at a time; nobody has the database open.

#include <string>

#include "core/log.hpp"
#include "outbox/host/state_directory.hpp"
#include "outbox/record.hpp"

namespace meterseal::outbox::host {

/// @param what            the damage, for the log
/// @param least_sequence  the new file knows that numbers up to here have been used
/// @return the path of the damaged database
std::string salvage(const StateDirectory& directory, Log& log, std::string_view what, Sequence least_sequence);

/// Ends a salvage that a power cut interrupted. To be called before the database is opened.
void finish_salvage(const StateDirectory& directory);

}  // namespace meterseal::outbox::host
