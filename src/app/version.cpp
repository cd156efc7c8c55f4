#include "app/version.hpp"

namespace meterseal::app {

std::string_view program_version() {
  return METERSEAL_VERSION;
}

std::string_view tls_library_version() {
  return METERSEAL_OPENSSL_VERSION;
}

}  // namespace meterseal::app
