// The delivery machine in every world that can happen to it: all interleavings of ticks, work of the disk and its
// failures, confirmations in any order, broken connections, refusals, crashes and a clock that becomes known, until no
// new state is found. In each state:
//   every record that was ever committed is confirmed by the broker or still stored;
//   nothing is removed that was not confirmed, nothing is sent that was not committed or has no time;
//   a confirmed record is not sent again before a crash, and none is sent twice on one connection at a time;
//   SENSOR never goes back;
// With a receiver it is the receiver's word that counts: it gets messages before or after PUBACK, or never because the
// broker forgets them, its confirmations get lost or come late, and a stranger may confirm everything there is, which
// gives away what was sent on this connection and nothing else.
//   when nothing more goes wrong, everything is confirmed and the store is empty in the end.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_set>

#include "outbox/delivery_machine.hpp"

namespace meterseal::outbox {

/// What makes two machines behave differently from now on.
struct DeliveryPeek {
  static void add(std::string& key, std::uint64_t number) { key.append(std::to_string(number)).push_back(','); }
  static void add(std::string& key, Instant at, Instant now) {
    add(key, at > now ? static_cast<std::uint64_t>((at - now).count()) : 0);
  }
  static void add(std::string& key, const std::deque<Record>& records) {
    for (const Record& record : records) add(key, record.sequence);
    key.push_back('|');
  }
  static std::string key(const DeliveryMachine& m, Instant now) {
    std::string key(1, static_cast<char>('0' + static_cast<int>(m.state_)));
    add(key, m.live_);
    add(key, m.page_);
    for (const auto& [sequence, sent] : m.in_flight_) {
      add(key, sequence * 4 + static_cast<std::uint64_t>(sent.channel) * 2 + (sent.is_confirmed ? 1 : 0));
    }
    key.push_back('|');
    for (const auto& [sequence, sent] : m.awaiting_) {
      add(key, sequence * 8 + static_cast<std::uint64_t>(sent.channel) * 4 + (m.heard_at_ <= sent.since ? 2 : 0) +
                   (sent.since >= m.lengthened_at_ ? 1 : 0));
      add(key, sent.until, now);
    }
    key.push_back('|');
    add(key, static_cast<std::uint64_t>(m.patience_.count()) * 2 + (m.is_heard_ ? 1 : 0));
    for (const Sequence s : m.confirmed_) add(key, s);
    key.push_back('|');
    for (const Sequence s : m.removing_) add(key, s);
    key.push_back('|');
    const bool walks = m.state_ == DeliveryState::fetching || m.state_ == DeliveryState::replaying;
    add(key, walks ? m.cursor_ : 0);
    add(key, m.left_behind_.value_or(0));
    add(key, (m.is_fetch_pending_ ? 1U : 0U) + (m.is_fetch_void_ ? 2U : 0U));
    add(key, m.left_behind_ ? m.rest_until_ : now, now);
    add(key, m.paced_until_, now);
    add(key, m.confirmed_.empty() ? now : m.confirmed_at_ + DeliveryMachine::kIdle, now);
    add(key, m.wake_at_.value_or(now), now);
    return key;
  }
  static bool has_confirmed(const DeliveryMachine& m, Sequence s) {
    return m.confirmed_.contains(s) || m.removing_.contains(s);
  }
};

namespace {

/// How often each thing may still go wrong.
struct Budget {
  int ticks = 0;
  int ticks_without_time = 0;
  int crashes = 0;
  int breaks = 0;
  int disk_failures = 0;
  int refusals = 0;
  int forgotten = 0;  ///< what is under way to the receiver, or its word
  int forgeries = 0;
  ConfirmedBy confirmed_by = ConfirmedBy::broker;
};

struct Request {
  enum class Kind : std::uint8_t {
    commit,
    fetch,
    relabel
  };
  Kind kind = Kind::commit;
  std::optional<Record> add;
  std::vector<Sequence> remove;
  bool removes = false;
  Sequence after = 0;
  std::size_t limit = 0;
};

struct Answer {
  Request request;
  bool good = false;
  std::vector<Record> records;
};

class World {
 public:
  explicit World(Budget budget) : budget_(budget), machine_(fresh_machine()) {}

