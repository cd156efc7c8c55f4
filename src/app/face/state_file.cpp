#include "app/face/state_file.hpp"

#include "core/host/private_file.hpp"
#include "web/errors.hpp"

namespace meterseal::app {

Result<void> write_state_file(const std::string& path, std::string_view text) {
  const std::string fault = host::write_private_file(path, text);
  if (!fault.empty()) return fail(web::state_unwritable, path, fault);
  return {};
}

}  // namespace meterseal::app
