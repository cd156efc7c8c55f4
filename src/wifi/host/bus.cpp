#include "wifi/host/bus.hpp"

#include <dlfcn.h>
#include <poll.h>
#include <systemd/sd-bus.h>

#include <cerrno>
#include <cstring>
#include <type_traits>

#include "wifi/device_choice.hpp"
#include "wifi/errors.hpp"

namespace meterseal::wifi::host {

namespace {

constexpr const char* kManager = "org.freedesktop.NetworkManager";
constexpr const char* kManagerPath = "/org/freedesktop/NetworkManager";
constexpr std::uint64_t kCallTimeout_us = 5'000'000;
constexpr std::uint64_t kActivateTimeout_us = 20'000'000;

/// What is used of libsystemd. It is opened when an access point was asked for and not before: an agent that is not in
/// set-up shall not carry it.
struct SdBus {
  decltype(&::sd_bus_open_system) open_system;
  decltype(&::sd_bus_flush_close_unref) flush_close_unref;
  decltype(&::sd_bus_message_new_method_call) new_method_call;
  decltype(&::sd_bus_message_set_auto_start) set_auto_start;
  decltype(&::sd_bus_message_open_container) open_container;
  decltype(&::sd_bus_message_close_container) close_container;
  decltype(&::sd_bus_message_append) append;
  decltype(&::sd_bus_message_append_array) append_array;
  decltype(&::sd_bus_message_append_basic) append_basic;
  decltype(&::sd_bus_message_enter_container) enter_container;
  decltype(&::sd_bus_message_exit_container) exit_container;
  decltype(&::sd_bus_message_read_basic) read_basic;
  decltype(&::sd_bus_message_read) read;
  decltype(&::sd_bus_message_skip) skip;
  decltype(&::sd_bus_message_unref) message_unref;
  decltype(&::sd_bus_call) call;
  decltype(&::sd_bus_error_free) error_free;
  decltype(&::sd_bus_match_signal) match_signal;
  decltype(&::sd_bus_process) process;
  decltype(&::sd_bus_get_fd) get_fd;
  bool is_whole = true;
};

template <class F>
void find(void* library, const char* name, F& function, bool& is_whole) {
  function = reinterpret_cast<F>(::dlsym(library, name));
  if (function == nullptr) is_whole = false;
}

/// nullptr: not installed. Never closed: the library does not allow it.
const SdBus* sd_bus() {
  static const SdBus functions = [] {
    SdBus found{};
    void* library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      found.is_whole = false;
      return found;
    }
    bool& whole = found.is_whole;
    find(library, "sd_bus_open_system", found.open_system, whole);
    find(library, "sd_bus_flush_close_unref", found.flush_close_unref, whole);
    find(library, "sd_bus_message_new_method_call", found.new_method_call, whole);
    find(library, "sd_bus_message_set_auto_start", found.set_auto_start, whole);
    find(library, "sd_bus_message_open_container", found.open_container, whole);
    find(library, "sd_bus_message_close_container", found.close_container, whole);
    find(library, "sd_bus_message_append", found.append, whole);
    find(library, "sd_bus_message_append_array", found.append_array, whole);
    find(library, "sd_bus_message_append_basic", found.append_basic, whole);
    find(library, "sd_bus_message_enter_container", found.enter_container, whole);
    find(library, "sd_bus_message_exit_container", found.exit_container, whole);
    find(library, "sd_bus_message_read_basic", found.read_basic, whole);
    find(library, "sd_bus_message_read", found.read, whole);
    find(library, "sd_bus_message_skip", found.skip, whole);
    find(library, "sd_bus_message_unref", found.message_unref, whole);
    find(library, "sd_bus_call", found.call, whole);
    find(library, "sd_bus_error_free", found.error_free, whole);
    find(library, "sd_bus_match_signal", found.match_signal, whole);
    find(library, "sd_bus_process", found.process, whole);
    find(library, "sd_bus_get_fd", found.get_fd, whole);
    return found;
  }();
  return functions.is_whole ? &functions : nullptr;
}

struct CloseBus {
  void operator()(::sd_bus* bus) const { sd_bus()->flush_close_unref(bus); }
};
struct Unref {
  void operator()(sd_bus_message* message) const { sd_bus()->message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, Unref>;

/// Freed in any case.
struct BusError {
  BusError() = default;
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;
  ~BusError() { sd_bus()->error_free(&error); }
  sd_bus_error error = SD_BUS_ERROR_NULL;
};

/// Comes from another program: into our log only as plain text.
std::string plain(std::string_view text) {
  std::string kept;
  for (const char c : text.substr(0, 200)) kept += c >= ' ' && c <= '~' ? c : '?';
  return kept;
}

Error refusal(const sd_bus_error& error, int result, std::string_view what) {
  const std::string_view name = error.name == nullptr ? "" : error.name;
  if (name.ends_with("ServiceUnknown") || name.ends_with("NameHasNoOwner"))
    return make_error(manager_missing, "NetworkManager", "NetworkManager does not run");
  if (name.ends_with("PermissionDenied") || name.ends_with("AccessDenied") || name.ends_with("NotAuthorized"))
    return make_error(not_allowed, "NetworkManager", plain(error.message == nullptr ? name : error.message));
  const std::string why = plain(error.message != nullptr ? error.message : std::strerror(-result));
  return make_error(start_failed, what, why);
}

class OpenBus final : public Bus {
 public:
  explicit OpenBus(::sd_bus* bus) : bus_(bus) {}

  [[nodiscard]] Result<std::uint32_t> number(const std::string& object, const std::string& interface,
                                             const char* property) override {
    return basic<std::uint32_t>(object, interface, property, SD_BUS_TYPE_UINT32);
  }

  [[nodiscard]] Result<bool> flag(const std::string& object, const std::string& interface,
                                  const char* property) override {
    // sd-bus reads a boolean into an int.
    return basic<int>(object, interface, property, SD_BUS_TYPE_BOOLEAN).map([](int value) { return value != 0; });
  }

  [[nodiscard]] Result<std::string> text(const std::string& object, const std::string& interface,
                                         const char* property) override {
    return words(object, interface, property, SD_BUS_TYPE_STRING).map([](const std::string& text) {
      return plain(text);
    });
  }

  [[nodiscard]] Result<std::string> path(const std::string& object, const std::string& interface,
                                         const char* property) override {
    return words(object, interface, property, SD_BUS_TYPE_OBJECT_PATH);
  }

  [[nodiscard]] Result<std::vector<std::string>> paths(const std::string& object, const std::string& interface,
                                                       const char* property) override {
    auto reply = get(object, interface, property, "ao");
    if (!reply) return tl::unexpected(reply.error());
    std::vector<std::string> found;
    if (sd_.enter_container(reply->get(), SD_BUS_TYPE_ARRAY, "o") < 0) return unexpected_answer(property);
    while (found.size() < kMostPaths) {
      const char* one = next_text(reply->get(), SD_BUS_TYPE_OBJECT_PATH);
      if (one == nullptr) break;
      found.emplace_back(one);
    }
    return found;
  }

  [[nodiscard]] Result<std::string> first_address(const std::string& ip4_config) override {
    auto reply = get(ip4_config, ".IP4Config", "AddressData", "aa{sv}");
    if (!reply) return tl::unexpected(reply.error());
    sd_bus_message* message = reply->get();
    if (sd_.enter_container(message, SD_BUS_TYPE_ARRAY, "a{sv}") < 0) return unexpected_answer("AddressData");
    if (sd_.enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}") <= 0) return std::string();
    while (sd_.enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv") > 0) {
      const char* name = next_text(message, SD_BUS_TYPE_STRING);
      const char* address = nullptr;
      if (name == nullptr) break;
      if (std::strcmp(name, "address") == 0)
        return sd_.read(message, "v", "s", &address) > 0 ? Result<std::string>(plain(address))
                                                         : unexpected_answer("AddressData");
      if (sd_.skip(message, "v") < 0 || sd_.exit_container(message) < 0) break;
    }
    return std::string();
  }

  [[nodiscard]] Result<std::string> activate(const std::vector<SettingGroup>& settings,
                                             const std::string& device) override {
    auto call = new_call(kManagerPath, kManager, "AddAndActivateConnection2");
    if (!call) return tl::unexpected(call.error());
    sd_bus_message* message = call->get();
    bool good = sd_.open_container(message, SD_BUS_TYPE_ARRAY, "{sa{sv}}") >= 0;
    for (const SettingGroup& group : settings) good = good && append(message, group);
    good = good && sd_.close_container(message) >= 0;
    // Kept in memory only, and gone when this connection to the bus is.
    good = good && sd_.append(message, "ooa{sv}", device.c_str(), "/", 2, "persist", "s", "volatile", "bind-activation",
                              "s", "dbus-client") >= 0;
    if (!good) return fail(start_failed, "NetworkManager", "the settings do not fit into a message");
    auto reply = send(message, kActivateTimeout_us, "AddAndActivateConnection2");
    if (!reply) return tl::unexpected(reply.error());
    const char* connection = nullptr;
    const char* active = nullptr;
    if (sd_.read(reply->get(), "oo", &connection, &active) <= 0) return unexpected_answer("AddAndActivateConnection2");
    return std::string(active);
  }

  void deactivate(const std::string& active) override {
    auto call = new_call(kManagerPath, kManager, "DeactivateConnection");
    if (!call || sd_.append(call->get(), "o", active.c_str()) < 0) return;
    // Where this fails the end of the connection to the bus does the same.
    (void)send(call->get(), kCallTimeout_us, "DeactivateConnection");
  }

  [[nodiscard]] Result<void> watch(const std::string& device) override {
    failure_ = 0;
    const int result = sd_.match_signal(bus_.get(), nullptr, kManager, device.c_str(),
                                        "org.freedesktop.NetworkManager.Device", "StateChanged", &note_state, this);
    if (result < 0) return fail(start_failed, device, std::strerror(-result));
    return {};
  }

  void wait(int stop, milliseconds at_most) override {
    while (sd_.process(bus_.get(), nullptr) > 0) {
    }
    pollfd waiting[2] = {{sd_.get_fd(bus_.get()), POLLIN, 0}, {stop, POLLIN, 0}};
    (void)::poll(waiting, 2, static_cast<int>(at_most.count()));
    while (sd_.process(bus_.get(), nullptr) > 0) {
    }
  }

  [[nodiscard]] std::uint32_t failure_of_device() const override { return failure_; }

 private:
  static constexpr std::size_t kMostPaths = 64;

  static int note_state(sd_bus_message* message, void* self, sd_bus_error*) {
    std::uint32_t now = 0;
    std::uint32_t before = 0;
    std::uint32_t reason = 0;
    if (sd_bus()->read(message, "uuu", &now, &before, &reason) > 0 && now == kFailed)
      static_cast<OpenBus*>(self)->failure_ = reason;
    return 0;
  }

  static tl::unexpected<Error> unexpected_answer(std::string_view what) {
    return fail(start_failed, what, "NetworkManager's answer has another form than expected");
  }

  [[nodiscard]] Result<Message> new_call(const char* object, const char* interface, const char* member) {
    sd_bus_message* message = nullptr;
    const int result = sd_.new_method_call(bus_.get(), &message, kManager, object, interface, member);
    if (result < 0) return fail(bus_unreachable, member, std::strerror(-result));
    Message call(message);
    sd_.set_auto_start(message, 0);
    return call;
  }

  [[nodiscard]] Result<Message> send(sd_bus_message* message, std::uint64_t timeout_us, std::string_view what) {
    BusError error;
    sd_bus_message* reply = nullptr;
    const int result = sd_.call(bus_.get(), message, timeout_us, &error.error, &reply);
    if (result < 0) return tl::unexpected(refusal(error.error, result, what));
    return Message(reply);
  }

  /// The message stands inside the variant, whose type is the one expected.
  [[nodiscard]] Result<Message> get(const std::string& object, const std::string& interface, const char* property,
                                    const char* type) {
    auto call = new_call(object.c_str(), "org.freedesktop.DBus.Properties", "Get");
    if (!call) return tl::unexpected(call.error());
    if (sd_.append(call->get(), "ss", (kManager + interface).c_str(), property) < 0) return unexpected_answer(property);
    auto reply = send(call->get(), kCallTimeout_us, property);
    if (!reply) return tl::unexpected(reply.error());
    if (sd_.enter_container(reply->get(), SD_BUS_TYPE_VARIANT, type) <= 0) return unexpected_answer(property);
    return std::move(*reply);
  }

  /// Belongs to the message. nullptr: there is no further one.
  [[nodiscard]] const char* next_text(sd_bus_message* message, char type) const {
    const char* text = nullptr;
    return sd_.read_basic(message, type, static_cast<void*>(&text)) > 0 ? text : nullptr;
  }

  template <class T>
  [[nodiscard]] Result<T> basic(const std::string& object, const std::string& interface, const char* property,
                                char type) {
    const char types[] = {type, '\0'};
    auto reply = get(object, interface, property, types);
    if (!reply) return tl::unexpected(reply.error());
    T value{};
    if (sd_.read_basic(reply->get(), type, &value) <= 0) return unexpected_answer(property);
    return value;
  }

  [[nodiscard]] Result<std::string> words(const std::string& object, const std::string& interface, const char* property,
                                          char type) {
    const char types[] = {type, '\0'};
    auto reply = get(object, interface, property, types);
    if (!reply) return tl::unexpected(reply.error());
    const char* value = next_text(reply->get(), type);
    if (value == nullptr) return unexpected_answer(property);
    return std::string(value);
  }

  [[nodiscard]] bool append(sd_bus_message* message, const SettingGroup& group) const {
    bool good = sd_.open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}") >= 0 &&
                sd_.append_basic(message, SD_BUS_TYPE_STRING, group.name) >= 0 &&
                sd_.open_container(message, SD_BUS_TYPE_ARRAY, "{sv}") >= 0;
    for (const Setting& setting : group.settings) {
      good = good && sd_.open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv") >= 0 &&
             sd_.append_basic(message, SD_BUS_TYPE_STRING, setting.name) >= 0 &&
             std::visit([&](const auto& value) { return append_variant(message, value); }, setting.value) &&
             sd_.close_container(message) >= 0;
    }
    return good && sd_.close_container(message) >= 0 && sd_.close_container(message) >= 0;
  }

  [[nodiscard]] bool append_variant(sd_bus_message* message, bool value) const {
    return sd_.append(message, "v", "b", static_cast<int>(value)) >= 0;
  }
  [[nodiscard]] bool append_variant(sd_bus_message* message, std::int32_t value) const {
    return sd_.append(message, "v", "i", value) >= 0;
  }
  [[nodiscard]] bool append_variant(sd_bus_message* message, std::uint32_t value) const {
    return sd_.append(message, "v", "u", value) >= 0;
  }
  [[nodiscard]] bool append_variant(sd_bus_message* message, const std::string& value) const {
    return sd_.append(message, "v", "s", value.c_str()) >= 0;
  }
  [[nodiscard]] bool append_variant(sd_bus_message* message, const RawBytes& value) const {
    return sd_.open_container(message, SD_BUS_TYPE_VARIANT, "ay") >= 0 &&
           sd_.append_array(message, SD_BUS_TYPE_BYTE, value.bytes.data(), value.bytes.size()) >= 0 &&
           sd_.close_container(message) >= 0;
  }
  [[nodiscard]] bool append_variant(sd_bus_message* message, const std::vector<std::string>& value) const {
    bool good = sd_.open_container(message, SD_BUS_TYPE_VARIANT, "as") >= 0 &&
                sd_.open_container(message, SD_BUS_TYPE_ARRAY, "s") >= 0;
    for (const std::string& one : value) good = good && sd_.append_basic(message, SD_BUS_TYPE_STRING, one.c_str()) >= 0;
    return good && sd_.close_container(message) >= 0 && sd_.close_container(message) >= 0;
  }

  const SdBus& sd_ = *sd_bus();
  const std::unique_ptr<::sd_bus, CloseBus> bus_;
  std::uint32_t failure_ = 0;
};

}  // namespace

Result<std::unique_ptr<Bus>> Bus::open() {
  if (sd_bus() == nullptr)
    return fail(bus_unreachable, "libsystemd.so.0", "the library is not installed (package libsystemd0)");
  ::sd_bus* bus = nullptr;
  const int result = sd_bus()->open_system(&bus);
  if (result < 0) return fail(bus_unreachable, "system bus", std::strerror(-result));
  return std::make_unique<OpenBus>(bus);
}

}  // namespace meterseal::wifi::host
