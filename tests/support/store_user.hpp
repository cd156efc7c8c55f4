#pragma once

// A store with its loop, asked one thing at a time.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "outbox/host/sqlite_store.hpp"
#include "support/fakes.hpp"
#include "support/loop.hpp"

namespace meterseal::test {

inline outbox::Record record(std::string body, std::int64_t at_ms = 0, std::optional<std::int64_t> utc_ms = 0,
                             BootId boot = 1) {
  outbox::Record made;
  made.stamp.boot = boot;
  made.stamp.at = Instant(milliseconds(at_ms));
  if (utc_ms) made.stamp.utc = UtcTime(milliseconds(*utc_ms));
  made.body = std::move(body);
  return made;
}

class StoreUser {
 public:
  explicit StoreUser(outbox::host::StoreSettings settings) : settings_(std::move(settings)) {}
  explicit StoreUser(const std::string& directory) { settings_.directory = directory; }

  [[nodiscard]] Result<void> try_open() {
    close();
    auto opened = outbox::host::SqliteStore::open(loop_, log, settings_);
    if (!opened) return tl::unexpected(opened.error());
    store_ = std::move(*opened);
    return {};
  }
  void open() {
    const Result<void> opened = try_open();
    if (!opened) FAIL() << opened.error().code.name << " " << opened.error().detail.view();
  }
  void close() { store_.reset(); }
  [[nodiscard]] outbox::host::SqliteStore& store() { return *store_; }
  [[nodiscard]] const outbox::host::Found& found() const { return store_->found(); }
  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }

  [[nodiscard]] Result<outbox::Committed> commit(outbox::Commit commit) {
    return ask<outbox::Committed>([&](auto done) { store_->commit(std::move(commit), done); });
  }
  [[nodiscard]] Result<outbox::Committed> add(std::vector<std::string> bodies) {
    outbox::Commit commit;
    for (std::string& body : bodies) commit.add.push_back(record(std::move(body)));
    return this->commit(std::move(commit));
  }
  [[nodiscard]] Result<std::vector<outbox::Record>> fetch(outbox::Sequence after = 0, std::size_t limit = 1000) {
    return ask<std::vector<outbox::Record>>([&](auto done) { store_->fetch(after, limit, done); });
  }
  /// All records, page by page.
  [[nodiscard]] std::vector<outbox::Record> all() {
    std::vector<outbox::Record> records;
    for (;;) {
      auto page = fetch(records.empty() ? 0 : records.back().sequence);
      EXPECT_TRUE(page) << page.error().detail.view();
      if (!page || page->empty()) return records;
      records.insert(records.end(), page->begin(), page->end());
    }
  }
  [[nodiscard]] std::vector<std::string> bodies() {
    std::vector<std::string> bodies;
    for (const outbox::Record& r : all()) bodies.push_back(r.body);
    return bodies;
  }
  [[nodiscard]] Result<std::size_t> relabel(BootId boot, std::int64_t zero_ms) {
    return ask<std::size_t>([&](auto done) { store_->relabel(boot, UtcTime(milliseconds(zero_ms)), done); });
  }
  [[nodiscard]] Result<outbox::Depth> depth() {
    return ask<outbox::Depth>([&](auto done) { store_->depth(done); });
  }

  CollectingLog log;

 private:
  template <class Value, class Call>
  Result<Value> ask(Call call) {
    Result<Value> answer = fail(outbox::store_failed, "", "no answer");
    bool answered = false;
    call([&](Result<Value> result) {
      answer = std::move(result);
      answered = true;
    });
    EXPECT_TRUE(run_until(loop_, [&] { return answered; }, std::chrono::seconds(60)));
    return answer;
  }

  outbox::host::StoreSettings settings_;
  boost::asio::io_context loop_;
  std::unique_ptr<outbox::host::SqliteStore> store_;
};

}  // namespace meterseal::test