  Budget budget_;
  std::string fault;  ///< what must not be

  [[nodiscard]] std::string key() const {
    std::string key = DeliveryPeek::key(machine_, now_);
    const auto add = [&](std::uint64_t n) { DeliveryPeek::add(key, n); };
    for (const int n : {budget_.ticks, budget_.ticks_without_time, budget_.crashes, budget_.breaks,
                        budget_.disk_failures, budget_.refusals, budget_.forgotten, budget_.forgeries}) {
      add(static_cast<std::uint64_t>(n));
    }
    for (const auto& [sequence, record] : stored_) add(sequence * 2 + (record.stamp.utc ? 1 : 0));
    key += '/';
    for (const Sequence s : confirmed_) add(s);
    key += '/';
    for (const Sequence s : in_flight_) add(s);
    key += '/';
    for (const Sequence s : confirmed_in_this_life_) add(s);
    key += '/';
    for (const Sequence s : under_way_) add(s);
    key += '/';
    for (const Sequence s : words_) add(s);
    key += '/';
    if (budget_.forgeries > 0) {
      for (const Sequence s : sent_here_) add(s);
    }
    key += '/';
    for (const Request& r : requests_) add_to(key, r);
    key += '/';
    for (const Answer& a : answers_) {
      add_to(key, a.request);
      key += a.good ? '+' : '-';
      for (const Record& r : a.records) add(r.sequence * 2 + (r.stamp.utc ? 1 : 0));
    }
    add(last_);
    add(last_sensor_);
    key += online_ ? '1' : '0';
    return key;
  }

  // What can happen next. @return false: not now
  bool tick() { return budget_.ticks > 0 && begin_commit(budget_.ticks, 0); }
  bool tick_without_time() {
    return budget_.ticks_without_time > 0 && begin_commit(budget_.ticks_without_time, std::nullopt);
  }
  bool disk_works() { return !requests_.empty() && execute(true); }
  bool disk_fails() {
    if (requests_.empty() || budget_.disk_failures == 0) return false;
    --budget_.disk_failures;
    return execute(false);
  }
  bool answer_arrives() {
    if (answers_.empty()) return false;
    const Answer answer = std::move(answers_.front());
    answers_.pop_front();
    switch (answer.request.kind) {
      case Request::Kind::fetch: answer.good ? tell(Fetched{answer.records}) : tell(FetchFailed{}); break;
      case Request::Kind::relabel:
        if (answer.good) tell(Relabelled{});
        break;
      case Request::Kind::commit:
        if (answer.request.removes) answer.good ? tell(Removed{}) : tell(RemoveFailed{});
        if (answer.good && answer.request.add) tell(RecordsCommitted{answer.records});
        break;
    }
    return true;
  }
  bool connection_comes() {
    if (online_) return false;
    online_ = true;
    tell(Connected{});
    return true;
  }
  bool connection_breaks() {
    if (!online_ || budget_.breaks == 0) return false;
    --budget_.breaks;
    online_ = false;
    in_flight_.clear();
    sent_here_.clear();
    tell(Disconnected{});
    return true;
  }
  bool broker_confirms(std::size_t which) {
    if (which >= in_flight_.size()) return false;
    const Sequence sequence = *std::next(in_flight_.begin(), static_cast<std::ptrdiff_t>(which));
    in_flight_.erase(sequence);
    if (!has_receiver()) {
      confirmed_.insert(sequence);
      confirmed_in_this_life_.insert(sequence);
    }
    tell(Acknowledged{sequence});
    return true;
  }
  bool receiver_stores(std::size_t which) {
    if (which >= under_way_.size()) return false;
    const Sequence sequence = *std::next(under_way_.begin(), static_cast<std::ptrdiff_t>(which));
    under_way_.erase(sequence);
    confirmed_.insert(sequence);
    words_.insert(sequence);
    return true;
  }
  bool its_word_arrives() {
    if (words_.empty() || !online_) return false;
    Confirmed word;
    for (const Sequence s : words_) word.ranges.push_back({s, s});
    const std::set<Sequence> numbers = std::exchange(words_, {});
    tell(word);
    for (const Sequence s : numbers) {
      if (DeliveryPeek::has_confirmed(machine_, s)) confirmed_in_this_life_.insert(s);
    }
    return true;
  }
  bool broker_forgets() {
    if (under_way_.empty() || budget_.forgotten == 0) return false;
    --budget_.forgotten;
    under_way_.clear();
    return true;
  }
  bool its_word_is_lost() {
    if (words_.empty() || budget_.forgotten == 0) return false;
    --budget_.forgotten;
    words_.clear();
    return true;
  }
  bool stranger_confirms_everything() {
    if (!online_ || budget_.forgeries == 0) return false;
    --budget_.forgeries;
    confirmed_.insert(sent_here_.begin(), sent_here_.end());
    tell(Confirmed{{{1, INT64_MAX}}});
    return true;
  }
  bool broker_refuses() {
    if (in_flight_.empty() || budget_.refusals == 0) return false;
    --budget_.refusals;
    const Sequence sequence = *in_flight_.begin();
    in_flight_.erase(sequence);
    tell(OfferFailed{sequence});
    return true;
  }
  bool time_passes() {
    if (!wake_) return false;
    now_ = std::max(now_, *wake_);
    wake_.reset();
    tell(Woke{});
    return true;
  }
  bool clock_becomes_known() {
    const auto is_relabel = [](const Request& r) { return r.kind == Request::Kind::relabel; };
    if (std::any_of(requests_.begin(), requests_.end(), is_relabel)) return false;
    const auto has_no_time = [](const auto& entry) { return !entry.second.stamp.utc; };
    if (std::none_of(stored_.begin(), stored_.end(), has_no_time)) return false;
    Request request;
    request.kind = Request::Kind::relabel;
    requests_.push_back(request);
    return true;
  }
  bool crash() {
    if (budget_.crashes == 0) return false;
    --budget_.crashes;
    machine_ = fresh_machine();
    online_ = false;
    in_flight_.clear();
    sent_here_.clear();
    requests_.clear();
    answers_.clear();
    confirmed_in_this_life_.clear();
    wake_.reset();
    return true;
  }

