#pragma once

// The boundary between the web room and the device: what the page may see of it and do to it, as plain values. The app
// implements it over its parts; tests by a fake. What is a setting is changed by a console line, by the rules of the
// console; authorities, meters and backups, which are files, have calls of their own. Secrets come in but never out,
// unless sealed.
//
// Units in names. Thread: loop thread. What is returned belongs to the caller.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "console/console.hpp"
#include "core/time.hpp"

namespace meterseal::web {

/// nullopt: not measured, not derived, or not read lately. Never zero for that.
using Value = std::optional<std::int64_t>;

struct PhaseValues {
  Value voltage_mv;
  Value current_ma;
  Value power_mw;
  Value apparent_mva;
  Value reactive_mvar;
  Value factor_permille;
};

struct MeterView {
  std::string name;
  std::string model;    ///< "Eastron SDM630"
  std::string trouble;  ///< why there are no readings; empty: it answers
  std::optional<seconds> age;
  PhaseValues whole;
  std::vector<PhaseValues> phases;  ///< none or three
  Value frequency_mhz;
  Value today_mwh;
  Value yesterday_mwh;
  Value total_mwh;
  Value exported_mwh;
};

enum class Seal : std::uint8_t {
  sealed,     ///< connected, the broker has proved who it is
  plaintext,  ///< connected without TLS, which the owner has allowed
  learned,    ///< a fingerprint waits for a person to confirm it
  refused,    ///< the broker was refused
  offline,    ///< no connection for another reason
};

/// What the next renewal of the broker's certificate will do, and how to prepare for it.
struct RenewalView {
  std::string fate;  ///< empty: nothing is known of the broker yet
  std::string hint;  ///< empty: nothing needs to be done
  std::string line;  ///< console line that does what is proposed; empty: no line can
};

struct SealView {
  Seal state = Seal::offline;
  std::string broker;  ///< "broker.example.com:8883"
  std::string mode;    ///< "fingerprint", "ca", "ca+fingerprint", "off"
  std::string by;      ///< what it was believed by, for people
  std::string version;
  std::string suite;
  std::optional<UtcTime> expires;  ///< of the broker's certificate
  std::string served;              ///< fingerprint of the certificate that was served; empty: unknown
  std::string code;                ///< "trust_pin_mismatch"; empty: nothing is wrong
  std::string reason;
  std::string remedy;
  std::string remedy_line;  ///< console line that mends it once a person has compared; empty: no line can
  RenewalView renewal;
};

/// One line of Information: "Program", "Version", "0.1.0".
struct Fact {
  std::string group;
  std::string name;
  std::string value;
};

/// The value of a console command as a form shows it.
struct Setting {
  std::string value;  ///< of secrets: empty or "****"
  enum class State : std::uint8_t {
    unknown,  ///< this build has no such command
    fixed,    ///< not by this page
    open
  } state = State::unknown;
  std::string_view by;  ///< of a fixed one: what decides, for people; a constant
};

/// One figure for Prometheus.
struct Metric {
  std::string_view name;  ///< "outbox_records"; "meterseal_" is put in front
  std::string_view help;
  enum class Kind : std::uint8_t {
    gauge,
    counter
  } kind = Kind::gauge;
  std::vector<std::pair<std::string_view, std::string>> labels;
  std::int64_t value = 0;
  unsigned scale = 0;  ///< value * 10^-scale
};

/// What takes a while and needs the network or the bus. At most one runs.
enum class Task : std::uint8_t {
  fetch_fingerprint,  ///< of the broker "HOST:PORT", without believing it
  check_connection,   ///< the doctor's list for "HOST:PORT"
  try_meter,          ///< reads a meter that is not configured yet: "DEVICE BAUD PARITY ADDRESS PROFILE"
};

/// What came of trying a change beside the running connection.
struct Proof {
  enum class Outcome : std::uint8_t {
    holds,
    fails
  } outcome = Outcome::fails;
  std::string json;  ///< {"steps":[...]}, for people
};

/// A certificate that is trusted by itself.
struct AuthorityView {
  std::string subject;
  std::string sha256;   ///< "AA:BB:..."
  std::string expires;  ///< "Dec 31 23:59:59 2049 GMT"
};
struct AuthoritiesView {
  enum class Place : std::uint8_t {
    system,    ///< those of the machine
    uploaded,  ///< those of a file that came by this page
    declared   ///< the configuration file says where; no upload counts
  } place = Place::system;
  std::string where;                ///< path; empty: uploaded
  std::vector<AuthorityView> list;  ///< of uploaded ones
};

using console::ScanRange;

/// A change of the buses and meters of a device that has made its site itself.
struct MeterChange {
  enum class Kind : std::uint8_t {
    put,     ///< a meter; under a name that is there it takes that one's place
    remove,  ///< a meter; not the primary one
    line     ///< of a bus
  } kind = Kind::put;
  std::size_t bus = 0;  ///< with put: one more than there are makes a bus with this line
  std::string name;
  std::string address;
  std::string profile;
  std::string port;  ///< "/dev/ttyUSB0", "tcp:HOST:PORT", "rtu:HOST:PORT"
  std::string baud;
  std::string parity;
  bool may_be_missing = false;  ///< a serial port need not be there yet
};

class DeviceView {
 public:
  virtual ~DeviceView() = default;

