#include "app/face/site_file.hpp"

#include <filesystem>
#include <system_error>

#include "app/agent/site_setup.hpp"
#include "core/host/private_file.hpp"
#include "web/errors.hpp"

namespace meterseal::app {

namespace {

Result<void> write(const std::string& path, std::string_view content) {
  const std::string fault = host::write_private_file(path, content);
  if (!fault.empty()) return fail(web::state_unwritable, path, fault);
  return {};
}

}  // namespace

Result<void> keep_site(const std::string& state_directory, std::string_view text, const Overlay& overlay) {
  const std::string file = state_directory + "/" + kSiteFile;
  // Beside it, so that what it names is found as later.
  const std::string trial = file + ".trial";
  if (auto kept = write(trial, text); !kept) return kept;
  const auto loaded = load_site(trial, overlay);
  std::error_code ignored;
  std::filesystem::remove(trial, ignored);
  if (!loaded) return tl::unexpected(loaded.error().front());
  return write(file, text);
}

}  // namespace meterseal::app
