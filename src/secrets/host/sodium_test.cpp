#include "secrets/host/sodium.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "secrets/errors.hpp"
#include "secrets/token.hpp"
#include "support/loop.hpp"

namespace meterseal::secrets::host {
namespace {

using Answer = PasswordHasher::Answer;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "secretsXXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Hasher : public ::testing::Test {
 protected:
  Answer verify(const std::string& stored, const std::string& password) {
    std::optional<Answer> answer;
    hasher->verify(stored, password, [&](Answer a) { answer = a; });
    test::run_until(loop, [&] { return answer.has_value(); });
    return answer.value();
  }
  std::string hash(const std::string& password) {
    std::optional<Result<std::string>> made;
    hasher->hash(password, [&](Result<std::string> r) { made = std::move(r); });
    test::run_until(loop, [&] { return made.has_value(); });
    return made.value().value();
  }

  boost::asio::io_context loop;
  std::unique_ptr<PasswordHasher> hasher = make_password_hasher(loop).value();
};

TEST_F(Hasher, RefusesEveryPasswordButTheOneThatWasStored) {
  const std::string stored = hash("correct horse battery");
  for (const std::string& wrong :
       {std::string(), std::string("correct horse batter"), std::string("correct horse battery "),
        std::string("Correct horse battery"), std::string("correct horse battery\0", 22)})
    EXPECT_EQ(verify(stored, wrong), Answer::wrong) << wrong;
  EXPECT_EQ(verify(stored, "correct horse battery"), Answer::right);
}

TEST_F(Hasher, NothingMatchesAStoredTextThatIsNoHash) {
  for (const char* stored : {"", "x", "$argon2id$", "correct horse battery"})
    EXPECT_EQ(verify(stored, "correct horse battery"), Answer::wrong) << stored;
}

TEST_F(Hasher, StoresArgon2idOfTwelveMebibytes) {
  const std::string stored = hash("correct horse battery");
  EXPECT_TRUE(stored.starts_with("$argon2id$v=19$m=12288,t=3,p=1$")) << stored;
  EXPECT_NE(stored, hash("correct horse battery")) << "the salt must differ";
}

TEST_F(Hasher, AnswersBusyInsteadOfQueueingWithoutEnd) {
  const std::string stored = hash("correct horse battery");
  std::vector<Answer> answers;
  for (int i = 0; i < 10; ++i) hasher->verify(stored, "wrong", [&](Answer a) { answers.push_back(a); });
  EXPECT_EQ(answers, std::vector<Answer>(5, Answer::busy)) << "one runs, four wait";
  test::run_until(loop, [&] { return answers.size() == 10; });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), Answer::wrong), 5);
}

TEST_F(Hasher, CanBeDestroyedWhileItWorks) {
  bool called = false;
  hasher->hash("correct horse battery", [&](const Result<std::string>&) { called = true; });
  hasher.reset();
  loop.poll();
  EXPECT_FALSE(called);
}

TEST(Sealer, RefusesWhatWasChangedMovedOrSealedElsewhere) {
  const Folder here;
  const Folder elsewhere;
  auto sealer = make_sealer(here.path()).value();
  auto other = make_sealer(elsewhere.path()).value();
  const std::string sealed = sealer->seal("mqtt.password", "a secret of the broker");
  EXPECT_EQ(sealed.find("secret of"), std::string::npos);

  std::string changed = sealed;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {std::string(), std::string("sealed1:"), std::string("sealed1:AAAA"), std::string("a secret"),
        sealed.substr(0, sealed.size() - 4), sealed + "AAAA", changed}) {
    const auto opened = sealer->open("mqtt.password", text);
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, seal_broken) << text;
  }
  EXPECT_EQ(sealer->open("web.password", sealed).error().code, seal_broken) << "under another name";
  EXPECT_EQ(other->open("mqtt.password", sealed).error().code, seal_broken) << "by another device";
  EXPECT_EQ(sealer->open("mqtt.password", sealed), "a secret of the broker");
}

TEST(Sealer, KeepsItsKeyOverRestartsInAFileOfItsOwner) {
  const Folder folder;
  const std::string sealed = make_sealer(folder.path()).value()->seal("x", "text");
  EXPECT_EQ(make_sealer(folder.path()).value()->open("x", sealed), "text");
  struct stat facts{};
  ASSERT_EQ(stat((folder.path() + "/secret.key").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
}

TEST(Sealer, NeverMakesANewKeyOverOneThatItCannotUse) {
  const Folder folder;
  const std::string key = folder.path() + "/secret.key";
  for (const std::size_t size : {0U, 31U, 33U}) {
    std::ofstream(key, std::ios::trunc) << std::string(size, 'k');
    chmod(key.c_str(), 0600);
    EXPECT_EQ(make_sealer(folder.path()).error().code, key_unusable) << size;
    EXPECT_EQ(std::filesystem::file_size(key), size);
  }
  std::ofstream(key, std::ios::trunc) << std::string(32, 'k');
  chmod(key.c_str(), 0640);
  EXPECT_EQ(make_sealer(folder.path()).error().code, key_unusable) << "others can read it";
}

TEST(Sealer, SealsTheSameTextDifferentlyEachTime) {
  const Folder folder;
  auto sealer = make_sealer(folder.path()).value();
  EXPECT_NE(sealer->seal("x", "text"), sealer->seal("x", "text"));
}

TEST(Cryptography, MakesNoTokenTwice) {
  auto cryptography = make_cryptography().value();
  std::set<std::string> tokens;
  for (int i = 0; i < 10'000; ++i) tokens.insert(make_token(*cryptography));
  EXPECT_EQ(tokens.size(), 10'000U);
}

TEST(Cryptography, DigestIsBlake2b) {
  // @source `printf abc | b2sum -l 256`
  EXPECT_EQ(to_hex(make_cryptography().value()->digest("abc")),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

}  // namespace
}  // namespace meterseal::secrets::host
