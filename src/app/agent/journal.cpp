#include "app/agent/journal.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/text.hpp"

namespace meterseal::app {

namespace {

constexpr std::string_view kTag = "OUT";
constexpr seconds kShortestPause{1};
constexpr seconds kLongestPause{30};

}  // namespace

Journal::Journal(boost::asio::io_context& loop, const Clock& clock, Log& log, outbox::Store& store,
                 CommitObserver& observer)
    : clock_(clock), log_(log), store_(store), observer_(observer), retry_(loop) {}

void Journal::keep(outbox::Record record, std::vector<outbox::NamedValue> values) {
  waiting_bytes_ += record.body.size();
  waiting_.push_back(std::move(record));
  take(std::move(values));
  bound();
  commit();
}

void Journal::keep(std::vector<outbox::NamedValue> values) {
  take(std::move(values));
  commit();
}

void Journal::flush(std::function<void()> done) {
  flushed_.push_back(std::move(done));
  is_flushing_ = true;
  commit();
}

void Journal::try_flush(std::function<void(Result<void>)> done) {
  tried_.push_back(std::move(done));
  is_flushing_ = true;
  is_resting_ = false;
  retry_.cancel();
  commit();
}

void Journal::take(std::vector<outbox::NamedValue> values) {
  for (auto& [name, value] : values) values_[name] = std::move(value);
}

void Journal::bound() {
  std::uint32_t lost = 0;
  while (waiting_.size() > kMaxWaiting || waiting_bytes_ > kMaxBytes) {
    waiting_bytes_ -= waiting_.front().body.size();
    waiting_.pop_front();
    ++lost;
  }
  if (lost == 0) return;
  const auto kept_back = lost_guard_.tell(clock_.now());
  if (!kept_back) return;
  log_.warn(kTag, Text<200>("the store has taken nothing for long, ")
                      .add_uint(lost + *kept_back)
                      .add(" of the oldest readings in memory are lost"));
}

void Journal::commit() {
  if (is_committing_ || is_resting_) return;
  if (waiting_.empty() && values_.empty() && !is_flushing_) {
    for (const auto& done : std::exchange(flushed_, {})) done();
    for (const auto& done : std::exchange(tried_, {})) done({});
    return;
  }
  is_committing_ = true;
  is_flushing_ = false;
  committing_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  waiting_bytes_ = 0;
  committing_values_ = std::move(values_);
  values_.clear();

  outbox::Commit commit;
  commit.add = committing_;
  commit.values.assign(committing_values_.begin(), committing_values_.end());
  commit.remove = observer_.removals();
  store_.commit(std::move(commit), [this, alive = std::weak_ptr<const int>(alive_)](Result<outbox::Committed> result) {
    if (!alive.expired()) done(std::move(result));
  });
}

void Journal::done(Result<outbox::Committed> result) {
  is_committing_ = false;
  if (!result) {
    failed(result.error());
    return;
  }
  succeeded(*result);
  commit();
}

void Journal::succeeded(const outbox::Committed& committed) {
  if (pause_ > seconds{0}) log_.info(kTag, "the store takes readings again");
  pause_ = seconds{0};
  if (committed.dropped > 0) {
    if (const auto kept_back = dropped_guard_.tell(clock_.now())) {
      log_.warn(kTag, Text<200>("the outbox is full: old readings were ")
                          .add(outbox::name_of(committed.relief))
                          .add(", between ")
                          .add_uint(committed.dropped_first)
                          .add(" and ")
                          .add_uint(committed.dropped_last)
                          .add(*kept_back > 0 ? ", and others before" : ""));
    }
  }
  std::vector<outbox::Record> records = std::move(committing_);
  committing_.clear();
  for (std::size_t i = 0; i < records.size() && i < committed.added.size(); ++i) {
    records[i].sequence = committed.added[i];
  }
  observer_.on_committed(std::move(records));
}

void Journal::failed(const Error& error) {
  observer_.on_commit_failed();
  // The same trouble every 30 s for a week is one line.
  if (pause_ == seconds{0}) log_.error(kTag, error);
  if (error.code.error_class == ErrorClass::retry) {
    for (const auto& record : committing_) waiting_bytes_ += record.body.size();
    waiting_.insert(waiting_.begin(), std::make_move_iterator(committing_.begin()),
                    std::make_move_iterator(committing_.end()));
    values_.merge(committing_values_);  // keeps the newer ones
  }  // else it would be refused for ever and hold up all that follow
  committing_.clear();
  committing_values_.clear();
  bound();

  pause_ = std::clamp(pause_ * 2, kShortestPause, kLongestPause);
  is_resting_ = true;
  retry_.expires_after(pause_);
  retry_.async_wait([this, alive = std::weak_ptr<const int>(alive_)](const boost::system::error_code& stopped) {
    if (stopped || alive.expired()) return;
    is_resting_ = false;
    commit();
  });
  for (const auto& done : std::exchange(tried_, {})) done(tl::unexpected(error));
}

}  // namespace meterseal::app
