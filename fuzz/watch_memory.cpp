// Any text as the memory of `meterseal tls watch`: refused, or what is written back is read again as the same.

#include <cstdlib>

#include "app/toolbox/watch_list.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meterseal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<app::Watched> list{{{"broker", 8883}, {}, 0, 0, 0, {}}, {{"2001:db8::7", 443}, {}, 0, 0, 0, {}}};
  if (!app::recall(list, text, "memory")) return 0;
  std::vector<app::Watched> again = list;
  if (!app::recall(again, app::encode(list), "memory")) std::abort();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (again[i].served != list[i].served || again[i].told != list[i].told) std::abort();
  }
  return 0;
}
