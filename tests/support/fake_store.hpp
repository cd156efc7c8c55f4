#pragma once

// A store that answers when the test says so, or fails as the test says. Keeps what was committed.

#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "outbox/store.hpp"

namespace meterseal::test {

class FakeStore : public outbox::Store {
 public:
  void commit(outbox::Commit commit, std::function<void(Result<outbox::Committed>)> done) override {
    waiting_.emplace_back(std::move(commit), std::move(done));
  }
  void fetch(outbox::Sequence after, std::size_t limit,
             std::function<void(Result<std::vector<outbox::Record>>)> done) override {
    std::vector<outbox::Record> found;
    for (auto it = records.upper_bound(after); it != records.end() && found.size() < limit; ++it) {
      found.push_back(it->second);
    }
    done(std::move(found));
  }
  void relabel(BootId /*boot*/, UtcTime /*zero*/, std::function<void(Result<std::size_t>)> done) override {
    done(std::size_t{0});
  }
  void depth(std::function<void(Result<outbox::Depth>)> done) override { done(outbox::Depth{records.size(), 0}); }

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] const outbox::Commit& next() const { return waiting_.front().first; }

  /// Does the oldest commit.
  void succeed() {
    auto [commit, done] = take();
    outbox::Committed committed;
    for (outbox::Record& record : commit.add) {
      record.sequence = ++last;
      committed.added.push_back(last);
      records.emplace(last, std::move(record));
    }
    for (const outbox::Sequence sequence : commit.remove) records.erase(sequence);
    for (auto& [name, value] : commit.values) values[name] = value;
    done(std::move(committed));
  }
  void fail_with(const Code& code) {
    auto [commit, done] = take();
    done(tl::unexpected(make_error(code, "store", "as the test wants")));
  }

  std::map<outbox::Sequence, outbox::Record> records;
  std::map<std::string, std::string> values;
  outbox::Sequence last = 0;

 private:
  using Waiting = std::pair<outbox::Commit, std::function<void(Result<outbox::Committed>)>>;

  Waiting take() {
    Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }

  std::deque<Waiting> waiting_;
};

}  // namespace meterseal::test
