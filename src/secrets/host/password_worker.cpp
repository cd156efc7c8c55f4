#include <sodium.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <thread>
#include <utility>

#include "secrets/errors.hpp"
#include "secrets/host/sodium.hpp"

namespace meterseal::secrets::host {

namespace {

/// @source OWASP, Password Storage Cheat Sheet, Argon2id: m=12 MiB, t=3, p=1
constexpr unsigned long long kPasses = 3;
constexpr std::size_t kMemory = std::size_t{12} * 1024 * 1024;
constexpr std::size_t kMostWaiting = 4;

struct Job {
  std::string stored;  ///< empty: make a hash
  std::string password;
  std::function<void(Result<std::string>)> hashed;
  std::function<void(PasswordHasher::Answer)> verified;
};

struct Outcome {
  std::string hash;  ///< empty: no memory
  bool matches = false;
};

Outcome work(const std::string& stored, const std::string& password) {
  Outcome outcome;
  if (!stored.empty()) {
    outcome.matches = crypto_pwhash_str_verify(stored.c_str(), password.data(), password.size()) == 0;
    return outcome;
  }
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasses, kMemory,
                            crypto_pwhash_ALG_ARGON2ID13) == 0)
    outcome.hash = text.data();
  return outcome;
}

class PasswordWorker final : public PasswordHasher {
 public:
  explicit PasswordWorker(boost::asio::io_context& loop) : loop_(loop) {}
  ~PasswordWorker() override {
    if (thread_.joinable()) thread_.join();
    for (Job& job : waiting_) sodium_memzero(job.password.data(), job.password.size());
  }
  PasswordWorker(const PasswordWorker&) = delete;
  PasswordWorker& operator=(const PasswordWorker&) = delete;

  void hash(std::string password, std::function<void(Result<std::string>)> done) override {
    if (waiting_.size() >= kMostWaiting) {
      done(fail(hasher_busy, "password", "too many password checks wait"));
      return;
    }
    waiting_.push_back({{}, std::move(password), std::move(done), {}});
    start_next();
  }

  void verify(std::string stored, std::string password, std::function<void(Answer)> done) override {
    // An empty stored text would mean 'make a hash'; no password can match it.
    if (waiting_.size() >= kMostWaiting || stored.empty()) {
      done(stored.empty() ? Answer::wrong : Answer::busy);
      return;
    }
    waiting_.push_back({std::move(stored), std::move(password), {}, std::move(done)});
    start_next();
  }

 private:
  void start_next() {
    if (thread_.joinable() || waiting_.empty()) return;
    running_ = std::move(waiting_.front());
    waiting_.pop_front();
    // The thread owns copies of what it reads; the job stays on the loop thread.
    thread_ = std::thread([this, alive = std::weak_ptr<const int>(alive_), stored = running_.stored,
                           password = running_.password]() mutable {
      Outcome outcome = work(stored, password);
      sodium_memzero(password.data(), password.size());
      boost::asio::post(loop_, [this, alive, outcome = std::move(outcome)] {
        if (!alive.expired()) finish(outcome);
      });
    });
  }

  void finish(const Outcome& outcome) {
    thread_.join();
    thread_ = {};
    const Job job = std::exchange(running_, {});
    start_next();
    if (job.verified) job.verified(outcome.matches ? Answer::right : Answer::wrong);
    if (!job.hashed) return;
    if (outcome.hash.empty()) {
      job.hashed(fail(hasher_busy, "password", "no 12 MiB of memory are free"));
    } else {
      job.hashed(outcome.hash);
    }
  }

  boost::asio::io_context& loop_;  // constant after construction

  // loop thread only
  std::deque<Job> waiting_;
  Job running_;
  std::thread thread_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);
};

}  // namespace

Result<std::unique_ptr<PasswordHasher>> make_password_hasher(boost::asio::io_context& loop) {
  if (sodium_init() < 0) return fail(sodium_failed, "libsodium", "could not be initialised");
  return std::make_unique<PasswordWorker>(loop);
}

}  // namespace meterseal::secrets::host
