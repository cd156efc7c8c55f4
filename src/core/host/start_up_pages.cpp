#include "core/host/start_up_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace meterseal::host {

namespace {

/// What is writable, and what became read-only after relocation (it lies in a writable segment), has no other copy.
int give_back(dl_phdr_info* object, std::size_t /*size*/, void* /*none*/) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
    const std::uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz + page - 1) / page * page;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT: an address of the loader
  }
  return 0;
}

}  // namespace

void give_back_start_up_pages() {
  ::dl_iterate_phdr(give_back, nullptr);
}

}  // namespace meterseal::host
