#pragma once

// The access point that NetworkManager opens. Its bus blocks, so it runs on a worker that owns all it touches and knows
// no loop: it leaves what it has to tell in memory that both share and signals an eventfd.
//
// The destructor waits for the end of the access point, 3 s at most. When NetworkManager is slower, or when this
// process is killed, the access point ends with the connection to the bus. Thread: loop thread.

#include <memory>

#include "wifi/access_point.hpp"

namespace boost::asio {
class io_context;
}

namespace meterseal::wifi::host {

[[nodiscard]] std::unique_ptr<AccessPoint> make_access_point(boost::asio::io_context& loop);

}  // namespace meterseal::wifi::host
