#include "secrets/host/sodium.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <array>
#include <optional>
#include <set>
#include <vector>

#include "secrets/errors.hpp"
#include "secrets/token.hpp"
#include "support/loop.hpp"

namespace meterseal::secrets::host {
namespace {

using Answer = PasswordHasher::Answer;

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

// It would be right for "correct horse battery": what it costs is the reason.
TEST_F(Hasher, ComputesNothingThatCostsOtherThanItsOwnHashes) {
  std::array<char, crypto_pwhash_STRBYTES> cheap{};
  ASSERT_EQ(crypto_pwhash_str_alg(cheap.data(), "correct horse battery", 21, 1, crypto_pwhash_MEMLIMIT_MIN,
                                  crypto_pwhash_ALG_ARGON2ID13),
            0);
  EXPECT_EQ(verify(cheap.data(), "correct horse battery"), Answer::wrong);
}

TEST_F(Hasher, StoresArgon2idOfTwelveMebibytes) {
  const std::string stored = hash("correct horse battery");
  EXPECT_TRUE(stored.starts_with(kPasswordHashHead)) << stored;
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

class Sealer : public ::testing::Test {
 protected:
  Result<std::string> seal(const std::string& passphrase, const std::string& plain) {
    return test::outcome_of(loop, [&](auto done) { sealer->seal(passphrase, plain, done); });
  }
  Result<std::string> open(const std::string& passphrase, const std::string& sealed) {
    return test::outcome_of(loop, [&](auto done) { sealer->open(passphrase, sealed, done); });
  }

  boost::asio::io_context loop;
  std::unique_ptr<PassphraseSealer> sealer = make_passphrase_sealer(loop).value();
};

TEST_F(Sealer, RefusesEveryOtherPassphraseAndEveryChangedByte) {
  const std::string sealed = seal("a long passphrase", "a secret of the broker").value();
  EXPECT_EQ(sealed.find("secret of"), std::string::npos);
  for (const char* wrong : {"", "a long passphras", "A long passphrase", "a long passphrase "})
    EXPECT_EQ(open(wrong, sealed).error().code, wrong_passphrase) << wrong;
  const std::size_t head = std::string("meterseal sealed 1\n").size();
  // One byte each of the salt, the nonce, the text and the tag.
  for (const std::size_t at : {head, head + 16, head + 16 + 24, sealed.size() - 1}) {
    std::string changed = sealed;
    changed[at] ^= 1;
    EXPECT_EQ(open("a long passphrase", changed).error().code, wrong_passphrase) << at;
  }
  EXPECT_EQ(open("a long passphrase", sealed.substr(0, sealed.size() - 1)).error().code, wrong_passphrase);
  EXPECT_EQ(open("a long passphrase", sealed), "a secret of the broker");
}

TEST_F(Sealer, SaysThatAFileIsNoneOfItsOwnWithoutTryingThePassphrase) {
  const std::string sealed = seal("a long passphrase", "").value();
  std::string later = sealed;
  later[17] = '2';
  for (const std::string& text : {std::string(), std::string("meterseal sealed 1\n"), std::string(4096, 'x'), later,
                                  sealed.substr(0, sealed.size() - 1)})
    EXPECT_EQ(open("a long passphrase", text).error().code, not_sealed) << text.size();
  EXPECT_EQ(open("a long passphrase", sealed), "");
}

TEST_F(Sealer, SealsTheSameTextDifferentlyEachTime) {
  EXPECT_NE(seal("a long passphrase", "text").value(), seal("a long passphrase", "text").value());
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