  [[nodiscard]] virtual std::string name() const = 0;  ///< for people
  [[nodiscard]] virtual std::optional<CivilTime> local_time() const = 0;
  [[nodiscard]] virtual std::vector<MeterView> meters() = 0;
  [[nodiscard]] virtual SealView seal() const = 0;
  [[nodiscard]] virtual std::uint64_t waiting_records() const = 0;
  [[nodiscard]] virtual std::vector<Fact> facts() = 0;
  [[nodiscard]] virtual std::vector<Metric> metrics() = 0;
  /// The last lines of the program's log, oldest first.
  [[nodiscard]] virtual std::vector<std::string> log_lines() const = 0;

  [[nodiscard]] virtual Setting setting(std::string_view command) const = 0;
  [[nodiscard]] virtual console::Replies run(std::string_view line, const console::Caller& caller) = 0;

  /// Do these lines change the broker, who this device is to it, or how it is known?
  [[nodiscard]] virtual bool needs_proof(const std::vector<std::string>& lines) const = 0;
  /// Goes the way to the broker as it would be with these lines; nothing is changed. `done` is called later, once.
  virtual void prove(const std::vector<std::string>& lines, std::function<void(Proof)> done) = 0;

  [[nodiscard]] virtual AuthoritiesView authorities() const = 0;
  /// @return what is in a text in PEM of at most 64 KiB, or why it cannot be used
  [[nodiscard]] virtual Result<std::vector<AuthorityView>> read_authorities(std::string_view pem) const = 0;
  /// Goes the way to the broker with them; nothing is kept.
  virtual void prove_authorities(const std::string& pem, std::function<void(Proof)> done) = 0;
  /// They count from now on. A connection that stands is ended unless it was proved that they would accept it.
  /// @param pem  empty: those of the system again
  virtual Result<void> keep_authorities(std::string_view pem, Proof::Outcome proved) = 0;

  /// {"own","buses":[{"name","line","port","baud","parity","meters":[{"name","address","profile","primary"}]}],
  /// "profiles":[...],"running","bus","asked","of","found":[{"address","fits":[...]}]}; own: change_meters() can
  [[nodiscard]] virtual std::string scan_json() const = 0;
  /// Asks each address between the normal polls, and goes on until done, cancelled, or ten minutes have passed.
  virtual Result<void> start_scan(const ScanRange& range) = 0;
  virtual void cancel_scan() = 0;
  /// Reads one meter of a bus now: {"answers":true,"values":[...]} or {"error","hint"}. Bounded: 10 s.
  virtual void test_meter(std::size_t bus, std::uint8_t address, const std::string& profile,
                          std::function<void(std::string)> done) = 0;

  /// Keeps the change and restarts with it; what a start would refuse is refused, and nothing has changed.
  virtual Result<void> change_meters(const MeterChange& change) = 0;

  /// `done` is called later, once, with a JSON object for the page, which never holds a secret.
  virtual void start(Task task, const std::string& argument, std::function<void(std::string)> done) = 0;

  /// Everything that its owner has made of this device, sealed with the passphrase. `done` is called once, with the
  /// bytes of a file or why there is none.
  virtual void back_up(const std::string& passphrase, std::function<void(Result<std::string>)> done) = 0;
  /// Opens such a file and checks whether this device could start with it. `done` is called once, with
  /// {"device","made","version","brokers":[...],"meters":[...],"users":[...],"tokens":[...]} or why it cannot.
  virtual void open_backup(const std::string& passphrase, const std::string& backup,
                           std::function<void(Result<std::string>)> done) = 0;
  /// From within that `done`: keeps what was opened, and restarts with it.
  virtual Result<void> restore_opened() = 0;
};

/// What the walk of the first boot can offer and does in the end.
class SetupDesk {
 public:
  struct Choices {
    std::vector<std::string> serial_ports;
    std::vector<std::pair<std::string, std::string>> profiles;  ///< "sdm630", "Eastron SDM630"
    std::string topic;                                          ///< proposed
  };
  struct Site {
    std::string topic;
    std::string port;  ///< serial device, or "tcp:HOST:PORT", "rtu:HOST:PORT"
    std::string baud;
    std::string parity;
    std::string address;
    std::string profile;
    std::string broker;  ///< HOST:PORT
    std::string user;
    std::string password;
    std::string mode;  ///< "fingerprint", "ca"
    std::string fingerprint;
    std::string renewal;  ///< "same-key", "same-ca"; empty: the default
  };

  virtual ~SetupDesk() = default;
  [[nodiscard]] virtual Choices choices() = 0;
  /// Same as DeviceView::start(), while there is no device yet.
  virtual void start(Task task, const std::string& argument, std::function<void(std::string)> done) = 0;
  /// Goes the way to the broker and logs in there, if it is the one that was compared. `done` is called later, once.
  virtual void try_broker(const Site& site, std::function<void(Proof)> done) = 0;
  /// Keeps the site whole or not at all, marks the device as provisioned, and starts it.
  [[nodiscard]] virtual Result<void> finish(const Site& site) = 0;
  /// Same as of DeviceView: what was restored takes the place of the walk.
  virtual void open_backup(const std::string& passphrase, const std::string& backup,
                           std::function<void(meterseal::Result<std::string>)> done) = 0;
  virtual Result<void> restore_opened() = 0;
};

}  // namespace meterseal::web