  /// Nothing goes wrong any more. @return what was still left
  [[nodiscard]] std::string run_to_the_end() {
    for (int i = 0; i < 1000; ++i) {
      const bool any = connection_comes() || answer_arrives() || disk_works() || broker_confirms(0) ||
                       receiver_stores(0) || its_word_arrives() || clock_becomes_known() || tick() || time_passes();
      if (!fault.empty()) return fault;
      if (any) continue;
      return stored_.empty() && confirmed_.size() == last_ ? "" : "stays: " + key();
    }
    return "goes on for ever: " + key();
  }

 private:
  [[nodiscard]] bool has_receiver() const { return budget_.confirmed_by == ConfirmedBy::receiver; }
  [[nodiscard]] DeliveryMachine fresh_machine() const {
    return DeliveryMachine({.confirmed_by = budget_.confirmed_by,
                            .window = 2,
                            .history_rate = 1,
                            .history_burst = 1,
                            .page = 2,
                            .max_awaiting = 2,
                            .trial = 1});
  }

  static void add_to(std::string& key, const Request& request) {
    DeliveryPeek::add(key, static_cast<std::uint64_t>(request.kind));
    if (request.add) key += request.add->stamp.utc ? 't' : 'u';
    for (const Sequence s : request.remove) DeliveryPeek::add(key, s);
    DeliveryPeek::add(key, request.after);
  }

  bool begin_commit(int& budget, std::optional<std::int64_t> utc_ms) {
    --budget;
    Request request;
    request.add.emplace();
    if (utc_ms) request.add->stamp.utc = UtcTime(milliseconds(*utc_ms));
    tell(CommitBegins{}, &request);
    requests_.push_back(std::move(request));
    return true;
  }

