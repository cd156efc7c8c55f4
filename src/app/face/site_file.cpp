#include "app/face/site_file.hpp"

#include <filesystem>
#include <system_error>

#include "app/agent/site_setup.hpp"
#include "app/face/state_file.hpp"

namespace meterseal::app {

Result<void> keep_site(const std::string& state_directory, std::string_view text, const Overlay& overlay) {
  const std::string file = state_directory + "/" + kSiteFile;
  // Beside it, so that what it names is found as later.
  const std::string trial = file + ".trial";
  if (auto kept = write_state_file(trial, text); !kept) return kept;
  const auto loaded = load_site(trial, overlay);
  std::error_code ignored;
  std::filesystem::remove(trial, ignored);
  if (!loaded) return tl::unexpected(loaded.error().front());
  return write_state_file(file, text);
}

}  // namespace meterseal::app
