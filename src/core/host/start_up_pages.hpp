#pragma once

// Code and tables that only the start needed (symbols and relocations of libraries, the parsers of configuration and
// profiles) stay mapped for the life of a process and are counted as its memory, although nothing will touch them
// again.
//
// Thread: any. Errors: none, a kernel that does not do it is none.

namespace meterseal::host {

/// Unmaps the pages of all read-only parts of program and libraries. They stay in the kernel's page cache for as long
/// as it has room; one that is needed again comes back by itself.
void give_back_start_up_pages();

}  // namespace meterseal::host