  void tell(const DeliveryEvent& event, Request* commit = nullptr) {
    for (DeliveryAction& action : machine_.step(event, now_)) {
      std::visit([&](auto& a) { execute(a, commit); }, action);
    }
    if (machine_.awaiting() > 2) fault = "remembers more than it may";
    if (online_ != (machine_.state() != DeliveryState::offline)) fault = "does not know whether it is connected";
  }
  void execute(const Offer& offer, Request* /*commit*/) {
    const Sequence s = offer.record.sequence;
    if (!online_) fault = "offers without a connection";
    if (!offer.record.stamp.utc) fault = "offers a record without a time";
    if (s == 0 || s > last_) fault = "offers what was not committed";
    if (!in_flight_.insert(s).second) fault = "offers twice at a time";
    if (confirmed_in_this_life_.contains(s)) fault = "offers again what was confirmed";
    if (in_flight_.size() > 2) fault = "goes beyond the window";
    if (has_receiver()) {
      under_way_.insert(s);
      sent_here_.insert(s);
    }
    if (offer.channel == Channel::history) return;
    if (s <= last_sensor_) fault = "SENSOR goes back";
    last_sensor_ = s;
  }
  void execute(const Fetch& fetch, Request* /*commit*/) {
    Request request;
    request.kind = Request::Kind::fetch;
    request.after = fetch.after;
    request.limit = fetch.limit;
    requests_.push_back(request);
  }
  void execute(const Remove& remove, Request* commit) {
    if (remove.ride == Ride::alone) {
      commit = &requests_.emplace_back();
    } else if (commit == nullptr) {
      fault = "removes with a commit that does not begin";
      return;
    }
    commit->remove = remove.sequences;
    commit->removes = true;
  }
  void execute(const WakeAt& wake, Request* /*commit*/) { wake_ = wake.at; }

  bool execute(bool good) {
    Answer answer;
    answer.request = std::move(requests_.front());
    answer.good = good;
    requests_.pop_front();
    if (good) work(answer);
    answers_.push_back(std::move(answer));
    check();
    return true;
  }
  void work(Answer& answer) {
    Request& request = answer.request;
    switch (request.kind) {
      case Request::Kind::commit:
        for (const Sequence s : request.remove) {
          if (!confirmed_.contains(s)) fault = "removes what was not confirmed";
          stored_.erase(s);
        }
        if (request.add) {
          Record record = *request.add;
          record.sequence = ++last_;
          stored_.emplace(record.sequence, record);
          answer.records.push_back(record);
        }
        break;
      case Request::Kind::fetch:
        for (auto i = stored_.upper_bound(request.after); i != stored_.end(); ++i) {
          if (answer.records.size() == request.limit) break;
          answer.records.push_back(i->second);
        }
        break;
      case Request::Kind::relabel:
        for (auto& [sequence, record] : stored_) {
          if (!record.stamp.utc) record.stamp.utc = UtcTime{};
        }
        break;
    }
  }
  void check() {
    for (Sequence s = 1; s <= last_; ++s) {
      if (!confirmed_.contains(s) && !stored_.contains(s)) fault = "lost";
    }
  }

