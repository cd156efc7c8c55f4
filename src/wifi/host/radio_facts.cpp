#include "wifi/host/radio_facts.hpp"

#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace meterseal::wifi::host {

namespace {

/// BIP-CMAC-128. @source IEEE 802.11-2020, table 9-149
constexpr std::uint32_t kBip = 0x000FAC06;
/// A description of an adapter comes in some forty messages.
constexpr int kMostMessages = 512;
constexpr std::uint16_t kTypeMask = 0x3FFF;

/// In the byte order of this machine, as netlink has it; zeros where there are too few bytes.
template <class T>
T read(Bytes bytes) {
  T value{};
  if (bytes.size() >= sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// Calls `use(type, value)` for each attribute that is whole.
template <class F>
void for_each_attribute(Bytes bytes, F use) {
  while (bytes.size() >= sizeof(nlattr)) {
    const auto size = read<std::uint16_t>(bytes);
    const auto type = read<std::uint16_t>(bytes.subspan(2));
    if (size < sizeof(nlattr) || size > bytes.size()) return;
    use(static_cast<std::uint16_t>(type & kTypeMask), bytes.subspan(sizeof(nlattr), size - sizeof(nlattr)));
    const std::size_t whole = (std::size_t{size} + 3) & ~std::size_t{3};
    if (whole > bytes.size()) return;
    bytes = bytes.subspan(whole);
  }
}

class GenericNetlink {
 public:
  GenericNetlink() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC)) {
    const timeval at_most{1, 0};
    if (socket_ >= 0) (void)::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &at_most, sizeof at_most);
  }
  ~GenericNetlink() {
    if (socket_ >= 0) ::close(socket_);
  }
  GenericNetlink(const GenericNetlink&) = delete;
  GenericNetlink& operator=(const GenericNetlink&) = delete;

  struct Attribute {
    std::uint16_t type;
    Bytes value;
  };

  /// Calls `use(attributes)` for each message of the answer.
  template <class F>
  void ask(std::uint16_t family, std::uint16_t flags, std::uint8_t command, const std::vector<Attribute>& attributes,
           F use) const {
    std::vector<std::uint8_t> request(NLMSG_HDRLEN + GENL_HDRLEN);
    for (const Attribute& one : attributes) {
      const nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + one.value.size()), one.type};
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&head);
      request.insert(request.end(), bytes, bytes + sizeof head);
      request.insert(request.end(), one.value.begin(), one.value.end());
      request.resize((request.size() + 3) & ~std::size_t{3});
    }
    const nlmsghdr head{static_cast<std::uint32_t>(request.size()), family,
                        static_cast<std::uint16_t>(NLM_F_REQUEST | flags), 1, 0};
    std::memcpy(request.data(), &head, sizeof head);
    request[NLMSG_HDRLEN] = command;
    request[NLMSG_HDRLEN + 1] = 1;  // version
    if (socket_ < 0 || ::send(socket_, request.data(), request.size(), 0) < 0) return;
    std::array<std::uint8_t, 32768> buffer{};
    for (int i = 0; i < kMostMessages; ++i) {
      const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (size <= 0) return;
      Bytes rest = Bytes(buffer).first(static_cast<std::size_t>(size));
      while (rest.size() >= sizeof(nlmsghdr)) {
        const auto message = read<nlmsghdr>(rest);
        if (message.nlmsg_type == NLMSG_DONE || message.nlmsg_type == NLMSG_ERROR) return;
        if (message.nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN || message.nlmsg_len > rest.size()) return;
        use(rest.subspan(NLMSG_HDRLEN + GENL_HDRLEN, message.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN));
        if ((message.nlmsg_flags & NLM_F_MULTI) == 0) return;
        const std::size_t whole = NLMSG_ALIGN(message.nlmsg_len);
        rest = whole < rest.size() ? rest.subspan(whole) : Bytes{};
      }
    }
  }

 private:
  const int socket_;
};

}  // namespace

void take_in(Bytes attributes, RadioFacts& facts) {
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes value) {
    facts.is_known = true;
    if (type == NL80211_ATTR_DEVICE_AP_SME) facts.has_own_sme = true;
    if (type == NL80211_ATTR_CIPHER_SUITES) {
      for (Bytes rest = value; rest.size() >= 4; rest = rest.subspan(4)) {
        if (read<std::uint32_t>(rest) == kBip) facts.can_bip = true;
      }
    }
    constexpr std::size_t kByte = NL80211_EXT_FEATURE_SAE_OFFLOAD_AP / 8;
    constexpr unsigned kBit = 1U << (NL80211_EXT_FEATURE_SAE_OFFLOAD_AP % 8);
    if (type == NL80211_ATTR_EXT_FEATURES && value.size() > kByte && (value[kByte] & kBit) != 0)
      facts.can_offload_sae = true;
  });
}

std::string why_not_wpa3(const RadioFacts& facts) {
  if (!facts.is_known) return {};
  if (!facts.can_bip) return "this Wi-Fi adapter cannot protect management frames";
  if (facts.has_own_sme && !facts.can_offload_sae)
    return "the firmware of this Wi-Fi adapter knows no SAE as an access point";
  return {};
}

RadioFacts read_radio_facts(const std::string& interface) {
  RadioFacts facts;
  const std::uint32_t index = ::if_nametoindex(interface.c_str());
  if (index == 0) return facts;
  const GenericNetlink netlink;
  std::uint16_t family = 0;
  constexpr std::array<std::uint8_t, 8> kName{'n', 'l', '8', '0', '2', '1', '1', 0};
  netlink.ask(GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, {{CTRL_ATTR_FAMILY_NAME, kName}}, [&](Bytes attributes) {
    for_each_attribute(attributes, [&](std::uint16_t type, Bytes value) {
      if (type == CTRL_ATTR_FAMILY_ID) family = read<std::uint16_t>(value);
    });
  });
  if (family == 0) return facts;
  std::array<std::uint8_t, 4> index_bytes{};
  std::memcpy(index_bytes.data(), &index, sizeof index);
  netlink.ask(family, NLM_F_DUMP, NL80211_CMD_GET_WIPHY,
              {{NL80211_ATTR_IFINDEX, index_bytes}, {NL80211_ATTR_SPLIT_WIPHY_DUMP, {}}},
              [&](Bytes attributes) { take_in(attributes, facts); });
  return facts;
}

}  // namespace meterseal::wifi::host