  DeliveryMachine machine_;
  Instant now_{seconds(1000)};
  std::optional<Instant> wake_;
  bool online_ = false;
  std::map<Sequence, Record> stored_;
  Sequence last_ = 0;
  std::set<Sequence> confirmed_;
  std::set<Sequence> confirmed_in_this_life_;
  std::set<Sequence> in_flight_;
  std::set<Sequence> under_way_;  ///< to the receiver
  std::set<Sequence> words_;      ///< its confirmations, under way to us
  std::set<Sequence> sent_here_;  ///< on this connection
  Sequence last_sensor_ = 0;
  std::deque<Request> requests_;
  std::deque<Answer> answers_;
};

struct Step {
  std::string_view name;
  bool (*take)(World&);
};
constexpr Step kSteps[] = {
    {"tick", [](World& w) { return w.tick(); }},
    {"tick without time", [](World& w) { return w.tick_without_time(); }},
    {"the disk works", [](World& w) { return w.disk_works(); }},
    {"the disk fails", [](World& w) { return w.disk_fails(); }},
    {"answer arrives", [](World& w) { return w.answer_arrives(); }},
    {"connected", [](World& w) { return w.connection_comes(); }},
    {"connection breaks", [](World& w) { return w.connection_breaks(); }},
    {"first confirmed", [](World& w) { return w.broker_confirms(0); }},
    {"second confirmed", [](World& w) { return w.broker_confirms(1); }},
    {"receiver stores the first", [](World& w) { return w.receiver_stores(0); }},
    {"receiver stores the second", [](World& w) { return w.receiver_stores(1); }},
    {"its word arrives", [](World& w) { return w.its_word_arrives(); }},
    {"the broker forgets", [](World& w) { return w.broker_forgets(); }},
    {"its word is lost", [](World& w) { return w.its_word_is_lost(); }},
    {"forged", [](World& w) { return w.stranger_confirms_everything(); }},
    {"refused", [](World& w) { return w.broker_refuses(); }},
    {"time passes", [](World& w) { return w.time_passes(); }},
    {"clock known", [](World& w) { return w.clock_becomes_known(); }},
    {"crash", [](World& w) { return w.crash(); }},
};

/// Breadth first, so that the way to a fault is the shortest one.
std::size_t explore(Budget budget) {
  struct Node {
    World world;
    std::string way;
  };
  std::unordered_set<std::string> seen;
  std::deque<Node> open;
  open.push_back({World(budget), ""});
  while (!open.empty()) {
    const Node node = std::move(open.front());
    open.pop_front();
    for (const Step& step : kSteps) {
      World next = node.world;
      if (!step.take(next)) continue;
      const std::string way = node.way + std::string(step.name) + ", ";
      std::string fault = next.fault;
      if (fault.empty() && !seen.insert(next.key()).second) continue;
      if (fault.empty()) fault = World(next).run_to_the_end();
      if (!fault.empty()) {
        ADD_FAILURE() << fault << "\nafter: " << way;
        return seen.size();
      }
      open.push_back({std::move(next), way});
    }
  }
  return seen.size();
}

std::size_t explore_all(std::span<const Budget> budgets) {
  std::size_t states = 0;
  for (const Budget& budget : budgets) states += explore(budget);
  testing::Test::RecordProperty("states", static_cast<int>(states));
  return states;
}

constexpr ConfirmedBy kReceiver = ConfirmedBy::receiver;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // a hundred times slower
constexpr Budget kWithBroker[] = {{.ticks = 2, .crashes = 1, .breaks = 1},
                                  {.ticks = 2, .crashes = 1, .disk_failures = 1}};

constexpr Budget kWithReceiver[] = {{.ticks = 1, .crashes = 1, .breaks = 1, .confirmed_by = kReceiver},
                                    {.ticks = 1, .crashes = 1, .forgotten = 1, .confirmed_by = kReceiver}};
#else
constexpr Budget kWithBroker[] = {{.ticks = 3, .crashes = 1, .breaks = 1},
                                  {.ticks = 2, .crashes = 1, .breaks = 1, .disk_failures = 1},
                                  {.ticks = 1, .ticks_without_time = 1, .crashes = 1, .breaks = 1},
                                  {.ticks = 2, .crashes = 1, .disk_failures = 1, .refusals = 1},
                                  {.ticks = 2, .crashes = 2, .breaks = 1}};

constexpr Budget kWithReceiver[] = {
    {.ticks = 2, .crashes = 1, .confirmed_by = kReceiver},
    {.ticks = 2, .breaks = 1, .confirmed_by = kReceiver},
    {.ticks = 2, .forgotten = 1, .confirmed_by = kReceiver},
    {.ticks = 2, .forgeries = 1, .confirmed_by = kReceiver},
    {.ticks = 1, .crashes = 1, .breaks = 1, .forgotten = 1, .confirmed_by = kReceiver},
    {.ticks = 1, .crashes = 1, .breaks = 1, .forgeries = 1, .confirmed_by = kReceiver},
    {.ticks = 1, .crashes = 1, .disk_failures = 1, .refusals = 1, .confirmed_by = kReceiver},
    {.ticks = 1, .ticks_without_time = 1, .forgeries = 1, .confirmed_by = kReceiver},
    {.ticks = 1, .ticks_without_time = 1, .crashes = 1, .confirmed_by = kReceiver}};
#endif

TEST(DeliveryModel, LosesNothingOverTwoBootsWhateverHappensInWhichOrder) {
  EXPECT_GT(explore_all(kWithBroker), 1000U);
}

TEST(DeliveryModel, LosesNothingThatNoReceiverHasWhateverHappensInWhichOrder) {
  EXPECT_GT(explore_all(kWithReceiver), 1000U);
}

}  // namespace
}  // namespace meterseal::outbox
